"""A gateway's tables as anybody may read them: pages as received, base datasets, quarantine."""

from collections.abc import Sequence
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
        found = [
            self._read(f"{place}/{name}", wanted, pl.col("city") == city) for place in self._of("landing", platform)
        ]
        return _plain(found, _EMPTY_PAGES).sort("sequence", "batch", "page")

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
        return _plain([self._read(place, wanted, is_of) for place in self._of("quarantine", platform)], _EMPTY_REFUSED)

    def _of(self, kind: str, platform: str) -> list[str]:
        """The folders of a platform and of its dialects, which are named behind a hyphen."""
        found = [*self.folder.glob(f"{kind}/{platform}"), *self.folder.glob(f"{kind}/{platform}-*")]
        return [str(path.relative_to(self.folder)) for path in sorted(found)]

    def _read(self, table: str, columns: list[str] | None, only: pl.Expr) -> pl.DataFrame:
        place = self.folder / table
        if not (place / "_delta_log").is_dir():
            return pl.DataFrame()
        rows = pl.scan_delta(str(place)).filter(only)
        return (rows if columns is None else rows.select(columns)).collect()


def _plain(found: Sequence[pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    """All of `found`, each row once, with the sequences as rows know them: without the dialect of the platform."""
    plain = pl.col("sequence").str.replace(r"^([^/-]+)-[^/]+", "$1")
    return pl.concat([empty, *(one for one in found if one.width)]).with_columns(plain).unique()


_PLACE = {"sequence": pl.String, "batch": pl.Int64}
_EMPTY_PAGES = pl.DataFrame(schema={**_PLACE, "page": pl.Int32, "records": pl.Int32, "sha256_received": pl.String})
_EMPTY_ROWS = pl.DataFrame(schema={**_PLACE, "record": pl.Int32})
_EMPTY_REFUSED = pl.DataFrame(schema={**_PLACE, "record": pl.Int32})
