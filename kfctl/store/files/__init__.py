"""The only modules that open, list or change files."""
