"""A folder into which somebody else drops files: what lies there, what was taken, what is put away."""
