"""docs/mapping.md is what the models say, and every example in it is true: raw record in, rows out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely

from hutong.model.batch import Record, Sequence
from hutong.model.connector import Connector
from hutong.model.dataset import Dataset, Field
from hutong.model.mapping import Mapping as Meaning
from hutong.normalise.plan import compile_source
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.reference import normalise_records
from hutong.registry import Source
from hutong.registry.read import File, Problems
from hutong.registry.reference import examples, mapping_reference, reachable
from tests.conftest import ROOT
from tests.hutong.making import WORDS

EXAMPLES = [
    pytest.param(example.text, id=f"{model.__name__} {example.title}".strip())
    for model in reachable(Meaning)
    for example in examples(model)
]


def test_the_page_is_what_the_models_say() -> None:
    made = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    assert made == mapping_reference(), "run `make docs`"


def test_every_rule_and_every_part_of_a_mapping_has_an_example() -> None:
    without = [model.__name__ for model in reachable(Meaning) if not examples(model)]
    assert not without


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_the_page_is_true(text: str, tmp_path: Path) -> None:
    example = read(text, tmp_path)
    parts = example.get("rows", [{"dataset": "example", "fields": example.get("fields")}])
    made = {"example": [example["row"]]} if "row" in example else example["made"]
    found = run(example, parts)
    assert found.keys() == made.keys()
    for dataset, rows in made.items():
        assert len(found[dataset]) == len(rows)
        for row, expected in zip(found[dataset], rows, strict=True):
            if "geometry" in example:
                assert shapely.from_wkb(row.pop("geometry")) == shapely.from_wkt(example["geometry"])
            assert row == {
                name: pytest.approx(value, abs=1e-7) if isinstance(value, float) else value
                for name, value in expected.items()
            }


def read(text: str, folder: Path) -> dict[str, Any]:
    """An example as hutong reads its own files, in which `true` is a key as good as any."""
    path = folder / "example.yaml"
    path.write_text(text, encoding="utf-8")
    problems = Problems(folder)
    found = File(path, problems).data
    assert not problems
    return dict(found)


def run(example: Mapping[str, Any], parts: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Dataset -> rows that the reference path makes of the example's record."""
    stream = {"title": WORDS.model_dump(), "endpoint": "/rows"}
    connector = Connector.model_validate(
        {
            "platform": "example",
            "title": WORDS.model_dump(),
            "owner": "-",
            "cities": ["500000"],
            "address": "http://127.0.0.1",
            "streams": {"records": stream},
        }
    )
    source = Source(
        connector=connector,
        name="records",
        stream=connector.streams["records"],
        schema={"type": "object", "properties": {}, "additionalProperties": {}},
        mapping=Meaning.model_validate({"stream": "example.records", "version": 1, "rows": parts}),
        mapping_digest="",
        datasets={part["dataset"]: contract(part["dataset"], example["contract"]) for part in parts},
        crosswalks=example.get("crosswalks", {}),
        codes={},
    )
    received_at = example.get("received_at", datetime(2026, 3, 18, 0, 16, tzinfo=UTC))
    record = Record(0, 0, 0, example["record"], received_at)
    plan = compile_source(source, Pseudonymiser("k1", b"\1" * 32))
    made = normalise_records([record], Sequence("example", "records", "500000"), 1, plan)
    assert not made.refused
    return {name: frame.to_dicts() for name, frame in made.frames.items()}


def contract(name: str, columns: Mapping[str, str]) -> Dataset:
    """A dataset of `columns`: name -> type and unit."""
    fields = []
    for column, said in columns.items():
        kind, _, unit = said.partition(" ")
        fields.append(Field(column, WORDS, "", kind, False, unit or None))  # type: ignore[arg-type]
    return Dataset(name, "1.0.0", WORDS, "", tuple(fields), (), (), "append", None, (), (), {}, "digest")
