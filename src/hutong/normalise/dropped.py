"""What a person dropped is left out whenever its batch is made again, and stays counted."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import polars as pl

from hutong.model.batch import Sequence
from hutong.model.rows import Normalised
from hutong.normalise.plan import Plan
from hutong.normalise.reference import judge_alone


def without(normalised: Normalised, numbers: Set[int], sequence: Sequence, batch: int, plan: Plan) -> Normalised:
    """`normalised` without the records called `numbers`, whatever became of them."""
    if not numbers:
        return normalised
    # Neither rows nor refusals tell which records drift withholds: those few are asked once more.
    withheld = sum(judge_alone(normalised.record(number), sequence, batch, plan).withheld for number in sorted(numbers))
    gone = list(numbers)
    return replace(
        normalised,
        frames={name: frame.filter(~pl.col("record").is_in(gone)) for name, frame in normalised.frames.items()},
        refused=[one for one in normalised.refused if one.record.number not in numbers],
        withheld=normalised.withheld - withheld,
        dropped=len(numbers),
    )
