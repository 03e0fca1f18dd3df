"""A gateway's tables as anybody may read them: pages as received, base datasets, quarantine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

_RUN = pl.col("run").str.replace(r"/?(replay|accept)/[^/]+$", "")
SEQUENCE = pl.concat_str(
    "source_platform", "source_stream", "city", _RUN, separator="/", ignore_nulls=True
).str.strip_chars_end("/")
"""The sequence that landed the record of a base row. A replay or an accepted batch keeps its numbers."""


class Tables(Protocol):
    """What a gateway made of one stream of one city. stream: "platform.stream"; city: GB/T 2260."""

    def pages(self, stream: str, city: str) -> pl.DataFrame:
        """Pages as received, in order: sequence, batch, page, records, sha256_received."""

    def rows(self, dataset: str, stream: str, city: str) -> pl.DataFrame:
        """The rows of a base dataset with its columns, and `sequence`; those no longer listed are left out."""

    def refused(self, stream: str, city: str) -> pl.DataFrame:
        """Records in quarantine: sequence, batch, record."""


class LakeUnreadable(ValueError):
    """The folder holds no lake."""


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake on disk. Each table is a Delta table; a table that was never written has no rows."""

    folder: Path

    def __post_init__(self) -> None:
        if not (self.folder / "landing").is_dir():
            raise LakeUnreadable(f"{self.folder}: no lake here (it has no folder 'landing'); name the lake's folder")

    def pages(self, stream: str, city: str) -> pl.DataFrame:
        """As in `Tables`."""
        platform, name = stream.split(".")
        wanted = ["sequence", "batch", "page", "records", "sha256_received"]
        found = self._read(f"landing/{platform}/{name}", wanted, pl.col("city") == city)
        return found.sort("sequence", "batch", "page") if found.width else _EMPTY_PAGES

    def rows(self, dataset: str, stream: str, city: str) -> pl.DataFrame:
        """As in `Tables`."""
        platform, name = stream.split(".")
        is_of = (pl.col("source_platform") == platform) & (pl.col("source_stream") == name) & (pl.col("city") == city)
        found = self._read(f"base/{dataset}", None, is_of)
        if not found.width:
            return _EMPTY_ROWS
        if "last_seen_at" in found.columns:
            found = found.filter(pl.col("last_seen_at").is_null())
        return found.with_columns(sequence=SEQUENCE)

    def refused(self, stream: str, city: str) -> pl.DataFrame:
        """As in `Tables`."""
        platform, name = stream.split(".")
        is_of = (pl.col("stream") == name) & (pl.col("city") == city) & (pl.col("status").fill_null("open") == "open")
        wanted = ["sequence", "batch", "record"]
        found = self._read(f"quarantine/{platform}", wanted, is_of)
        return found.unique() if found.width else _EMPTY_REFUSED

    def _read(self, table: str, columns: list[str] | None, only: pl.Expr) -> pl.DataFrame:
        place = self.folder / table
        if not (place / "_delta_log").is_dir():
            return pl.DataFrame()
        rows = pl.scan_delta(str(place)).filter(only)
        return (rows if columns is None else rows.select(columns)).collect()


_PLACE = {"sequence": pl.String, "batch": pl.Int64}
_EMPTY_PAGES = pl.DataFrame(schema={**_PLACE, "page": pl.Int32, "records": pl.Int32, "sha256_received": pl.String})
_EMPTY_ROWS = pl.DataFrame(schema={**_PLACE, "record": pl.Int32})
_EMPTY_REFUSED = pl.DataFrame(schema={**_PLACE, "record": pl.Int32})
