local params = std.extVar("__ksonnet/params").components.train;
local tfJob = import 'kubeflow/tf-job/tf-job.libsonnet';
tfJob.parts(params)
