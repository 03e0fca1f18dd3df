"""Small things that many tests need: a stream, a dataset, pages, rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hutong.model.batch import Page
from hutong.model.connector import Stream
from hutong.model.dataset import Dataset, Field, FieldType, WriteMode
from hutong.model.declared import Words

START = datetime(2026, 3, 18, 0, 15, tzinfo=UTC)
WORDS = Words(zh="名", en="name")


def stream(**changes: Any) -> Stream:
    """A JSON stream whose records stand at `rows[]`."""
    declared = {"title": WORDS.model_dump(), "endpoint": "/rows", "data_selector": "rows", **changes}
    return Stream.model_validate(declared)


def page(rows: Sequence[Mapping[str, Any]], *, resume: str | None = None, cursor: str | None = None) -> Page:
    """A page that holds `rows`."""
    return Page(
        url="http://127.0.0.1/rows",
        status=200,
        content_type="application/json",
        body=json.dumps({"rows": list(rows)}, ensure_ascii=False).encode(),
        fetched_at=START,
        elapsed_s=0.1,
        attempts=1,
        records=len(rows),
        cursor=cursor,
        resume=resume,
        completeness="proven",
    )


def dataset(
    write_mode: WriteMode = "append",
    *,
    key: Sequence[str] = ("source_id",),
    revision: str | None = None,
    tombstones: bool = False,
    by_date: bool = False,
) -> Dataset:
    """A dataset of one value per source_id, with the engine's own columns."""
    types: dict[str, FieldType] = {
        "city": "string",
        "source_platform": "string",
        "source_stream": "string",
        "source_id": "string",
        "observed_at": "timestamp",
        "received_at": "timestamp",
        "batch": "long",
        "record": "int",
        "value": "double",
        "revised": "long",
    }
    if tombstones:
        types["last_seen_at"] = "timestamp"
    if by_date:
        types["date"] = "date"
    nullable = ("value", "revised", "last_seen_at")
    fields = tuple(Field(name, WORDS, "", kind, name not in nullable) for name, kind in types.items())
    return Dataset(
        id="thing",
        version="1.0.0",
        words=WORDS,
        description="",
        fields=fields,
        key=("city", "source_platform", "source_stream", *key),
        partition_by=("city", "date") if by_date else ("city",),
        write_mode=write_mode,
        revision=revision,
        rules=(),
        gates=(),
        properties={},
        digest="",
    )


def row(
    source_id: str, value: float | None, *, record: int = 0, batch: int = 1, at_s: float = 0, revised: int = 0
) -> dict[str, Any]:
    """A row of `dataset()`, observed `at_s` seconds after START."""
    return {
        "city": "500000",
        "source_platform": "cim",
        "source_stream": "thing",
        "source_id": source_id,
        "observed_at": START + timedelta(seconds=at_s),
        "received_at": START,
        "batch": batch,
        "record": record,
        "value": value,
        "revised": revised,
    }
