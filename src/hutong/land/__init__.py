"""Land: what a platform answered, untouched, in the lake."""
