"""Every row rule of every base contract has a counterexample that it finds, and that no other rule finds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from hutong.model.dataset import Dataset, Field
from hutong.model.finding import reason
from hutong.registry import Registry, open_registry
from hutong.schema.rules import compile_rules
from hutong.settings import read

TESTS = Path(__file__).resolve().parent.parent.parent
COUNTEREXAMPLES, EXAMPLES = TESTS / "counterexamples", TESTS / "examples"
DATASETS = ("junction", "participant_observation", "road_segment", "roadside_facility", "traffic_event", "traffic_flow")
CASES = [(dataset, path) for dataset in DATASETS for path in sorted((COUNTEREXAMPLES / dataset).glob("*.yaml"))]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(TESTS.parent)}))


def typed(row: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """A row as the mapping makes it: instants and dates instead of their text, and null for what is not given."""
    unknown = set(row) - set(dataset.names)
    assert not unknown, f"{dataset.id} has no column {unknown}"
    return {field.name: _value(row.get(field.name), field) for field in dataset.fields}


def _value(value: Any, field: Field) -> Any:
    if field.type == "timestamp" and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    if field.type == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def found_in(row: Mapping[str, Any], dataset: Dataset, registry: Registry) -> Iterator[str]:
    """Rules that find something; what they say must be complete in both languages."""
    codes = {name: frozenset(entries) for name, entries in registry.codes.items()}
    for finding in compile_rules(dataset.rules, codes)(typed(row, dataset)):
        assert finding.place
        # Every gap of the sentence is filled.
        assert not any(re.search(r"\{[a-z_]+\}", reason(finding, lang)) for lang in ("zh", "en"))
        yield finding.rule


@pytest.mark.parametrize(("dataset", "path"), CASES, ids=[f"{dataset}/{path.stem}" for dataset, path in CASES])
def test_counterexample_is_found_by_its_rule_and_by_no_other(dataset: str, path: Path, registry: Registry) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(case) == {"expect", "row"}
    assert case["expect"] == path.stem
    assert list(found_in(case["row"], registry.dataset(dataset), registry)) == [path.stem]


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_rule_has_a_counterexample_and_every_counterexample_a_rule(dataset: str, registry: Registry) -> None:
    rules = [rule.id for rule in registry.dataset(dataset).rules]
    assert len(rules) == len(set(rules)) > 10
    assert set(rules) == {path.stem for one, path in CASES if one == dataset}


@pytest.mark.parametrize("dataset", DATASETS)
def test_examples_pass(dataset: str, registry: Registry) -> None:
    rows = yaml.safe_load((EXAMPLES / f"{dataset}.yaml").read_text(encoding="utf-8"))
    assert rows
    for row in rows:
        assert list(found_in(row, registry.dataset(dataset), registry)) == []


def test_these_are_all_base_datasets(registry: Registry) -> None:
    assert sorted(dataset.id for dataset in registry.base_datasets) == list(DATASETS)
    assert sorted(path.name for path in COUNTEREXAMPLES.iterdir()) == list(DATASETS)
    assert sorted(path.stem for path in EXAMPLES.glob("*.yaml")) == list(DATASETS)
