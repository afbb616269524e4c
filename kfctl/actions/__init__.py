"""The verbs: each joins store, engine and cluster, returns a value and prints nothing."""
