"""Landing tables: one row per page, with the batch number and the cursor as columns, so that pages and cursor are one
commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from operator import itemgetter
from typing import Any

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from hutong.errors import SecretMissing, StoreError
from hutong.model.batch import Completeness, Doubt, Page, Resume, Sequence
from hutong.store.crypt import StoreKey, seal, unseal
from hutong.store.failures import told
from hutong.store.paths import Store
from hutong.store.tables import Change, Committed, Table, commit, existing

SCHEMA = pa.schema(
    [
        pa.field("city", pa.string(), nullable=False),
        pa.field("sequence", pa.string(), nullable=False),
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("page", pa.int32(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("status", pa.int32(), nullable=False),
        pa.field("content_type", pa.string(), nullable=False),
        pa.field("fetched_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("elapsed_s", pa.float64(), nullable=False),
        pa.field("attempts", pa.int32(), nullable=False),
        pa.field("records", pa.int32(), nullable=False),
        pa.field("cursor", pa.string()),
        pa.field("position", pa.string()),
        pa.field("completeness", pa.string(), nullable=False),
        pa.field("sha256_received", pa.string(), nullable=False),
        pa.field("sha256_stored", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("body", pa.binary(), nullable=False),
        pa.field("data_key", pa.binary()),
        pa.field("store_key", pa.string()),
        # Tables of hutong 0.2 and before lack these three.
        pa.field("doubt", pa.string()),
        pa.field("cursor_at", pa.timestamp("us", tz="UTC")),
        pa.field("mark", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Kept:
    """A page to be kept: as it came, and the bytes that may be stored."""

    page: Page
    body: bytes


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A page as it lies in the lake, decrypted. `sha256_stored` is the digest that `body` must have.

    url: without secrets. sha256_received: of the bytes as they came, before anything was cut out.
    """

    number: int
    body: bytes
    content_type: str
    fetched_at: datetime
    elapsed_s: float
    attempts: int
    records: int
    completeness: Completeness
    sha256_stored: str
    doubt: Doubt | None = None
    mark: str | None = None
    url: str = ""
    sha256_received: str = ""

    @property
    def is_intact(self) -> bool:
        """Whether the bytes are those that were stored."""
        return hashlib.sha256(self.body).hexdigest() == self.sha256_stored


def landing_table(store: Store, sequence: Sequence) -> Table:
    """The landing table of a sequence's stream."""
    return Table(
        store.landing(sequence.platform, sequence.stream),
        SCHEMA,
        ("city",),
        f"Pages of {sequence.source} as received",
        {
            "hutong.landing": sequence.source,
            # What batches are found by. Further columns, cursors and addresses among them, would only swell the log.
            "delta.dataSkippingStatsColumns": "sequence,batch,page,fetched_at",
            # Pages whose time is over would be written once more into a change feed.
            "delta.enableChangeDataFeed": "false",
        },
        admit=_admit,
    )


def _admit(snapshot: DeltaTable) -> None:
    """Raise StoreError unless the table has columns of landing only; those that were added since may be missing."""
    if not {column.name for column in snapshot.schema().fields} <= set(SCHEMA.names):
        raise StoreError(
            f"{snapshot.table_uri} has other columns than landing has in this release",
            "open the lake with the release that wrote it",
        )


def append_batch(
    store: Store, sequence: Sequence, batch: int, pages: SequenceOf[Kept], key: StoreKey | None
) -> Committed:
    """Commit `pages` as `batch`. Encrypted when `key` is given."""
    data_key, wrapped = key.new_data_key() if key else (None, None)
    rows: list[dict[str, Any]] = []
    bodies = []
    for number, kept in enumerate(pages):
        page = kept.page
        received = hashlib.sha256(page.body).hexdigest()
        bodies.append(seal(kept.body, data_key, _place(sequence, batch, number)) if data_key else kept.body)
        rows.append(
            {
                "city": sequence.city,
                "sequence": sequence.id,
                "batch": batch,
                "page": number,
                "url": page.url,
                "status": page.status,
                "content_type": page.content_type,
                "fetched_at": page.fetched_at,
                "elapsed_s": page.elapsed_s,
                "attempts": page.attempts,
                "records": page.records,
                "cursor": page.cursor,
                "position": page.resume,
                "completeness": page.completeness,
                "sha256_received": received,
                # Most pages are kept as they came, and need not be read twice.
                "sha256_stored": received if kept.body is page.body else hashlib.sha256(kept.body).hexdigest(),
                "size": len(page.body),
                "data_key": wrapped,
                "store_key": key.id if key else None,
                "doubt": page.doubt,
                "cursor_at": page.cursor_at,
                "mark": page.mark,
            }
        )
    records = sum(kept.page.records for kept in pages)
    at = SCHEMA.get_field_index("body")
    table = pa.Table.from_pylist(rows, schema=SCHEMA.remove(at)).add_column(at, SCHEMA.field(at), _binary(bodies))
    change = Change(table, {"records": records, "pages": len(rows)})
    return commit(landing_table(store, sequence), sequence.id, batch, lambda _: change)


