local params = std.extVar("__ksonnet/params");
local globals = import "globals.libsonnet";
local envParams = params + {
  components +: {
    serve +: { replicas: 9, version: "v3", s3Enable: "null" },
    nowhere +: { a: 1 },
  },
};
{ components: { [x]: envParams.components[x] + globals for x in std.objectFields(envParams.components) } }
