"""Gates that look beyond the values of a batch: at when it was fetched, at the batches before it, at other datasets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from hutong.model.batch import GateResult, Sequence
from hutong.model.dataset import Dataset, Gate
from hutong.registry import Registry
from hutong.schema.gates import read_gate
from hutong.secrets import Secrets
from hutong.store.paths import Store
from hutong.validate.around import Around
from hutong.validate.gates import check_gates, write_docs
from tests.hutong.making import START, WORDS, dataset, row
from tests.hutong.publish.conftest import flow, land_flow, publish_flow, registry, secrets, settings, store

__all__ = ["registry", "secrets", "settings", "store"]

LIVE = Sequence("transport_info", "section_flow", "500000")
BACKFILL = replace(LIVE, run="backfill/march")
FRESH = {"column": "observed_at", "max_age_s": 600}
VOLUME = {"batches": 4, "min_share": 0.5, "max_share": 2}
REFERENCES = {
    "column_list": ["source_platform", "target_id"],
    "dataset": "road_segment",
    "reference": ["source_platform", "source_id"],
    "mostly": 0.5,
}


def gate(kind: str, **kwargs: Any) -> Gate:
    return read_gate(kind, WORDS, None, {"type": kind, "kwargs": kwargs})


def frame(*ages_s: float) -> dict[str, pl.DataFrame]:
    rows = [
        {**row(str(n), 1.0, record=n), "observed_at": START - timedelta(seconds=age)} for n, age in enumerate(ages_s)
    ]
    return {"thing": pl.DataFrame(rows)}


def gated(*gates: Gate) -> Dataset:
    return replace(dataset(), gates=gates)


def test_a_batch_is_as_fresh_as_its_newest_row() -> None:
    fresh = gated(gate("freshness", **FRESH))
    (passed,) = check_gates(frame(7200, 599, 3600), fresh)
    assert passed == GateResult(
        "thing", "freshness", "warning", True, "599", "received_at - max(observed_at) ≤ 600 s", 3
    )
    (failed,) = check_gates(frame(7200, 601), fresh)
    assert (failed.passed, failed.observed) == (False, "601")


def test_nobody_expects_a_backfill_to_be_fresh(registry: Registry, store: Store) -> None:
    fresh = gated(gate("freshness", **FRESH))
    assert check_gates(frame(7200), fresh, Around(BACKFILL, 1, registry, store)) == []
    assert len(check_gates(frame(7200), fresh, Around(LIVE, 1, registry, store))) == 1


@pytest.fixture
def published(registry: Registry, store: Store, secrets: Secrets) -> Store:
    """A lake of four batches, of 4, 4, 4 and 40 sections."""
    for number, sections in enumerate((4, 4, 4, 40)):
        at = f"2026-03-18 08:{15 + 5 * number}:00"
        land_flow(registry, store, [flow(f"L{n}", statTime=at) for n in range(sections)])
    publish_flow(registry, store, secrets)
    return store


def of_flow(registry: Registry, gate: Gate, targets: list[str | None]) -> tuple[Dataset, dict[str, pl.DataFrame]]:
    made = replace(registry.dataset("traffic_flow"), gates=(gate,))
    rows = {"source_platform": ["transport_info"] * len(targets), "target_id": targets}
    return made, {"traffic_flow": pl.DataFrame(rows, schema_overrides={"target_id": pl.String})}


def test_a_batch_is_held_against_the_median_of_those_before_it_in_its_sequence(
    registry: Registry, published: Store
) -> None:
    around = Around(LIVE, 5, registry, published)
    assert sorted(around.recent(registry.dataset("traffic_flow").table, 4)) == [4, 4, 4, 40]
    for rows, passes in ((1, False), (2, True), (8, True), (9, False)):
        made, frames = of_flow(registry, gate("volume", **VOLUME), ["L1"] * rows)
        (result,) = check_gates(frames, made, around)
        assert (result.passed, result.severity, result.observed) == (passes, "warning", str(rows))


def test_with_few_batches_before_it_nothing_is_said_of_its_volume(registry: Registry, published: Store) -> None:
    made, frames = of_flow(registry, gate("volume", **VOLUME), ["L1"])
    assert check_gates(frames, made, Around(LIVE, 3, registry, published)) == []
    assert check_gates(frames, made, Around(BACKFILL, 9, registry, published)) == []


def test_references_are_looked_up_among_what_is_published_and_what_the_batch_brings(
    registry: Registry, published: Store
) -> None:
    around = Around(LIVE, 5, registry, published)
    made, frames = of_flow(registry, gate("references", **REFERENCES), ["L1", "L1", "L2", None, "M1", "M2", "M3", "M4"])
    (result,) = check_gates(frames, made, around)
    assert (result.passed, result.observed, result.severity) == (False, "4/8", "critical")
    brings = pl.DataFrame({"source_platform": ["transport_info"], "source_id": ["M1"]})
    (result,) = check_gates({**frames, "road_segment": brings}, made, around)
    assert (result.passed, result.observed) == (True, "3/8")


def test_places_are_held_against_the_box_of_the_batchs_own_city(registry: Registry, store: Store) -> None:
    east = replace(dataset(), gates=(gate("in_city", column="east", side="longitude", mostly=0.5),))
    frames = {"thing": pl.DataFrame({"east": [106.55, 106.56, 109.51]})}
    said = {}
    for city in ("500000", "460200", "990000"):
        results = check_gates(frames, east, Around(replace(LIVE, city=city), 1, registry, store))
        said[city] = [(one.passed, one.observed, one.expected) for one in results]
    assert said == {
        "500000": [(True, "0/3", "east ∈ [105, 110.5] ≥ 50 %")],
        "460200": [(False, "2/3", "east ∈ [108.9, 109.9] ≥ 50 %")],
        "990000": [],
    }
    assert check_gates(frames, east) == []


def test_references_of_some_rows_leave_the_others_alone(registry: Registry, published: Store) -> None:
    some = gate("references", **REFERENCES, only={"target_kind": ["section"]})
    made, frames = of_flow(registry, some, ["L1", "L2", "M1", "M2", "M3"])
    kinds = pl.Series("target_kind", ["section", "section", "lane", "lane", "lane"])
    (result,) = check_gates(
        {"traffic_flow": frames["traffic_flow"].with_columns(kinds)}, made, Around(LIVE, 5, registry, published)
    )
    assert result.passed
    assert result.observed.startswith("0/")


def test_nothing_is_said_of_references_to_a_dataset_without_rows(registry: Registry, store: Store) -> None:
    made, frames = of_flow(registry, gate("references", **REFERENCES), ["L1"])
    assert check_gates(frames, made, Around(LIVE, 1, registry, store)) == []


def test_made_again_a_batch_is_not_held_against_what_came_since(registry: Registry, published: Store) -> None:
    around = Around(LIVE, 4, registry, published, is_again=True)
    for kind, kwargs in (("volume", VOLUME), ("references", REFERENCES)):
        made, frames = of_flow(registry, gate(kind, **kwargs), ["M1"])
        assert check_gates(frames, made, around) == []


def test_data_docs_show_the_gates_and_no_values_and_leave_nothing_elsewhere(
    registry: Registry, store: Store, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    known = gated(
        gate("freshness", **FRESH),
        gate("expect_column_values_to_not_be_in_set", column="source_id", value_set=["sentinel"]),
        gate("expect_column_values_to_be_unique", column="source_id"),
    )
    rows = frame(7200, 7100)["thing"].with_columns(source_id=pl.lit("secret-plate"))
    index = write_docs({"thing": rows}, known, Around(LIVE, 1, registry, store), tmp_path / "docs")
    assert index is not None
    assert index.is_file()
    pages = "".join(page.read_text(encoding="utf-8") for page in index.parent.rglob("*.html"))
    assert "sentinel" in pages
    assert "secret-plate" not in pages
    assert list((tmp_path / "tmp").iterdir()) == []
