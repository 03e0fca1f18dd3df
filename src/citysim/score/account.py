"""What became of every record that a platform handed out: in the table, in quarantine, or nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from citysim.faults import Fault
from citysim.score.expected import Expected
from citysim.score.streams import Scored


@dataclass(frozen=True, slots=True)
class Matched:
    """Published rows beside what they should say. rows: each at most once; strangers: rows of no known record."""

    rows: pl.DataFrame
    published: int
    strangers: int

    @property
    def precision(self) -> float:
        """Share of the published rows that have a true record of their own; 1 when there are none."""
        return self.rows.height / self.published if self.published else 1.0


def matched(scored: Scored, rows: pl.DataFrame, places: pl.DataFrame, expected: Expected) -> Matched:
    """Find the record of each published row, and what it should say.

    rows: of the base dataset. places: where each record landed, as `Served.places` gives it.
    """
    known = rows.join(places, on=["sequence", "batch", "record"], how="left")
    strangers = int((~known["record_id"].is_in(expected.record_ids) | known["record_id"].is_null()).sum())
    wanted = expected.rows.rename({"lon": "want_lon", "lat": "want_lat"})
    is_single = wanted["record_id"].n_unique() == wanted.height
    # A table that was never written has no columns to tell rows apart by, and no rows.
    keys = () if is_single or rows.is_empty() else scored.key
    joined = known.with_columns(pl.col(key).cast(pl.String).alias(f"is.{key}") for key in keys).join(
        wanted.with_columns(pl.col(f"v.{key}").cast(pl.String).alias(f"is.{key}") for key in keys),
        on=["record_id", *(f"is.{key}" for key in keys)],
        how="inner",
    )
    return Matched(joined.unique("number", keep="first", maintain_order=True), rows.height, strangers)


@dataclass(frozen=True, slots=True)
class Account:
    """Records of one stream, each counted once however often it was sent."""

    served: int
    """Handed out, and such as should give the dataset rows."""
    present: int
    """In the table with all their rows, or followed there by a newer record of the same thing."""
    bad: int
    """Made bad on purpose."""
    bad_caught: int
    """In quarantine; or published with null or unmapped in place of what is bad; or, sent twice, published once."""
    bad_let_through: int
    """Published with a value that is not true."""
    good_refused: int
    """In quarantine although nothing is wrong with them."""
    lost: int
    """In neither."""
    lost_examples: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the records that are in the table, or in quarantine for a planted reason; 1 when there are none."""
        return 1.0 - (self.lost + self.good_refused) / self.served if self.served else 1.0


def account(
    scored: Scored,
    handed: set[str],
    found: Matched,
    refused: set[str],
    harmful: set[str],
    expected: Expected,
) -> Account:
    """What became of the records in `handed`.

    refused: records in quarantine. harmful: bad records of which a row says something untrue.
    """
    present = _present(scored, found, expected)
    giving = set(expected.rows["record_id"].to_list())
    served = handed & giving | (handed - expected.record_ids)
    bad = {one for one in served if one in expected.faults}
    lost = served - present - refused
    good_refused = (refused & served) - bad - present
    return Account(
        served=len(served),
        present=len(served & present),
        bad=len(bad),
        bad_caught=len(bad - harmful - lost),
        bad_let_through=len(bad & harmful),
        good_refused=len(good_refused),
        lost=len(lost),
        lost_examples=tuple(sorted(lost)[:3]),
    )


def fault_ids(faults: Mapping[str, Fault], found: Matched) -> pl.Series:
    """Which of the matched rows are of a record that was made bad."""
    return found.rows["record_id"].is_in(list(faults))


def _present(scored: Scored, found: Matched, expected: Expected) -> set[str]:
    """The records all of whose rows are in the table."""
    keys = [f"v.{key}" for key in scored.key if f"v.{key}" in expected.rows.columns]
    rows = expected.rows.select("number", "record_id", "stamp_s", *keys)
    here = rows.with_columns(is_here=pl.col("number").is_in(found.rows["number"].to_list()))
    if scored.is_latest and keys:
        newest = pl.col("stamp_s").filter("is_here").max().over(keys)
        here = here.with_columns(is_here=pl.col("is_here") | (newest >= pl.col("stamp_s")).fill_null(False))
    return set(here.group_by("record_id").agg(pl.col("is_here").all()).filter("is_here")["record_id"].to_list())
