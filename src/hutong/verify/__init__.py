"""Prove the account: recount what landing holds and hold it against the ledger, the commits, the tables and the files.

First equation: the fates of a batch's records add up to what was received. Second: the rows that batches wrote are
the rows that are there.
"""

from hutong.verify.lake import verify
from hutong.verify.report import Report

__all__ = ["Report", "verify"]
