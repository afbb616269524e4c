local env = std.extVar("__ksonnet/environments");
local params = std.extVar("__ksonnet/params").components.serve;
local tfServing = import "kubeflow/tf-serving/tf-serving.libsonnet";
tfServing { params+: env + params, replicas:: 3 }
