local params = import "../../components/params.libsonnet";
params + {
  components +: {
    train +: { num_workers: 4 },
  },
}
