from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hutong.model.batch import Record
from hutong.model.dataset import Gate
from hutong.model.rows import Normalised
from hutong.registry import Registry, open_registry
from hutong.schema.arrow import to_frame
from hutong.settings import read
from hutong.store.paths import Store
from hutong.validate.around import Around
from hutong.validate.gates import check_gates
from hutong.validate.stage import validate
from tests.conftest import ROOT
from tests.hutong.making import START, WORDS, dataset, row


def gate(name: str, expectation: str, severity: Any = "critical", **kwargs: Any) -> Gate:
    return Gate(name, WORDS, severity, expectation, kwargs)


def table(*values: float | None) -> pl.DataFrame:
    rows = [row(str(n), value, record=n) for n, value in enumerate(values)]
    return to_frame(rows, dataset())


def test_each_gate_says_for_itself_whether_the_batch_passes_and_what_it_saw() -> None:
    gated = replace(
        dataset(),
        gates=(
            gate("keys", "expect_compound_columns_to_be_unique", column_list=["city", "source_id"]),
            gate("small", "expect_column_values_to_be_between", severity="warning", column="value", max_value=2),
            gate("mostly_small", "expect_column_values_to_be_between", column="value", max_value=2, mostly=0.5),
        ),
    )
    results = check_gates({"thing": table(1.0, 2.0, 3.0)}, gated)
    assert [(one.gate, one.severity, one.passed) for one in results] == [
        ("keys", "critical", True),
        ("small", "warning", False),
        ("mostly_small", "critical", True),
    ]
    assert results[1].observed == "1/3"


def test_a_gate_may_be_about_some_rows_only() -> None:
    some = {"source_id": ["0", "2"]}
    gated = replace(
        dataset(),
        gates=(
            gate("given", "expect_column_values_to_not_be_null", column="value", only=some),
            gate("large", "expect_column_values_to_be_between", column="value", min_value=2, only=some),
            gate("all", "expect_column_values_to_not_be_null", column="value"),
        ),
    )
    results = check_gates({"thing": table(1.0, None, 3.0)}, gated)
    assert [(one.gate, one.passed, one.observed) for one in results] == [
        ("given", True, "0/2"),
        ("large", False, "1/2"),
        ("all", False, "1/3"),
    ]


def test_a_gate_about_rows_that_the_batch_does_not_have_says_nothing() -> None:
    kwargs = {"column": "value", "min_value": 2, "only": {"source_id": ["nobody"]}}
    gated = replace(dataset(), gates=(gate("mean", "expect_column_mean_to_be_between", **kwargs),))
    assert check_gates({"thing": table(1.0, 3.0)}, gated) == []


def test_a_gate_that_cannot_be_judged_fails_and_says_why() -> None:
    gated = replace(dataset(), gates=(gate("wrong", "expect_column_values_to_be_between", column="city", min_value=1),))
    (result,) = check_gates({"thing": table(1.0)}, gated)
    assert not result.passed
    assert "could not be judged" in result.observed


def test_nothing_is_asked_of_an_empty_batch() -> None:
    gated = replace(
        dataset(), gates=(gate("small", "expect_column_values_to_be_between", column="value", max_value=2),)
    )
    assert check_gates({"thing": table(1.0).clear()}, gated) == []


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


def junction(number: int, lon: float, lat: float) -> dict[str, Any]:
    """A row of the dataset junction, as CIM fills it."""
    return {
        "city": "500000",
        "source_platform": "cim",
        "source_stream": "junction",
        "source_id": f"50011202050{number:05}",
        "observed_at": START,
        "received_at": START,
        "batch": 1,
        "record": number,
        "lon": lon,
        "lat": lat,
        "source_crs": "EPSG:4545",
        "name": "路口",
        "lifecycle": "existing",
        "lifecycle_raw": "1",
        "admin_code": "500112",
        "admin_code_raw": "500112",
        "height_m": 240.0,
        "height_datum": "normal_1985",
    }


@pytest.mark.parametrize(("swapped", "is_refused"), [(False, False), (True, True)])
def test_a_batch_with_its_axes_swapped_is_refused_as_a_whole(
    swapped: bool, is_refused: bool, registry: Registry, tmp_path: Path
) -> None:
    source = registry.source("cim", "junction")
    names = source.datasets["junction"].names
    good = [junction(n, 106.5 + n / 1000, 29.5) for n in range(20)]
    # Within China both ways, so that no row rule sees it: only the city's box does.
    rows = [{**one, "lon": 99.5, "lat": 36.5} for one in good] if swapped else good
    frame = to_frame([{name: one.get(name) for name in names} for one in rows], source.datasets["junction"])
    normalised = Normalised(20, {"junction": frame}, lambda n: Record(n, 0, n, {}, START), [])
    (sequence,) = source.sequences
    validated = validate(normalised, source, Around(sequence, 1, registry, Store(str(tmp_path))))
    assert [finding.rule for one in validated.refused for finding in one.findings] == []
    assert validated.is_refused == is_refused
