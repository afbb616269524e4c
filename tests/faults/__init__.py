"""Faults on the way between kfctl and a real API server."""
