"""A contract's terms as text, so that a table can carry what it was made under.

Only what two versions of a contract are compared by; the rules that its columns imply follow from them. A word at its
default is left out, and a word that is not known is passed over: tables outlive releases.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from hutong.model.dataset import Dataset, Field, Gate, RowRule
from hutong.model.declared import Words

IMPLIED = frozenset({"required", "range", "pattern", "code"})
"""Kinds of row rules that follow from columns."""

_UNSAID = frozenset({"words", "description_zh"})
"""Of a field: what stands elsewhere, and what no two versions are compared by."""

_DEFAULTS: Mapping[str, Any] = {item.name: item.default for item in fields(Field) if item.default is not MISSING}


def terms(dataset: Dataset) -> str:
    """The terms of `dataset` as JSON: the same text for the same terms."""
    found = {
        "contract": dataset.contract,
        "version": dataset.version,
        "words": dataset.words.model_dump(),
        "description": dataset.description,
        "fields": [_field(field) for field in dataset.fields],
        "key": dataset.key,
        "partition_by": dataset.partition_by,
        "write_mode": dataset.write_mode,
        "revision": dataset.revision,
        "rules": [
            {"id": rule.id, "kind": rule.kind, "fields": rule.fields, "args": rule.args}
            for rule in dataset.rules
            if rule.kind not in IMPLIED
        ],
        "gates": [
            {
                "name": gate.name,
                "words": gate.words.model_dump(),
                "severity": gate.severity,
                "expectation": gate.expectation,
                "kwargs": gate.kwargs,
            }
            for gate in dataset.gates
        ],
        "properties": dataset.properties,
    }
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def read_terms(text: str) -> Dataset:
    """The dataset whose terms are `text`. What terms leave out is empty: implied rules, digest, end."""
    found = json.loads(text)
    return Dataset(
        id=found["contract"],
        version=found["version"],
        words=Words(**found["words"]),
        description=found["description"],
        fields=tuple(_read_field(field) for field in found["fields"]),
        key=tuple(found["key"]),
        partition_by=tuple(found["partition_by"]),
        write_mode=found["write_mode"],
        revision=found["revision"],
        rules=tuple(
            RowRule(rule["id"], rule["kind"], tuple(rule["fields"]), tuple(rule["args"])) for rule in found["rules"]
        ),
        gates=tuple(
            Gate(gate["name"], Words(**gate["words"]), gate["severity"], gate["expectation"], gate["kwargs"])
            for gate in found["gates"]
        ),
        properties=found["properties"],
        digest="",
    )


def _field(field: Field) -> dict[str, Any]:
    found = {item.name: getattr(field, item.name) for item in fields(field) if item.name not in _UNSAID}
    said = {name: value for name, value in found.items() if name not in _DEFAULTS or value != _DEFAULTS[name]}
    return {**said, "words": field.words.model_dump()}


def _read_field(said: dict[str, Any]) -> Field:
    known = {item.name for item in fields(Field)}
    return Field(
        **{name: value for name, value in said.items() if name in known and name != "words"},
        words=Words(**said["words"]),
    )
