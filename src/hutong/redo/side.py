"""A side lake: landed batches published again by the ordinary pipeline, apart from the tables that people read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from hutong.decisions import Batch, Decision, accepted_of, decisions, name_of, refused
from hutong.errors import HutongError, StoreError
from hutong.model.batch import Published, Sequence
from hutong.pipeline import publish_landed
from hutong.publish.stage import last_published
from hutong.redo.accounts import entries
from hutong.redo.kept import Dropped, Kept, dropped_records
from hutong.redo.part import Part, Rows
from hutong.registry import Registry, Source
from hutong.schema.arrow import arrow_schema
from hutong.secrets import Secrets
from hutong.store.contracted import table_of
from hutong.store.landing import held, runs
from hutong.store.paths import Store
from hutong.store.scratch import Scratch
from hutong.store.tables import Change, commit, existing

log = logging.getLogger(__name__)

Reached = Mapping[Sequence, int]
"""How far each sequence has come, as the number of its newest batch."""

Tell = Callable[[str, int, int], None]
"""Is told what was done, how many batches are done, and how many there are."""


class Overtaken(Exception):
    """The published tables went on meanwhile: let the side lake follow, and look again."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream in one of its cities."""

    source: Source
    city: str

    @property
    def live(self) -> Sequence:
        """Its live sequence, whose name stands for all of them where it has shards."""
        return Sequence(self.source.connector.platform, self.source.name, self.city)


@dataclass(frozen=True, slots=True)
class Carried:
    """Rows taken over as they are, since landing no longer holds their batches."""

    rows: int
    batches: int


