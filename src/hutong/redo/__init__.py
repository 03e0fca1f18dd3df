"""Make published data anew from landing: `rebuild` mends a dataset, `replay` corrects a stream after a change of what
is declared.
"""

from hutong.redo.rebuild import Rebuilt, rebuilding
from hutong.redo.replay import Replayed, replaying

__all__ = ["Rebuilt", "Replayed", "rebuilding", "replaying"]
