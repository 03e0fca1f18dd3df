"""Row rules alone, on the rows of a published batch: python -m benchmarks.meaning.checks ours|gx FOLDER ROWS

The rules are those of the benchmark's contract. Great Expectations is asked for what it is best at: whether each holds
(BOOLEAN_ONLY), given only the columns that are named, as a pandas frame made before the clock runs. Ours says which
rows may pass.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import polars as pl
from benchmarks.meaning.clock import Work, tell
from benchmarks.meaning.ground import DATASET, Ground

from hutong.model.dataset import Dataset, RowRule
from hutong.registry import open_registry
from hutong.schema.masks import doubtful
from hutong.settings import read


def ours(frame: pl.DataFrame, dataset: Dataset, codes: dict[str, frozenset[str]]) -> Work:
    def work() -> tuple[int, dict[str, object]]:
        return frame.height, {"doubtful": doubtful(frame, dataset.rules, codes).height}

    return work


def gx(frame: pl.DataFrame, dataset: Dataset, codes: dict[str, frozenset[str]]) -> Work:
    import great_expectations
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    named = dict.fromkeys(name for rule in dataset.rules for name in rule.fields)
    pandas = frame.select(list(named)).to_pandas()
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all")
    expectations = [expectation(rule, codes) for rule in dataset.rules]
    suite = great_expectations.ExpectationSuite(name="rules", expectations=expectations)

    def work() -> tuple[int, dict[str, object]]:
        found = batch.get_batch({"dataframe": pandas}).validate(suite, result_format="BOOLEAN_ONLY")
        return frame.height, {"success": found.success, "rules": len(found.results)}

    return work


def expectation(rule: RowRule, codes: dict[str, frozenset[str]]) -> dict[str, Any]:
    """A rule in Great Expectations' words."""
    first = rule.fields[0]
    match rule.kind:
        case "required":
            return {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": first}}
        case "range":
            low, high = rule.args
            bounds = {"min_value": low, "max_value": high}
            return {"type": "expect_column_values_to_be_between", "kwargs": {"column": first, **bounds}}
        case "pattern":
            regex = {"regex": f"(?:{rule.args[0]})\\Z"}
            return {"type": "expect_column_values_to_match_regex", "kwargs": {"column": first, **regex}}
        case "code":
            values = {"value_set": sorted(codes[rule.args[0]])}
            return {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": first, **values}}
        case "together":
            # It has no rule for "both or neither"; that each is there says more, and costs it as little.
            pair = {"column_A": first, "column_B": rule.fields[1], "ignore_row_if": "both_values_are_missing"}
            return {"type": "expect_column_pair_values_a_to_be_greater_than_b", "kwargs": pair}
    raise SystemExit(f"the benchmark has no words of Great Expectations for '{rule.kind}'")


def main(route: str, folder: Path, rows: int) -> None:
    registry = open_registry(read({"HUTONG_ROOT": str(Ground(folder, "sighting", rows).root)}))
    codes = {name: frozenset(entries) for name, entries in registry.codes.items()}
    frame = pl.read_parquet(Ground(folder, "sighting", rows).rows_file)
    of = {"ours": ours, "gx": gx}[route]
    of(frame.head(1000), registry.dataset(DATASET), codes)()
    tell(of(frame, registry.dataset(DATASET), codes))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
