"""How the lake stands, in figures for Prometheus: what came, what became of it, how fresh it is, and who waits.

Everything is read from the lake itself, so the figures are the same whoever asks, and nothing counts beside the ledger.
"""

from hutong.metrics.collector import DESCRIBED, LakeCollector, exposition

__all__ = ["DESCRIBED", "LakeCollector", "exposition"]
