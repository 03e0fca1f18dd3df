"""Landed pages whose time is over.

Batches leave from the first on, and whole pulls at once: a refresh of several batches shows only as a whole what the
platform no longer lists. The newest pull stays whatever its age, for its last page says where the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from deltalake import CommitProperties, DeltaTable

from hutong.store.paths import Place
from hutong.store.tables import WRITER, literal
from hutong.store.tending import QUIET, UPKEEP, tend


@dataclass(frozen=True, slots=True)
class Expired:
    """The batches of `sequence` up to `last`. size: bytes of their pages as received."""

    city: str
    sequence: str
    last: int
    batches: int
    pages: int
    size: int


def expired(table: DeltaTable, before: datetime, closed: Callable[[str], int]) -> list[Expired]:
    """What was fetched before `before` and is done with, per sequence.

    table: a landing table. closed: sequence -> its newest batch that may go.
    """
    batches = (
        pl.scan_delta(table)
        .select("city", "sequence", "batch", "page", "fetched_at", "position", "size")
        .group_by("city", "sequence", "batch")
        .agg(
            pl.col("fetched_at").max(),
            pl.len().alias("pages"),
            pl.col("size").sum(),
            # A pull that goes on after the batch's last page belongs together with the next batch.
            pl.col("position").sort_by("page").last().is_null().alias("ends_pull"),
        )
        .sort("city", "sequence", "batch")
        .collect()
    )
    found: list[Expired] = []
    for (city, sequence), own in batches.group_by("city", "sequence", maintain_order=True):
        stays = (
            (pl.col("fetched_at") >= before)
            | (pl.col("batch") > closed(str(sequence)))
            | (pl.col("batch") == pl.col("batch").max())
        )
        gone = own.filter(~stays.cum_max())
        # Up to the last batch that ends a pull.
        gone = gone.filter(pl.col("ends_pull").reverse().cum_max().reverse())
        if not gone.is_empty():
            pages, size = int(gone["pages"].sum()), int(gone["size"].sum())
            found.append(Expired(str(city), str(sequence), gone["batch"][-1], gone.height, pages, size))
    return found


def remove_expired(place: Place, some: Sequence[Expired]) -> None:
    """Delete the pages of `some` in one commit. Their bytes are there until the files are removed as leftovers."""
    where = " OR ".join(
        f"(city = {literal(one.city)} AND sequence = {literal(one.sequence)} AND batch <= {one.last})" for one in some
    )

    def delete(snapshot: DeltaTable) -> None:
        snapshot.delete(
            where,
            writer_properties=WRITER,
            commit_properties=CommitProperties(custom_metadata={UPKEEP: "expired"}),
            post_commithook_properties=QUIET,
        )

    tend(place, "the removal of expired pages", delete)
