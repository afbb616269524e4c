"""Proofs of what the engine promises: runs killed at every request, faults on the way, foreign objects."""
