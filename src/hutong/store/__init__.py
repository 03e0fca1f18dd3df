"""Where files lie, and how Delta tables are read and committed."""
