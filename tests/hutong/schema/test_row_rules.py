"""Every row rule of every base contract has rows that keep it and rows that it refuses, beside the contracts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
import yaml
from tests.conftest import ROOT

from hutong.model.dataset import Dataset, Field
from hutong.model.finding import Finding, reason
from hutong.registry import Registry, open_registry
from hutong.schema.arrow import to_frame
from hutong.schema.masks import doubtful
from hutong.schema.rules import compile_rows
from hutong.settings import read

EXAMPLES = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "schemas" / "examples").glob("*.yaml"))
}
CASES = [
    pytest.param(dataset, rule, word, changes, id=f"{dataset}/{rule}/{word}/{index}")
    for dataset, examples in EXAMPLES.items()
    for rule, said in examples["rules"].items()
    for word in ("keeps", "breaks")
    for index, changes in enumerate(said[word])
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


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


def found_in(rows: Sequence[Mapping[str, Any]], dataset: Dataset, registry: Registry) -> Iterator[Finding]:
    """What the rules find, whichever way they are asked."""
    codes = {name: frozenset(entries) for name, entries in registry.codes.items()}
    check = compile_rows(dataset.rules, codes)
    whole = [typed(row, dataset) for row in rows]
    found = [finding for each in check(whole) for finding in each]
    if all(row[name] is not None for row in whole for name in ("batch", "record")):
        doubted = doubtful(to_frame(whole, dataset), dataset.rules, codes).to_dicts()
        assert [finding for each in check(doubted) for finding in each] == found
        assert bool(doubted) == bool(found) or len(rows) > 1
    return iter(found)


@pytest.mark.parametrize(("dataset", "rule", "word", "changes"), CASES)
def test_an_example_is_found_by_its_rule_alone_or_by_none(
    dataset: str, rule: str, word: str, changes: Any, registry: Registry
) -> None:
    first = EXAMPLES[dataset]["rows"][0]
    rows = [{**first, **some} for some in (changes if isinstance(changes, list) else [changes])]
    found = list(found_in(rows, registry.dataset(dataset), registry))
    assert {finding.rule for finding in found} == ({rule} if word == "breaks" else set())
    for finding in found:
        assert finding.place
        # Every gap of the sentence is filled.
        assert not any(re.search(r"\{[a-z_]+\}", reason(finding, lang)) for lang in ("zh", "en"))


@pytest.mark.parametrize("dataset", EXAMPLES)
def test_every_rule_has_examples_and_every_example_a_rule(dataset: str, registry: Registry) -> None:
    rules = [rule.id for rule in registry.dataset(dataset).rules]
    assert len(rules) == len(set(rules)) > 10
    assert set(rules) == set(EXAMPLES[dataset]["rules"])
    for said in EXAMPLES[dataset]["rules"].values():
        assert set(said) == {"keeps", "breaks"}
        assert all(said.values())


@pytest.mark.parametrize("dataset", EXAMPLES)
def test_whole_rows_pass(dataset: str, registry: Registry) -> None:
    rows = EXAMPLES[dataset]["rows"]
    assert rows
    assert list(found_in(rows, registry.dataset(dataset), registry)) == []


def test_every_base_dataset_has_examples(registry: Registry) -> None:
    assert {dataset.id for dataset in registry.base_datasets} <= set(EXAMPLES)
