"""Make published data anew from landing: `rebuild` mends a dataset, `replay` corrects a stream after a change of what
is declared, `accept` publishes what a gate refused.
"""

from hutong.redo.decide import accept, reject
from hutong.redo.rebuild import Rebuilt, rebuilding
from hutong.redo.replay import Replayed, replaying

__all__ = ["Rebuilt", "Replayed", "accept", "rebuilding", "reject", "replaying"]
