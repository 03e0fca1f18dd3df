from typing import Any

import pytest
from tests.hutong.making import WORDS

from hutong.model.dataset import Gate
from hutong.schema.gates import FORMS, columns_of, expected, read_gate


def gate(kind: str, severity: Any = None, **kwargs: Any) -> Gate:
    return read_gate("mine", WORDS, severity, {"type": kind, "kwargs": kwargs})


WRITTEN: dict[str, dict[str, Any]] = {
    "expect_compound_columns_to_be_unique": {"column_list": ["city", "source_id"]},
    "expect_column_values_to_be_unique": {"column": "source_id", "mostly": 0.9},
    "expect_column_values_to_be_between": {"column": "lat", "min_value": 28, "mostly": 0.95},
    "expect_column_values_to_not_be_null": {"column": "lon", "mostly": 0.7},
    "expect_column_values_to_be_in_set": {"column": "kind", "value_set": ["a", "b"]},
    "expect_column_values_to_not_be_in_set": {"column": "kind", "value_set": ["unknown"], "mostly": 0.8},
    "expect_column_mean_to_be_between": {"column": "speed", "max_value": 36},
    "expect_column_median_to_be_between": {"column": "speed", "max_value": 36},
    "expect_table_row_count_to_be_between": {"min_value": 1},
    "freshness": {"column": "observed_at", "max_age_s": 900},
    "volume": {"batches": 10, "min_share": 0.5, "max_share": 2},
    "references": {"column_list": ["target_id"], "dataset": "road_segment", "reference": ["source_id"], "mostly": 0.9},
    "in_city": {"column": "lat", "side": "latitude", "mostly": 0.95},
}


@pytest.mark.parametrize("kind", FORMS)
def test_every_gate_can_be_written_and_says_in_signs_what_it_asks_for(kind: str) -> None:
    made = gate(kind, **WRITTEN[kind])
    said = expected(made)
    assert all(name in said for name in columns_of(made))
    assert "None" not in said
    assert kind not in said
    if "mostly" in made.kwargs:
        assert said.endswith(f"≥ {made.kwargs['mostly'] * 100:g} %")


def test_freshness_and_volume_are_warnings_unless_the_contract_says_otherwise() -> None:
    severities = {kind: gate(kind, **written).severity for kind, written in WRITTEN.items()}
    assert {kind for kind, severity in severities.items() if severity == "warning"} == {"freshness", "volume"}
    assert set(severities.values()) == {"warning", "critical"}
    assert gate("volume", "critical", **WRITTEN["volume"]).severity == "critical"


@pytest.mark.parametrize(
    ("kind", "kwargs", "said"),
    [
        (
            "expect_column_values_to_be_unqiue",
            {},
            "no gate '.*unqiue'; did you mean 'expect_column_values_to_be_unique'",
        ),
        ("freshness", {"column": "observed_at"}, "freshness needs 'max_age_s'"),
        ("freshness", {"column": "observed_at", "max_age": 9}, "has no 'max_age'; did you mean 'max_age_s'"),
        (
            "freshness",
            {"column": ["observed_at"], "max_age_s": 9},
            r"'column' is \['observed_at'\], but takes a column",
        ),
        ("volume", {**WRITTEN["volume"], "batches": 0}, "'batches' is 0, but takes a whole number from 1 on"),
        ("expect_column_values_to_be_between", {"column": "lat"}, "needs 'min_value or max_value'"),
        ("expect_column_values_to_not_be_null", {"column": "lat", "mostly": 95}, "takes a share between 0 and 1"),
        ("references", {**WRITTEN["references"], "reference": ["a", "b"]}, "name as many columns"),
        ("in_city", {"column": "lat", "side": "north"}, "'side' is 'north', but takes longitude or latitude"),
        ("references", {**WRITTEN["references"], "only": {"a": "x"}}, "'only' is .*, but takes one column with a list"),
        ("volume", {**WRITTEN["volume"], "only": {"kind": ["a"]}}, "volume has no 'only'"),
    ],
)
def test_a_gate_that_is_written_wrongly_is_refused_with_what_would_be_right(
    kind: str, kwargs: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        gate(kind, **kwargs)


def test_a_gate_about_some_rows_says_which() -> None:
    made = gate("expect_column_values_to_not_be_null", column="count", mostly=0.8, only={"kind": ["a", "b"]})
    assert expected(made) == "count ≠ null ≥ 80 % | kind ∈ {a, b}"
    assert columns_of(made) == ("count", "kind")
