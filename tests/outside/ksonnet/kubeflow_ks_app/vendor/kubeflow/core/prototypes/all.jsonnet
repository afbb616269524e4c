// @apiVersion 0.1
// @name io.ksonnet.pkg.kubeflow-core
// @description The core
// @shortDescription The core
// @param name string The name
// @optionalParam namespace string null The namespace

local k = import "k.libsonnet";
local all = import "kubeflow/core/all.libsonnet";

std.prune(k.core.v1.list.new(all.parts(params).all))
