"""Publish: a checked batch into its base datasets, exactly once."""
