"""How fresh the datasets are, by what their contracts promise and what the ledgers say came.

A contract's `latency` says how long after it was due the newest of a dataset may be on its way. Due is what the next
pull brings: the first time of the connector's cadence behind the newest batch, quiet hours left out. A stream that
reads all there is shows itself at every pull; one that reads what is new leaves no trace of a pull that found nothing,
so it is not due before the contract's `frequency` is over, which says how often there is something new.

Nothing is kept of it: what was late at an earlier moment is asked of the lake like what is late now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import polars as pl
from croniter import croniter

from hutong.budget.hours import quiet_until
from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.pauses import Order, orders
from hutong.registry import Registry, Source
from hutong.store.failures import told
from hutong.store.paths import Store
from hutong.store.tables import existing

State = Literal["fresh", "late", "paused", "quiet", "never", "unpromised"]
"""late: beyond what the contract promises. paused, quiet: it would be late, but the platform is to be left alone.
never: nothing came yet. unpromised: the contract states no latency.
"""

ZONE = ZoneInfo("Asia/Shanghai")
RECENT = timedelta(days=3)
"""Only of what has brought nothing for so long is the whole ledger asked."""
_BROUGHT_NOTHING = ("quarantined", "refused", "dropped")
_ACCEPTED = r"/accept/\d+$"


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh a dataset is, as one stream of a platform fills it in one city.

    newest: when the newest batch was received that brought it something. late_from: from when on it is late unless
    more comes. Both UTC, None where `state` is `never`; late_from also where it is `unpromised`.
    """

    platform: str
    stream: str
    city: str
    dataset: str
    state: State
    newest: datetime | None
    late_from: datetime | None
    latency: timedelta | None

    @property
    def is_late(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state == "late"

    def to_dict(self) -> dict[str, Any]:
        """Plain data: times as ISO 8601 in UTC, the latency in seconds."""
        return {
            **asdict(self),
            "newest": self.newest and self.newest.isoformat(),
            "late_from": self.late_from and self.late_from.isoformat(),
            "latency": self.latency and self.latency.total_seconds(),
        }


def freshness(registry: Registry, store: Store, at: datetime) -> list[Freshness]:
    """How fresh every dataset was at `at` (aware), per stream and city, in the registry's order.

    A city is as fresh as the least fresh of a stream's sequences there. Raises StoreError.
    """
    ordered = orders(registry, store)
    found: list[Freshness] = []
    for platform in registry.connectors:
        sources = registry.sources_of(platform)
        newest = _received(platform, [one for source in sources for one in source.sequences], store, at)
        for source in sources:
            found += _of_source(source, newest, ordered.get(platform), at)
    return found


def _of_source(
    source: Source, newest: Mapping[Sequence, datetime], order: Order | None, at: datetime
) -> Iterator[Freshness]:
    connector = source.connector
    for city in connector.cities:
        came = [newest[one] for one in source.sequences if one.city == city and one in newest]
        for dataset in source.datasets.values():
            if dataset.has_ended(at):
                continue
            last = min(came, default=None)
            late_from = None if last is None else _late_from(source, dataset, last, order, at)
            state = _state(source, last, late_from, order, at)
            yield Freshness(connector.platform, source.name, city, dataset.id, state, last, late_from, dataset.latency)


def _late_from(
    source: Source, dataset: Dataset, newest: datetime, order: Order | None, at: datetime
) -> datetime | None:
    """From when on `dataset` is late if nothing comes after `newest`; None if nothing is promised."""
    if dataset.latency is None:
        return None
    since = newest
    if order is not None and not order.is_pause and order.at <= at:
        since = max(newest, order.at)
    due = _next_pull(source, since)
    if due is None or not source.reads_all:
        due = max(due or since, since + (dataset.frequency or timedelta()))
    return due + dataset.latency


def _next_pull(source: Source, since: datetime) -> datetime | None:
    """The first pull behind `since` by the connector's cadence; None if nobody said when."""
    cron, quiet = source.cron, source.connector.budget.quiet_hours
    if cron is None:
        return None
    tick: datetime = croniter(cron, since.astimezone(ZONE)).get_next(datetime)
    if (end := quiet_until(quiet, tick)) is not None:
        # One that falls on the end itself is let through.
        tick = croniter(cron, end - timedelta(seconds=1)).get_next(datetime)
    return tick.astimezone(UTC)


def _state(
    source: Source, newest: datetime | None, late_from: datetime | None, order: Order | None, at: datetime
) -> State:
    if newest is None:
        return "never"
    if late_from is None:
        return "unpromised"
    if at < late_from:
        return "fresh"
    # Of the orders only the newest is known: a resume says that it was paused until then.
    if order is not None and order.is_pause == (order.at <= at):
        return "paused"
    return "late" if quiet_until(source.connector.budget.quiet_hours, at) is None else "quiet"


def _received(platform: str, sequences: Iterable[Sequence], store: Store, at: datetime) -> dict[Sequence, datetime]:
    """When the newest batch of each of `sequences` was received that brought something and was published by `at`.

    What a person accepted later counts with the batch that was refused. None of those that brought nothing yet.
    """
    place = store.ledger(platform)
    table = existing(place)
    if table is None:
        return {}
    brought = pl.scan_delta(table).filter(
        pl.col("kind") == "record", ~pl.col("outcome").is_in(_BROUGHT_NOTHING), pl.col("published_at") <= at
    )
    found: dict[Sequence, datetime] = {}
    for stretch in (pl.col("landed_at") > at - RECENT, pl.col("landed_at") <= at - RECENT):
        missing = [one.id for one in sequences if one not in found]
        if not missing:
            break
        of = pl.col("sequence").str.replace(_ACCEPTED, "")
        asked = brought.filter(stretch, of.is_in(missing)).group_by(of).agg(pl.col("landed_at").max())
        with told(place):
            found |= {Sequence.parse(name): landed_at for name, landed_at in asked.collect().iter_rows()}
    return found
