"""The owner's budget: what a platform may be asked, over all schedules, backfills and processes of this gateway."""

from hutong.budget.allowance import BOUNDLESS, Allowance
from hutong.budget.turns import owned
from hutong.budget.usage import Used, used

__all__ = ["BOUNDLESS", "Allowance", "Used", "owned", "used"]