def _binary(bodies: SequenceOf[bytes]) -> pa.Array:
    """`bodies` as one array, copied once: Arrow's own way there takes twice the memory while it grows."""
    offsets = pa.array([0, *accumulate(map(len, bodies))], pa.int32())
    return pa.Array.from_buffers(pa.binary(), len(bodies), [None, offsets.buffers()[1], pa.py_buffer(b"".join(bodies))])


def mark(store: Store, sequence: Sequence) -> tuple[int, Resume]:
    """The newest batch of `sequence` (0 if none) and where its pull stood after it."""
    place = store.landing(sequence.platform, sequence.stream)
    found = existing(place)
    with told(place):
        newest = 0 if found is None else found.transaction_version(sequence.id) or 0
    if found is None or newest == 0:
        return 0, Resume(None, None)
    pages = pl.scan_delta(found).filter(
        pl.col("city") == sequence.city, pl.col("batch") == newest, pl.col("sequence") == sequence.id
    )
    with told(place):
        last = pages.select("page", "cursor", "position").sort("page").last().collect().row(0, named=True)
    return newest, Resume(last["cursor"], last["position"])


def ended_at(store: Store, sequences: SequenceOf[Sequence]) -> dict[str, tuple[int, bool]]:
    """Sequence -> its newest batch, and whether a pull came to its end there; of those of one stream that landed
    anything. All of them in one look.
    """
    place = store.landing(sequences[0].platform, sequences[0].stream)
    found = existing(place)
    if found is None:
        return {}
    pages = pl.scan_delta(found).filter(
        pl.col("city").is_in({one.city for one in sequences}), pl.col("sequence").is_in([one.id for one in sequences])
    )
    with told(place):
        last = pages.group_by("sequence").agg(
            pl.col("batch").max(), pl.col("position").sort_by("batch", "page").last().is_null().alias("is_end")
        )
        return {sequence: (batch, is_end) for sequence, batch, is_end in last.collect().iter_rows()}


def runs(store: Store, sequence: Sequence) -> list[Sequence]:
    """Every sequence that landed pages for the stream and city of `sequence`: the live one, then backfills by name."""
    place = store.landing(sequence.platform, sequence.stream)
    found = existing(place)
    if found is None:
        return []
    with told(place):
        names = pl.scan_delta(found).filter(pl.col("city") == sequence.city).select("sequence").unique().collect()
    return [Sequence.parse(name) for name in sorted(names["sequence"])]


def held(store: Store, sequence: Sequence) -> list[int]:
    """The batches of `sequence` of which landing holds pages, in order; retention takes the oldest away."""
    place = store.landing(sequence.platform, sequence.stream)
    found = existing(place)
    if found is None:
        return []
    pages = pl.scan_delta(found).filter(pl.col("city") == sequence.city, pl.col("sequence") == sequence.id)
    with told(place):
        numbers = pages.select("batch").unique().collect()
    return sorted(numbers["batch"])


def pull_ended_by(store: Store, sequence: Sequence, batch: int) -> int | None:
    """The first batch of the pull that `batch` ends.

    None when it ends none, or when landing no longer holds the pull whole or does not tell where it began.
    """
    place = store.landing(sequence.platform, sequence.stream)
    found = existing(place)
    if found is None:
        return None
    pages = pl.scan_delta(found).filter(
        pl.col("city") == sequence.city, pl.col("sequence") == sequence.id, pl.col("batch") <= batch
    )
    with told(place):
        last = pages.group_by("batch").agg(pl.col("position").sort_by("page").last().is_null()).collect()
    is_end = dict(last.iter_rows())
    if not is_end.get(batch, False):
        return None
    first = batch
    while first > 1:
        if first - 1 not in is_end:
            return None
        if is_end[first - 1]:
            return first
        first -= 1
    return first


def read_batch(store: Store, sequence: Sequence, batch: int, key: StoreKey | None) -> Iterator[LandedPage]:
    """The pages of a batch in their order. Raises SecretMissing when they are encrypted and `key` is None."""
    place = store.landing(sequence.platform, sequence.stream)
    found = existing(place)
    if found is None:
        return
    pages = pl.scan_delta(found).filter(
        pl.col("city") == sequence.city, pl.col("batch") == batch, pl.col("sequence") == sequence.id
    )
    with told(place):
        rows = pages.collect().iter_rows(named=True)
    # Put in order as they are handed out: a sorted frame would be one more copy of every page.
    for row in sorted(rows, key=itemgetter("page")):
        body = row["body"]
        if row["data_key"] is not None:
            if key is None:
                raise SecretMissing(
                    f"{sequence.source} lands encrypted", "set the secret store_key that it was landed under"
                )
            body = unseal(body, key.unwrap(row["data_key"]), _place(sequence, batch, row["page"]))
        yield LandedPage(
            number=row["page"],
            body=body,
            content_type=row["content_type"],
            fetched_at=row["fetched_at"],
            elapsed_s=row["elapsed_s"],
            attempts=row["attempts"],
            records=row["records"],
            completeness=row["completeness"],
            sha256_stored=row["sha256_stored"],
            doubt=row.get("doubt"),
            mark=row.get("mark"),
            url=row["url"],
            sha256_received=row["sha256_received"],
        )


def _place(sequence: Sequence, batch: int, page: int) -> str:
    return f"{sequence.id}#{batch}/{page}"