class Side:
    """The batches of `streams`, published again into `scratch` as far as `reached`."""

    def __init__(
        self,
        streams: SequenceOf[Stream],
        parts: SequenceOf[Part],
        registry: Registry,
        store: Store,
        scratch: Scratch,
        secrets: Secrets,
        tell: Tell,
    ) -> None:
        self.streams, self.parts = streams, parts
        self.reached: dict[Sequence, int] = {}
        self.carried: dict[str, Carried] = {}
        self._registry, self._store, self._scratch = registry, store, scratch
        self._secrets, self._tell = secrets, tell
        self._held: dict[Sequence, list[int]] = {}
        self._decided: Mapping[Batch, Decision] = {}
        self._refused: set[Batch] = set()
        self.dropped: dict[Sequence, Dropped] = {}

    @property
    def store(self) -> Store:
        """The side lake itself."""
        return self._scratch.store

    def closed(self) -> dict[Sequence, int]:
        """Every sequence that has landed something, and how far the ledger closes it."""
        return {
            run: last_published(run, self._store) for stream in self.streams for run in runs(self._store, stream.live)
        }

    def anew(self, sequence: Sequence) -> list[int]:
        """The batches of `sequence` that the side lake holds."""
        return [batch for batch in self._held.get(sequence, ()) if batch <= self.reached.get(sequence, 0)]

    def is_anew(self, sequence: Sequence, batch: int) -> bool:
        """Whether the side lake holds `batch`, made anew from landing."""
        return batch in self._held.get(sequence, ()) and batch <= self.reached.get(sequence, 0)

    def must_be_as_decided(self, table: DeltaTable | None) -> None:
        """Raise HutongError when `table` holds a batch that was accepted after the side lake had refused it."""
        for sequence, batch in self._refused:
            accepted = accepted_of(Sequence.parse(sequence), batch)
            if table is not None and table.transaction_version(accepted.id):
                raise HutongError(f"{name_of(sequence, batch)} was accepted meanwhile", "run the command again")

    def advance(self, to: Reached) -> None:
        """Publish what lies between here and `to`. Raises StoreError when landing loses a batch meanwhile."""
        if not self.carried:
            self._begin()
        missing = {}
        for run, newest in to.items():
            known = self._held.setdefault(run, [])
            known += [batch for batch in held(self._store, run) if batch > max(known, default=0)]
            missing[run] = [batch for batch in known if self.reached.get(run, 0) < batch <= newest]
        self._publish({run: batches for run, batches in missing.items() if batches})
        self.reached = dict(to)

    def _begin(self) -> None:
        """Carry over what cannot be made anew. Raises HutongError while a batch is being accepted."""
        self._decided = decisions(self._registry, self._store)
        for stream in self.streams:
            for one in refused(stream.live.platform, self._registry, self._store):
                if one.sequence.is_of(stream.live) and one.decision is not None and one.decision.verdict == "accept":
                    raise HutongError(
                        f"{one.name} was accepted and is not published yet",
                        f"end that first: `hutong gates accept {one.name} --reason ...`",
                    )
        # Tables first and landing second: so no row is seen whose batch is not seen in landing, unless it is gone.
        tables = [existing(self._store.base(part.dataset.table)) for part in self.parts]
        self._held = {run: held(self._store, run) for stream in self.streams for run in runs(self._store, stream.live)}
        for part, table in zip(self.parts, tables, strict=True):
            self.carried[part.dataset.id] = self._carry(part, table)

    def _publish(self, missing: Mapping[Sequence, list[int]]) -> None:
        sources = {stream.live: stream.source for stream in self.streams}
        walks: dict[Sequence, Iterator[Published]] = {}
        for run, batches in missing.items():
            source = sources[Sequence(run.platform, run.stream, run.city)]
            verdicts = {batch: one.verdict for (name, batch), one in self._decided.items() if name == run.id}
            walks[run] = publish_landed(
                source,
                run,
                batches,
                self._registry,
                self._store,
                self.store,
                self._secrets,
                verdicts,
                self._dropped(run),
            )
        order = self._as_published(missing)
        for done, run in enumerate(order, start=1):
            published = next(walks[run])
            if published.fates.get("refused"):
                self._refused.add((run.id, published.batch))
            self._scratch.is_needed()
            self._tell(f"{run.id} batch {published.batch}", done, len(order))

    def _dropped(self, run: Sequence) -> dict[int, frozenset[int]]:
        """Batch of `run` -> the records in it that a person dropped, as they were when it was asked first."""
        stream = Sequence(run.platform, run.stream, run.city)
        if stream not in self.dropped:
            self.dropped[stream] = dropped_records(Kept(stream, self._registry, self._store))
        return self.dropped[stream].get(run.id, {})

    def _as_published(self, missing: Mapping[Sequence, list[int]]) -> list[Sequence]:
        """The sequences of all batches in `missing`, in the order in which the batches were published.

        Any order ends in the same rows; this one makes the same batch the owner of what two sequences delivered.
        """
        moments: list[tuple[float, Sequence]] = []
        for stream in self.streams:
            ledger = entries(self._store.ledger(stream.live.platform), stream.live)
            for run in (run for run in missing if run.is_of(stream.live)):
                moments += [(moment, run) for moment in _moments(ledger, run, missing[run])]
        return [run for _, run in sorted(moments, key=lambda one: one[0])]

    def _carry(self, part: Part, table: DeltaTable | None) -> Carried:
        """Put into the side table the rows of `table` whose batches cannot be made anew."""
        schema = arrow_schema(part.dataset)
        published = Rows(table, self._store.base(part.dataset.table), part, lenient=part.stream is None)
        batches: set[tuple[str, int]] = set()
        rows = 0

        def kept() -> Iterator[pa.RecordBatch]:
            nonlocal rows
            for partition in sorted(published.files):
                frame = published.of(partition).filter(~self._comes_anew())
                self._scratch.is_needed()
                rows += frame.height
                batches.update(frame.select(_ROWS_OF, "batch").unique().iter_rows())
                yield from frame.to_arrow().cast(schema).to_batches()

        change = Change(pa.RecordBatchReader.from_batches(schema, kept()), {})
        side_table = table_of(part.dataset, self.store.base(part.dataset.table))
        commit(side_table, "carried", 1, lambda _: change)
        return Carried(rows, len(batches))

    def _comes_anew(self) -> pl.Expr:
        """Rows of batches that landing holds, or that landed after it was looked at."""
        anew = pl.lit(False)
        for run, batches in self._held.items():
            later = pl.col("batch") > max(batches, default=0)
            anew = anew | (_ROWS_OF.eq(_rows_of(run)) & (pl.col("batch").is_in(batches) | later))
        return anew

    def rows(self, part: Part) -> Rows:
        """The rows of `part` in the side lake."""
        place = self.store.base(part.dataset.table)
        table = existing(place)
        if table is None or any(
            (table.transaction_version(run.id) or 0) < batch for run in self.reached for batch in self.anew(run)[-1:]
        ):
            raise StoreError(f"the scratch lake {self.store.root} was removed meanwhile", "run the command again")
        return Rows(table, place, part, alive=self._scratch.is_needed)


_ROWS_OF = pl.concat_str("source_platform", "source_stream", "city", "run", separator="/", ignore_nulls=True).alias(
    "rows_of"
)


def _rows_of(run: Sequence) -> str:
    """What `_ROWS_OF` says of the rows of `run`."""
    return "/".join(part for part in (run.source_platform, run.stream, run.city, run.run) if part)


def _moments(ledger: pl.DataFrame, run: Sequence, batches: Iterable[int]) -> Iterator[float]:
    """When each of `batches` was published, never before the one in front of it; what is not published yet comes
    last.
    """
    own = ledger.filter(pl.col("sequence") == run.id) if ledger.height else ledger
    known = dict(own.group_by("batch").agg(pl.col("published_at").min()).iter_rows()) if own.height else {}
    newest = 0.0
    for batch in batches:
        moment = known[batch].timestamp() if batch in known else float("inf")
        newest = max(newest, moment)
        yield newest
