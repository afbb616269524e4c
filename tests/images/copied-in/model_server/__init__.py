"""A stand-in for TensorFlow ModelServer, whose program is in no registry: its API over TensorFlow."""
