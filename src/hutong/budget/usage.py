"""How much of a platform's budget is used at this moment, for whoever looks at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hutong.budget.hours import quiet_until
from hutong.budget.rate import shared_rate
from hutong.budget.slots import Slots
from hutong.budget.standing import Standing
from hutong.budget.turns import shares
from hutong.model.connector import Connector
from hutong.settings import Settings


@dataclass(frozen=True, slots=True)
class Used:
    """What is used at one moment.

    requests: of the last minute, None where they are not counted. under_way: requests. failures: busy answers in a row.
    open_until: end of the circuit breaker's pause. held_until: until when the platform asks to be left alone.
    quiet_until: end of the quiet hours that last now.
    """

    requests: int | None
    under_way: int
    failures: int
    open_until: datetime | None
    held_until: datetime | None
    quiet_until: datetime | None


def used(connector: Connector, settings: Settings, desk: str | None = None) -> Used:
    """What all processes of this machine use of the budget of `connector`, at its `desk` (the platform's by default).

    Raises StoreError.

    Where each process has a share of its own (HUTONG_BUDGET_SLOTS) nothing is known of them.
    """
    budget, now = connector.budget, datetime.now(UTC)
    quiet = quiet_until(budget.quiet_hours, now)
    desk = desk or connector.platform
    file = settings.budget / f"{desk}.sqlite"
    if shares(settings) is not None or not file.exists():
        return Used(None, 0, 0, None, None, quiet)
    requests = None
    if budget.requests_per_minute is not None:
        rate = shared_rate(file, budget.requests_per_minute)
        requests = rate.count()
        rate.close()
    standing = Standing(file, budget.circuit_breaker)
    seen = standing.look()
    open_s, held_s = standing.open_for_s(seen), standing.held_for_s(seen)
    standing.close()
    return Used(
        requests=requests,
        under_way=Slots(settings.budget, desk, budget.concurrency).in_use(),
        failures=seen.failures,
        open_until=now + timedelta(seconds=open_s) if open_s > 0 else None,
        held_until=now + timedelta(seconds=held_s) if held_s > 0 else None,
        quiet_until=quiet,
    )
