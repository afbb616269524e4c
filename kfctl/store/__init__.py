"""The files: the user's app and the prototypes."""
