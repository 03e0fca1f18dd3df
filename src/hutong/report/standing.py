"""What stands in the street, of all that the city model lists: it also has what is planned, and what is gone."""

from __future__ import annotations


def standing(lifecycle: str) -> str:
    """The SQL condition that a row is of something that stands there; `lifecycle` is the column's name.

    What the platform says nothing of, or says in a word that nobody knows, counts as standing.

    >>> standing("lifecycle")
    "coalesce(lifecycle, 'existing') NOT IN ('under_construction', 'planned', 'abandoned')"
    """
    return f"coalesce({lifecycle}, 'existing') NOT IN ('under_construction', 'planned', 'abandoned')"
