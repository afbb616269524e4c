"""kfctl deploys machine-learning components to Kubernetes from typed parameters."""

__version__ = "0.1.0"
