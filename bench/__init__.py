"""How fast kfctl is beside its peers, as ratios in one run."""
