"""A real node beside the control plane, for root on Debian: pods run."""
