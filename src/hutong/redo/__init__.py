"""Make published data anew from landing: `rebuild` mends a dataset, `replay` corrects a stream after a change of what
is declared, `accept` publishes a batch that a gate refused, `reject` closes it, `drop` takes refused records out for
good.
"""

from hutong.redo.decide import accept, data_docs, reject
from hutong.redo.drop import Dropping, drop
from hutong.redo.rebuild import Rebuilt, rebuilding
from hutong.redo.replay import Replayed, replaying

__all__ = ["Dropping", "Rebuilt", "Replayed", "accept", "data_docs", "drop", "rebuilding", "reject", "replaying"]
