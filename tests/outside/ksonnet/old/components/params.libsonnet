{ global: {}, components: { board: { name: 'board', logDir: 'gs://logs', image: "tensorflow/tensorflow:1.8.0" }, train: {
  name: "train", image: "example.com/train:1", args: "python,train.py,--steps=100", num_workers: "2", num_ps: 1, image_gpu: "null" } } }
