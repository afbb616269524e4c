local params = std.extVar("__ksonnet/params").components.seldon;
local core = import "kubeflow/seldon/core.libsonnet";
core.parts(params.name)
