local tag = "v2";
{
  global: { imagePullPolicy: "Always", zone: "eu" },
  components: {
    // edited by hand
    serve: {
      modelPath: "gs://models/" + tag,
      numGpus: -1,
      replicas: 2,
      imagePullPolicy: "Never",
      s3Enable: "TRUE",
      labels: { team: "a", 'tier': @"b" },
      color: "red",
    },
    seldon: { name: "seldon" },
    gone: { name: "gone" },
    quota: { cpu: 4 },
  },
}
