"""City versions: one version of every table, chosen to agree with one another, kept under a name."""

from hutong.release.pinned import pins

__all__ = ["pins"]
