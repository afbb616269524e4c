"""Everything that proves kfctl."""
