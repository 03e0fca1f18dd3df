"""Drop: a person decides, with a reason, that refused records are not to be published.

The quarantine is told first and the ledger last, as in a replay, whose numbers a drop shares: `<origin>/replay/<n>`.
Whoever dies in between leaves a ledger that still counts them as quarantined; the next drop finds what the quarantine
says and the ledger does not, and closes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pyarrow.compute as pc
from deltalake import DeltaTable

from hutong.errors import AskedWrongly, StoreError
from hutong.model.batch import Sequence
from hutong.operations import write_down
from hutong.publish.stage import last_published
from hutong.redo.accounts import entries, next_replay, replay_of
from hutong.redo.bring import followed
from hutong.redo.kept import DROPPED, OPEN, RECORD, Batch, Kept
from hutong.redo.side import Overtaken
from hutong.registry import Registry
from hutong.schema.arrow import arrow_schema, to_table
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import Change, commit, number

DROP = "drop"
Place = tuple[str, int, int]
"""Id of a sequence, batch, record."""


@dataclass(frozen=True, slots=True)
class Dropping:
    """What was dropped: the records, and the sequence under which the ledger accounts for it; None if none was open."""

    records: int
    sequence: Sequence | None


def drop(stream: Sequence, chosen: Set[Place], reason: str, registry: Registry, store: Store) -> Dropping:
    """Drop those of `chosen` that are open. stream: the live sequence of a stream in a city, to which all belong.

    reason: in the actor's words. Raises AskedWrongly for a reason that says nothing, StoreError when a replay of the
    stream was begun and not ended, CommitContested when others kept coming first.
    """
    if not reason.strip():
        raise AskedWrongly("to drop records needs a reason", 'add --reason "..."')
    kept = Kept(stream, registry, store)
    ledger = _Ledger(stream, kept, registry, store)
    waiting = _open(kept, kept.table(), chosen, ledger.closed())
    if not waiting:
        if ledger.behind():
            followed(stream.id, ledger.close)
        return Dropping(0, None)
    name = replay_of(stream, next_replay(store.ledger(stream.platform), stream))
    write_down(DROP, name.id, f"{len(waiting)} records: {reason}", registry, store, stream.city)

    def mark() -> None:
        own, place = replay_of(stream, next_replay(store.ledger(stream.platform), stream)), kept.place
        if not _open(kept, kept.table(), chosen, ledger.closed()):
            return

        def build(snapshot: DeltaTable) -> Change:
            still = _open(kept, snapshot, chosen, ledger.closed())
            if not still:
                raise Overtaken
            batches = sorted({(sequence, batch) for sequence, batch, _ in still})
            rows = _marked(kept, snapshot, still, batches, own.id)
            table = rows.to_arrow().cast(arrow_schema(kept.dataset))
            return Change(table, {"records": len(still)}, kept.predicate(batches))

        if not commit(table_of(kept.dataset, place), own.id, number(place, own.id) + 1, build).is_ours:
            raise Overtaken

    followed(stream.id, mark)
    return Dropping(len(waiting), followed(stream.id, ledger.close) or name)


def _open(kept: Kept, table: DeltaTable | None, chosen: Set[Place], closed: dict[str, int]) -> set[Place]:
    """Those of `chosen` that wait, in batches that the ledger closes: what is not ended yet may not be decided."""
    frame = kept.rows(table, [*RECORD, "status"]).filter(pl.col("status") == OPEN).select(RECORD).unique()
    return {place for place in frame.iter_rows() if place in chosen and place[1] <= closed.get(place[0], 0)}


def _marked(kept: Kept, table: DeltaTable, places: Set[Place], batches: list[Batch], app: str) -> pl.DataFrame:
    """All findings of `batches`, those of `places` as dropped."""
    names = arrow_schema(kept.dataset).names
    of_batches = pl.DataFrame(batches, schema={"sequence": pl.String, "batch": pl.Int64}, orient="row")
    numbers = pc.field("batch").isin(sorted({batch for _, batch in batches}))
    rows = kept.rows(table, names, numbers).join(of_batches, on=["sequence", "batch"], how="semi")
    gone = pl.DataFrame(
        sorted(places), schema={"sequence": pl.String, "batch": pl.Int64, "record": pl.Int32}, orient="row"
    ).with_columns(is_gone=True)
    is_gone = pl.col("is_gone").fill_null(False) & (pl.col("status") == OPEN)
    now = pl.lit(datetime.now(UTC), pl.Datetime("us", "UTC"))
    return (
        rows.join(gone, on=RECORD, how="left")
        .with_columns(
            pl.when(is_gone).then(pl.lit(app)).otherwise("settled_by").alias("settled_by"),
            pl.when(is_gone).then(now).otherwise("settled_at").alias("settled_at"),
            pl.when(is_gone).then(pl.lit(DROPPED)).otherwise("status").alias("status"),
        )
        .select(names)
    )


class _Ledger:
    """The ledger of a stream in a city, held against its quarantine."""

    def __init__(self, stream: Sequence, kept: Kept, registry: Registry, store: Store) -> None:
        self._stream, self._kept, self._store = stream, kept, store
        self._dataset, self._place = registry.dataset("ledger"), store.ledger(stream.platform)

    def closed(self) -> dict[str, int]:
        """Sequence -> the newest batch that the ledger closes."""
        found = entries(self._place, self._stream)
        origins = found["origin"].unique().to_list() if found.height else []
        return {origin: last_published(Sequence.parse(origin), self._store) for origin in origins}

    def behind(self) -> bool:
        """Whether the quarantine says of records that they are dropped and the ledger does not."""
        return bool(self._moves())

    def close(self) -> Sequence | None:
        """Account for what the quarantine says is dropped; the sequence that does, None if there was nothing."""
        if not self.behind():
            return None
        replay = next_replay(self._place, self._stream)
        name = replay_of(self._stream, replay)

        def build(snapshot: DeltaTable) -> Change:
            moves = self._moves()
            if not moves or snapshot.transaction_version(name.id):
                raise Overtaken
            rows = list(self._rows(moves, replay))
            return Change(to_table(rows, self._dataset), {"rows": len(rows)})

        # The quarantine may hold several commits under this name, of those who died; the ledger closes them all.
        commits = max(number(self._kept.place, name.id), 1)
        if not commit(table_of(self._dataset, self._place), name.id, commits, build).is_ours:
            raise Overtaken
        return name

    def _moves(self) -> dict[Batch, dict[str | None, int]]:
        """Batch -> rule (None: dropped) -> by how many the ledger's count has to change."""
        closed = self.closed()
        frame = self._kept.rows(self._kept.table(), ["sequence", "batch", "rule", "status", "is_first"])
        first = frame.filter(pl.col("is_first") & pl.col("status").is_in([OPEN, DROPPED]))
        there: dict[Batch, dict[str | None, int]] = {}
        for sequence, batch, status, rule in first.select("sequence", "batch", "status", "rule").iter_rows():
            if batch <= closed.get(sequence, 0):
                counts, key = there.setdefault((sequence, batch), {}), None if status == DROPPED else rule
                counts[key] = counts.get(key, 0) + 1
        known: dict[Batch, dict[str | None, int]] = {}
        ledger = entries(self._place, self._stream)
        counted = ledger.filter((pl.col("kind") == "record") & pl.col("outcome").is_in(["quarantined", "dropped"]))
        for origin, batch, outcome, rule, count in counted.select(
            "origin", "batch", "outcome", "rule", "count"
        ).iter_rows():
            counts, key = known.setdefault((origin, batch), {}), None if outcome == DROPPED else rule
            counts[key] = counts.get(key, 0) + count
        found: dict[Batch, dict[str | None, int]] = {}
        for place in sorted({*there, *known}):
            now, then = there.get(place, {}), known.get(place, {})
            moved = {key: now.get(key, 0) - then.get(key, 0) for key in {*now, *then}}
            moved = {key: count for key, count in moved.items() if count}
            if sum(moved.values()):
                raise StoreError(
                    f"{place[0]} batch {place[1]}: a replay was begun and not ended",
                    f"end it with `hutong replay {self._stream.platform} {self._stream.stream}`, then drop",
                )
            if moved:
                found[place] = moved
        return found

    def _rows(self, moves: dict[Batch, dict[str | None, int]], replay: int) -> Iterator[dict[str, Any]]:
        """Rows of the ledger for `moves`; a drop makes nothing anew, so a batch keeps the versions it was made with."""
        ledger = entries(self._place, self._stream).filter(pl.col("kind") == "record").sort("replay")
        now = datetime.now(UTC)
        for (origin, batch), moved in moves.items():
            of_batch = ledger.filter((pl.col("origin") == origin) & (pl.col("batch") == batch))
            like = of_batch.select(self._dataset.names).row(-1, named=True)
            for rule, count in sorted(moved.items(), key=str):
                yield {
                    **like,
                    "sequence": replay_of(Sequence.parse(origin), replay).id,
                    "outcome": DROPPED if rule is None else "quarantined",
                    "rule": rule,
                    "count": count,
                    "published_at": now,
                }
