"""Makes a recording of an invented city with Eclipse SUMO."""

from citysim.record.recipe import SIZE, make, size_of
from citysim.record.sumo import SumoFailed, SumoMissing

__all__ = ["SIZE", "SumoFailed", "SumoMissing", "make", "size_of"]
