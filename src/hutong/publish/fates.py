"""What became of records, told from what became of their rows.

A record may have several rows in several datasets. The first dataset of its mapping in which it has any decides its
fate; of several rows there the most telling one: published, else unchanged, else superseded, else duplicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hutong.model.mapping import Mapping as Meaning
from hutong.model.rows import Validated
from hutong.schema.versions import added, outcomes

FATE_OF_ROW: Mapping[str, str] = {
    "written": "published",
    "corrected": "published",
    "unchanged": "unchanged",
    "superseded": "superseded",
    "duplicate": "duplicate",
}
_NONE = pl.Series("record", [], pl.Int32)


@dataclass(frozen=True, slots=True)
class Decides:
    """Whose fates a dataset decides.

    records: their numbers; None for all that have rows there. has_one_row: no record has more than one there.
    """

    records: pl.Series | None = None
    has_one_row: bool = True

    def of(self, judged: pl.DataFrame) -> pl.DataFrame:
        """What of `judged` (record, outcome) is about these records."""
        return judged if self.records is None else judged.filter(pl.col("record").is_in(self.records.implode()))

    def fates(self, judged: pl.DataFrame) -> dict[str, int]:
        """How many of these records have which fate. judged: record, outcome of every row that came."""
        told = self.of(judged)
        if not self.has_one_row:
            # In the order of `OUTCOME` the least is the most telling.
            told = told.group_by("record").agg(pl.col("outcome").min())
        return added(*({FATE_OF_ROW[outcome]: count} for outcome, count in outcomes(told).items()))


EVERY = Decides()
"""Of a dataset that has one row of each record."""


def deciders(validated: Validated, mapping: Meaning) -> dict[str, Decides]:
    """Dataset -> whose fates it decides in this batch. It follows from the batch alone, never from a table."""
    decided, is_everything = _NONE, False
    found: dict[str, Decides] = {}
    for part in mapping.rows:
        records: pl.Series | None = _NONE
        if part.takes_all and decided.is_empty() and not is_everything:
            # The common case, which needs no look at the numbers: every record that passed has its row here.
            records, is_everything = None, True
        elif not is_everything:
            there = _records(validated, part.dataset)
            records = there.filter(~there.is_in(decided.implode()))
            decided = pl.concat([decided, records])
        found[part.dataset] = Decides(records, has_one_row=part.each is None)
    return found


def _records(validated: Validated, dataset: str) -> pl.Series:
    """The records that have rows in `dataset`, those included that another row of the batch stands for."""
    of_rows = [frame["record"] for frame in (validated.frames[dataset], validated.repeats[dataset])]
    return pl.concat(of_rows).unique()
