"""What is declared in one language only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from hutong.model.dataset import Dataset
from hutong.model.declared import Words
from hutong.registry import Registry

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")


def lacking(registry: Registry) -> list[str]:
    """Everything that lacks a language, as `path: what lacks which`, in the order of the files."""
    found = [
        f"{path}: {what} has no {language} {'text' if ' ' in what else 'name'}"
        for path, what, words in _said(registry)
        for language, is_there in (("Chinese", _HAN.search(words.zh)), ("English", _LATIN.search(words.en)))
        if not is_there
    ]
    return sorted(dict.fromkeys(found))


def _said(registry: Registry) -> Iterator[tuple[str, str, Words]]:
    """Every text: its file, what it is of, and the words."""
    for dataset in registry.datasets.values():
        path = f"schemas/{dataset.contract}{f'.v{dataset.major}' if dataset.successor else ''}.odcs.yaml"
        yield from ((path, what, words) for what, words in _of_dataset(dataset))
    for name, codes in registry.codes.items():
        for code in codes.values():
            yield f"mappings/codes/{name}.csv", code.code, Words(zh=code.zh, en=code.en)
    for platform, connector in registry.connectors.items():
        path = f"connectors/{platform}/connector.yaml"
        yield path, platform, connector.title
        for name, stream in connector.streams.items():
            yield path, name, stream.title


def _of_dataset(dataset: Dataset) -> Iterator[tuple[str, Words]]:
    yield dataset.id, dataset.words
    if dataset.about is not None:
        for item in fields(dataset.about):
            yield f"{item.name} of {dataset.id}", getattr(dataset.about, item.name)
    for field in dataset.fields:
        # A column's own name is no word of a language.
        en = "" if field.words.en == field.name else field.words.en
        yield field.name, Words(zh=field.words.zh, en=en)
        yield f"description of {field.name}", Words(zh=field.description_zh, en=field.description)
    for gate in dataset.gates:
        yield f"gate {gate.name}", gate.words
