// @apiVersion 0.1
// @name io.ksonnet.pkg.tf-serving
// @description A server
// @shortDescription A server
// @param name string The name

local k = import "k.libsonnet";
local tfServing = import "kubeflow/tf-serving/tf-serving.libsonnet";

local name = import "param://name";
std.prune(k.core.v1.list.new((tfServing { params+: env + params { name: name } }).components))
