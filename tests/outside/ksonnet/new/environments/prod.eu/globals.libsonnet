{ replicas: "5" }
