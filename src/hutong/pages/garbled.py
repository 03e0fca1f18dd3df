"""What is raised where bytes are not what their stream declares."""

from __future__ import annotations


class Garbled(ValueError):
    """The body cannot be read as what its stream declares. The text says why, without quoting the body."""
