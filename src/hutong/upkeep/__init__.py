"""Upkeep of a lake: what is promised decides what goes.

Where promises meet, retention comes before releases, and releases before time travel. Nothing runs ahead of the
ledger: pages of batches that it does not close stay, and so do the commits that carry their counts.
"""

from hutong.upkeep.maintain import maintain
from hutong.upkeep.report import Figures, Upkeep, figures

__all__ = ["Figures", "Upkeep", "figures", "maintain"]
