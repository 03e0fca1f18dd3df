"""What the ledger says of each batch, its replays included: outcomes, versions, and when it was published.

A replay writes under a sequence of its own, `<origin>/replay/<n>`, with the batch numbers of its origin and signed
counts, and so does what a person accepted, `<origin>/accept/<batch>`; so the account of a batch is the sum over its
origin and all of these.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl
import pyarrow.compute as pc

from hutong.model.batch import Sequence, Versions
from hutong.store.failures import told
from hutong.store.paths import Place
from hutong.store.tables import dataset_of, existing

REPLAY = "replay"
OUTCOME = ["kind", "dataset", "outcome", "rule"]
BATCH = ["origin", "batch"]


def replay_of(origin: Sequence, number: int) -> Sequence:
    """The sequence of the replay `number` of `origin`.

    >>> replay_of(Sequence("cim", "junction", "500000", "backfill/may"), 2).id
    'cim/junction/500000/backfill/may/replay/2'
    """
    run = "/".join(part for part in (origin.run, f"{REPLAY}/{number}") if part)
    return Sequence(origin.platform, origin.stream, origin.city, run)


def next_replay(ledger: Place, stream: Sequence) -> int:
    """The number of the next replay, or drop, of a stream in a city."""
    found = entries(ledger, stream)
    return int(found.select(pl.col("replay").max()).item()) + 1 if found.height else 1


def entries(place: Place, stream: Sequence) -> pl.DataFrame:
    """The ledger's rows of a stream in a city (`stream` is its live sequence), each with its `origin` sequence and the
    number of its `replay` (0 for the origin itself).
    """
    found = existing(place)
    if found is None:
        return pl.DataFrame()
    chosen = (pc.field("city") == stream.city) & (pc.field("stream") == stream.stream)
    with told(place):
        frame = pl.from_arrow(dataset_of(found, place).to_table(filter=chosen))
    assert isinstance(frame, pl.DataFrame)
    return frame.with_columns(
        origin=pl.col("sequence").str.replace(rf"/({REPLAY}|accept)/\d+$", ""),
        replay=pl.col("sequence").str.extract(rf"/{REPLAY}/(\d+)$").cast(pl.Int64).fill_null(0),
    )


def outcomes(ledger: pl.DataFrame) -> pl.DataFrame:
    """origin, batch, kind, dataset, outcome, rule, count: records and rows, summed over origin, replays and what was
    accepted.
    """
    if ledger.is_empty():
        types = dict.fromkeys(["origin", *OUTCOME], pl.String()) | {"batch": pl.Int64(), "count": pl.Int64()}
        return pl.DataFrame(schema=types)
    counted = ledger.filter(pl.col("kind").is_in(["record", "row"]))
    return counted.group_by([*BATCH, *OUTCOME]).agg(pl.col("count").sum())


def shift(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """origin, batch, kind, dataset, outcome, rule, `before` and `after`, of the counts of two `outcomes` frames."""
    key = [*BATCH, *OUTCOME]
    joined = before.rename({"count": "before"}).join(
        after.rename({"count": "after"}), on=key, how="full", nulls_equal=True, coalesce=True
    )
    return joined.with_columns(pl.col("before", "after").fill_null(0)).sort(key)


def made_with(ledger: pl.DataFrame, now: Versions, deciding: str) -> dict[tuple[str, int], list[str]]:
    """(origin, batch) -> what differs between the versions that the batch was last made with and `now`, in words.

    deciding: the dataset whose contract the rows of kind record state. Empty lists for those made as now.
    """
    if ledger.is_empty():
        return {}
    last = ledger.sort("replay").group_by([*BATCH, pl.col("dataset").fill_null(deciding)], maintain_order=True).last()
    found: dict[tuple[str, int], list[str]] = {}
    for row in last.sort("replay").iter_rows(named=True):
        said = found.setdefault((row["origin"], row["batch"]), [])
        # The newest rows come last and speak for the whole batch; contracts are stated per dataset.
        said[:] = [one for one in said if one.startswith("contract")] + _changed(row, now)
    return found


def _changed(row: dict[str, Any], now: Versions) -> list[str]:
    contract = now.contracts.get(row["dataset"], row["contract_version"])
    # Release 0.1.0 did not write it down.
    structure = row["structure_digest"] or now.structure_digest
    pairs = {
        "mapping": (row["mapping_version"], now.mapping),
        "text of the mapping": (row["mapping_digest"][:8], now.mapping_digest[:8]),
        "codes": (row["codes_digest"][:8], now.codes_digest[:8]),
        "structure of the raw record": (structure[:8], now.structure_digest[:8]),
        "pseudonym key": (row["pseudonym_key"], now.pseudonym_key),
        f"contract {row['dataset']}": (row["contract_version"], contract),
    }
    return [f"{what} {then} (now {present})" for what, (then, present) in pairs.items() if then != present]


def begun_with(versions: dict[str, Any], now: Versions) -> list[str]:
    """The same for a batch that is begun and not closed. versions: as its first commit carries them."""
    present = asdict(now)
    return [f"{name} {versions[name]} (now {present[name]})" for name in versions if versions[name] != present[name]]
