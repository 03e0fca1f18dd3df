import random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hutong.making import dataset, row

from hutong.schema.arrow import to_frame
from hutong.schema.versions import outcomes, settle, winners


def frame(rows: list[dict[str, Any]], of: Any) -> pl.DataFrame:
    return to_frame(rows, of)


def test_of_two_versions_in_one_batch_the_later_stands_and_the_other_is_superseded() -> None:
    table, lost = winners(
        to_frame([row("a", 1.0, record=0, at_s=9), row("a", 2.0, record=1, at_s=3)], dataset()), dataset()
    )
    assert table["value"].to_list() == [1.0]
    assert outcomes(lost) == {"superseded": 1}


def test_the_same_said_twice_in_one_batch_is_a_duplicate() -> None:
    table, lost = winners(to_frame([row("a", 1.0, record=0), row("a", 1.0, record=1)], dataset()), dataset())
    assert (table.height, outcomes(lost)) == (1, {"duplicate": 1})


def test_a_revision_counts_more_than_the_time_of_the_event() -> None:
    of = dataset(revision="revised")
    rows = [row("a", 1.0, record=0, at_s=9, revised=1), row("a", 2.0, record=1, at_s=3, revised=2)]
    assert winners(to_frame(rows, of), of)[0]["value"].to_list() == [2.0]


@pytest.mark.parametrize(
    ("mode", "new", "outcome", "stands"),
    [
        ("append", row("b", 5.0), "written", True),
        ("append", row("a", 5.0, at_s=1), "corrected", True),
        ("append", row("a", 5.0, at_s=-1), "superseded", False),
        ("append", row("a", 1.0), "duplicate", False),
        ("latest", row("a", 1.0), "unchanged", False),
        ("latest", row("a", None, at_s=1), "corrected", True),
    ],
)
def test_a_row_is_judged_by_what_is_published_already(
    mode: Any, new: dict[str, Any], outcome: str, stands: bool
) -> None:
    of = dataset(mode)
    settled = settle(frame([new], of), frame([row("a", 1.0, batch=0)], of), of)
    assert outcomes(settled.judged) == {outcome: 1}
    assert bool(settled.rows.height) == stands
    assert bool(settled.replaced.height) == (outcome == "corrected")


def test_the_same_said_later_is_remembered_so_that_what_lies_between_does_not_win() -> None:
    of = dataset("latest")
    settled = settle(frame([row("a", 1.0, at_s=9)], of), frame([row("a", 1.0, at_s=1)], of), of)
    assert outcomes(settled.judged) == {"unchanged": 1}
    assert settled.rows.height == settled.replaced.height == 1


def apply(rows: list[dict[str, Any]], old: list[dict[str, Any]], of: Any) -> list[dict[str, Any]]:
    table, _ = winners(to_frame(rows, of), of)
    settled = settle(table, frame(old, of), of)
    gone = {key["source_id"] for key in settled.replaced.iter_rows(named=True)}
    return [one for one in old if one["source_id"] not in gone] + settled.rows.to_dicts()


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([None, 1.0, 2.0]), st.integers(0, 3), st.integers(0, 2)),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
    st.sampled_from(["append", "latest"]),
    st.sampled_from([None, "revised"]),
)
@settings(max_examples=150)
def test_batches_in_any_order_and_of_any_size_end_in_the_same_rows(
    said: list[tuple[str, float | None, int, int]], order: random.Random, mode: Any, revision: str | None
) -> None:
    of = dataset(mode, revision=revision)
    rows = [row(name, value, record=n, at_s=at, revised=rev) for n, (name, value, at, rev) in enumerate(said)]

    def carried(batches: list[list[dict[str, Any]]]) -> list[str]:
        table: list[dict[str, Any]] = []
        for batch in batches:
            table = apply(batch, table, of) if batch else table
        return sorted(str((one["source_id"], one["value"], one["observed_at"], one["revised"])) for one in table)

    shuffled = rows.copy()
    order.shuffle(shuffled)
    cut = order.randint(0, len(shuffled))
    assert carried([[one] for one in rows]) == carried([shuffled[:cut], shuffled[cut:]])
