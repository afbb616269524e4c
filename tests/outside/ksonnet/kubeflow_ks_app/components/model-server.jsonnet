local env = std.extVar("__ksonnet/environments");
local params = std.extVar("__ksonnet/params").components["model-server"];
local k = import "k.libsonnet";
local tfServing = import "kubeflow/tf-serving/tf-serving.libsonnet";

local name = params.name;
// the whole of it
std.prune(k.core.v1.list.new((tfServing { params+: env + params { name: name } }).components))
