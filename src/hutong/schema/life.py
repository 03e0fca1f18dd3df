"""Which rows of a `latest` dataset live: those that the platform still lists.

A complete refresh is a pull that shows everything a stream has, at the time T of its last page. Per source a table
keeps the T of the newest one. A row lives if the platform showed it at that T or later; else it is a tombstone: it
stays, and `last_seen_at` says when it was last shown. What is published late is held against the newest T as well, so
that the order of publication does not matter.

Two things are as sharp as the table's columns allow. A living row remembers in `received_at` the newest time at which
a pull that was no complete refresh showed it (T remembers the others), so its provenance depends on the order of
publication where its life does not. And a key of which only refused records came has no row to be remembered in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl


@dataclass(frozen=True, slots=True)
class Life:
    """When a batch is published into a table. newest: T of the newest complete refresh that the table has seen, None
    before the first. at: T of the refresh that the batch ends; None when it ends none.
    """

    newest: datetime | None = None
    at: datetime | None = None

    @property
    def is_newest(self) -> bool:
        """Whether the batch ends a refresh newer than all before it: only that one makes tombstones."""
        return self.at is not None and (self.newest is None or self.at > self.newest)

    def last_seen_at(self) -> pl.Expr:
        """What becomes of `last_seen_at` of rows that the batch shows, beside what the table says of their keys.

        Reads `received_at`, `last_seen_at__old` and `is_known`.
        """
        known_to_live = pl.col("is_known") & pl.col("last_seen_at__old").is_null()
        shown = pl.col("received_at") if self.at is None else pl.lit(self.at)
        return (
            pl.when(~self._is_late() | known_to_live)
            .then(None)
            .otherwise(pl.max_horizontal("last_seen_at__old", shown))
            .cast(_INSTANT)
        )

    def received_at(self, stands: pl.Expr) -> pl.Expr:
        """What becomes of `received_at`. stands: that of the version which stands. Reads the new `last_seen_at`."""
        newest = pl.max_horizontal("received_at", "received_at__old")
        return pl.when(pl.col("last_seen_at").is_null()).then(newest).otherwise(stands)

    def must_remember(self) -> pl.Expr:
        """Whether the table would forget what the batch says of a known key's life, if its row were not written."""
        changed = pl.col("last_seen_at").ne_missing(pl.col("last_seen_at__old"))
        if self.at is not None:
            return changed
        return changed | (pl.col("last_seen_at").is_null() & (pl.col("received_at") > pl.col("received_at__old")))

    def others(self, rows: pl.LazyFrame, shown: pl.DataFrame, key: list[str]) -> pl.LazyFrame:
        """The rows among `rows` whose life the refresh changes, changed, with `is_gone` for new tombstones.

        rows: of the source, none of them of the batch itself. shown: keys that the refresh shows. Nothing but a
        refresh has others.
        """
        at = pl.lit(self.at)
        is_shown, lives = pl.col("is_shown"), pl.col("last_seen_at").is_null()
        gone = ~is_shown & lives & (pl.col("received_at") <= at) & self.is_newest
        is_late = self.newest is not None and self.at is not None and self.at < self.newest
        again = is_shown & ~lives & ((pl.col("last_seen_at") < at) if is_late else True)
        seen_again = pl.max_horizontal("last_seen_at", at) if is_late else pl.lit(None)
        last_seen = pl.max_horizontal("received_at", pl.lit(self.newest, dtype=_INSTANT))
        return (
            rows.join(shown.lazy().with_columns(is_shown=pl.lit(True)), on=key, how="left")
            .with_columns(is_shown=is_shown.fill_null(False))
            .with_columns(is_gone=gone)
            .filter(pl.col("is_gone") | again)
            .with_columns(last_seen_at=pl.when("is_gone").then(last_seen).otherwise(seen_again).cast(_INSTANT))
            .drop("is_shown")
        )

    def _is_late(self) -> pl.Expr:
        """Whether the newest refresh was later than the batch, so that the batch cannot say who lives now."""
        if self.newest is None:
            return pl.lit(False)
        if self.at is not None:
            return pl.lit(self.at < self.newest)
        return pl.col("received_at") <= self.newest


_INSTANT = pl.Datetime("us", "UTC")
