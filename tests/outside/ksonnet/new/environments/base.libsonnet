local components = std.extVar("__ksonnet/components");
components + { serve +: { items: [] } }
