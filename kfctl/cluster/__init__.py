"""The network: Kubernetes clusters."""
