"""A page about one run, or about several beside each other."""
