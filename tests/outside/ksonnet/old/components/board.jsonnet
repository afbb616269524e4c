// @apiVersion 0.1
// @name io.ksonnet.pkg.tensorboard
local params = std.extVar("__ksonnet/params").components.board;
params
