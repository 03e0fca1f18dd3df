"""Published rows by what a person knows of them: the platform's own id, or values of columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hutong.errors import AskedWrongly, nearest
from hutong.lake import TOMBSTONE, query
from hutong.model.dataset import SOURCE, Dataset, Field
from hutong.registry import Registry
from hutong.store.paths import PER_PLATFORM, Store

MOST = 20
"""Rows that are named when a key fits several."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A published row, and a KEY that singles it out among those that were asked for."""

    row: Mapping[str, Any]
    key: str


def find(dataset: Dataset, key: str, registry: Registry, store: Store) -> list[Hit]:
    """The rows of `dataset` that `key` fits, tombstones too, the newest first; at most `MOST` and one more.

    key: a source_id, or `column=value,column=value`. Instants are ISO 8601 with an offset.
    Raises AskedWrongly when it cannot be read, or the dataset's rows do not come from a platform.
    """
    if dataset.id in PER_PLATFORM or "source_id" not in dataset.names:
        raise AskedWrongly(
            f"rows of {dataset.id} are made by hutong itself, not from a platform's record",
            "trace a row of a base dataset; `hutong datasets` lists them",
        )
    wanted = _read(key, dataset)
    chosen = " AND ".join(f'"{name}" = ${name}' for name in wanted)
    view = f"{dataset.id}_all" if TOMBSTONE in dataset.names else dataset.id
    order = ", ".join(f'"{name}"' for name in dataset.own_key)
    sql = f'SELECT * FROM "{view}" WHERE {chosen} ORDER BY observed_at DESC, {order} LIMIT {MOST + 1}'
    rows = query(sql, registry, store, wanted).to_pylist()
    sources = f'SELECT DISTINCT {", ".join(SOURCE)} FROM "{view}" WHERE {chosen} LIMIT 2'
    # Where all that fit come from one source, its names tell nobody apart.
    is_of_one = len(rows) < 2 or query(sources, registry, store, wanted).num_rows == 1
    names = dataset.own_key if is_of_one else dataset.key
    return [Hit(row, ",".join(f"{name}={_written(row[name])}" for name in names)) for row in rows]


def _read(key: str, dataset: Dataset) -> dict[str, Any]:
    """Column -> value, typed. A text without `column=` in front is a source_id, whatever it holds."""
    columns = "|".join(map(re.escape, dataset.names))
    if not re.match(rf"(?:{columns})=", key):
        named = re.match(r"([a-z][a-z0-9_]*)=", key)
        if named is not None:
            raise AskedWrongly(
                f"{dataset.id} has no column '{named[1]}'; {nearest(named[1], dataset.names)}",
                f"write `source_id={key}` if that is the id itself",
            )
        return {"source_id": key}
    # A comma parts two columns only where a column follows: values have commas too.
    parts = re.split(rf",(?=(?:{columns})=)", key)
    pairs = [part.partition("=") for part in parts]
    return {name: _typed(value, dataset.field(name), dataset) for name, _, value in pairs}


def _typed(text: str, field: Field, dataset: Dataset) -> Any:
    try:
        match field.type:
            case "int" | "long":
                return int(text)
            case "double":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case "date":
                return date.fromisoformat(text)
            case "timestamp":
                return _instant(text)
            case "binary":
                raise ValueError(text)
            case _:
                return text
    except (ValueError, KeyError):
        form = _FORMS.get(field.type, f"a {field.type}")
        raise AskedWrongly(f"{dataset.id}.{field.name} is {form}, which '{text}' is not", "write KEY again") from None


_FORMS = {
    "timestamp": "an instant with its offset, such as 2026-03-18T08:15:00+08:00",
    "date": "a date, such as 2026-03-18",
    "boolean": "true or false",
    "binary": "no column to look a row up by",
}


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)
