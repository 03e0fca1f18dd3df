"""The command `hutong`: one file per command, each a thin sentence over a library call.

Results go to standard output, talk to standard error. Exit 0 is fine, 1 means something was found or failed, 2 asked
wrongly.
"""

from hutong.cli.main import main

__all__ = ["main"]
