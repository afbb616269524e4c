"""The nouns: apps, parameters, prototypes, resources, plans, statuses."""
