"""Makes a recording of an invented city with Eclipse SUMO."""

from citysim.record.recipe import SIZE, Gridlocked, make
from citysim.record.sumo import SumoFailed, SumoMissing

__all__ = ["SIZE", "Gridlocked", "SumoFailed", "SumoMissing", "make"]
