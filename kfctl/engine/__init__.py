"""The pure core: values in, values out; no files, no network, no clock."""
