"""Whatever is declared is said in Chinese and in English: a dictionary with holes is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from hutong.model.dataset import Dataset
from hutong.model.declared import Words
from hutong.registry import Registry, open_registry
from hutong.settings import read

ROOT = Path(__file__).parents[3]
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What this repository declares, gates too."""
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


def texts(dataset: Dataset) -> Iterator[tuple[str, Words]]:
    """Everything that a contract says to people, with where it says it."""
    yield "name", dataset.words
    assert dataset.about is not None
    for item in fields(dataset.about):
        yield item.name, getattr(dataset.about, item.name)
    for field in dataset.fields:
        yield f"{field.name} name", field.words
        yield f"{field.name} description", Words(en=field.description, zh=field.description_zh)
    for gate in dataset.gates:
        yield f"gate {gate.name}", gate.words


def test_every_dataset_field_and_gate_is_said_in_both_languages(registry: Registry) -> None:
    lacking = [
        f"{dataset.id} {place}"
        for dataset in registry.datasets.values()
        for place, words in texts(dataset)
        if not HAN.search(words.zh) or not re.search("[A-Za-z]", words.en)
    ]
    assert lacking == []


def test_an_english_name_is_a_name_and_not_a_column(registry: Registry) -> None:
    for dataset in registry.datasets.values():
        names = [field.words.en for field in dataset.fields]
        assert [name for name in names if "_" in name or not name[0].isupper()] == []
        assert len(set(names)) == len(names)


def test_every_code_platform_and_stream_is_said_in_both_languages(registry: Registry) -> None:
    assert all(code.zh and code.en for codes in registry.codes.values() for code in codes.values())
    titles = [connector.title for connector in registry.connectors.values()]
    titles += [source.stream.title for source in registry.sources.values()]
    assert all(HAN.search(title.zh) and title.en for title in titles)
