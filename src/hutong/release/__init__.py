"""City versions: one version of every table, chosen to agree with one another, kept under a name."""

from hutong.release.make import planned, release
from hutong.release.moment import NOW, Moment, moment
from hutong.release.pinned import Release, pins, releases

__all__ = ["NOW", "Moment", "Release", "moment", "pins", "planned", "release", "releases"]
