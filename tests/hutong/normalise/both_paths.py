"""Both paths beside each other: what makes a plan of a few lines, and compares what becomes of pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hutong.model.batch import Sequence as Run
from hutong.model.connector import Connector
from hutong.model.dataset import Dataset, Field, FieldType, WriteMode
from hutong.model.declared import Words
from hutong.model.mapping import Mapping as Declared
from hutong.model.rows import Normalised
from hutong.normalise import Plan, Pseudonymiser, compile_source, normalise, normalise_records
from hutong.pages import records_of
from hutong.registry import Source
from hutong.store.landing import LandedPage

RUN = Run("cim", "lamp", "500000")
KEY = Pseudonymiser.from_hex("ab" * 32)
AT = datetime(2026, 3, 18, 0, 16, tzinfo=UTC)
WALK = {"kind": {"motor": "motor", "1": "motor", "2": "walker", "true": "yes", "": "empty", "0.5": "half"}}
ENGINE: dict[str, FieldType] = {
    "city": "string",
    "source_platform": "string",
    "source_stream": "string",
    "batch": "long",
    "run": "string",
    "record": "int",
    "received_at": "timestamp",
}


def page(body: bytes, number: int = 0) -> LandedPage:
    at = AT + timedelta(seconds=number)
    return LandedPage(number, body, "application/json", at, 0.1, 1, 1, "proven", "")


def plan(
    schema: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Mapping[str, Any]],
    key: Sequence[str] = (),
    **stream: Any,
) -> Plan:
    """rows: parts of a mapping. columns: dataset -> column -> its type, or type and unit. key: of each dataset."""
    words = {"zh": "灯", "en": "lamp"}
    connector = Connector.model_validate(
        {
            "platform": "cim",
            "title": words,
            "owner": "somebody",
            "tier": "regional",
            "cities": ["500000"],
            "address": "http://127.0.0.1",
            "streams": {"lamp": {"title": words, "endpoint": "/lamps", "data_selector": "rows", **stream}},
        }
    )
    datasets = {name: dataset(name, of, key) for name, of in columns.items()}
    mapping = Declared.model_validate({"stream": "cim.lamp", "version": 1, "rows": rows})
    source = Source(connector, "lamp", connector.streams["lamp"], dict(schema), mapping, "digest", datasets, WALK, {})
    return compile_source(source, KEY)


def dataset(name: str, columns: Mapping[str, Any], key: Sequence[str] = ()) -> Dataset:
    # With a key, things that a refresh may find gone.
    columns = {**columns, "last_seen_at": "timestamp"} if key else columns
    said = {
        column: kind if isinstance(kind, tuple) else (kind, None) for column, kind in (ENGINE | dict(columns)).items()
    }
    words = Words(zh="甲", en="a")
    fields = tuple(Field(column, words, "", kind, False, unit) for column, (kind, unit) in said.items())
    mode: WriteMode = "latest" if key else "append"
    return Dataset(name, "1.0.0", words, "", fields, tuple(key), (), mode, None, (), (), {}, "digest")


def both(pages: Sequence[LandedPage], of: Plan) -> tuple[Normalised, Normalised]:
    """What the fast path makes of `pages`, and what the reference path does."""
    records = list(records_of(pages, of.stream))
    return normalise(pages, RUN, 7, of, lambda values: {}), normalise_records(records, RUN, 7, of)


def same(pages: Sequence[LandedPage], of: Plan) -> Normalised:
    """What both paths make of `pages`; fails where they differ in anything at all."""
    fast, reference = both(pages, of)
    assert fast.received == reference.received
    assert fast.refused == reference.refused
    assert (fast.withheld, list(fast.drift), fast.is_frozen) == (
        reference.withheld,
        list(reference.drift),
        reference.is_frozen,
    )
    assert set(fast.frames) == set(reference.frames)
    for name, frame in fast.frames.items():
        assert frame.schema == reference.frames[name].schema
        # By their representation, so that -0.0 is not 0.0.
        assert repr(frame.rows()) == repr(reference.frames[name].rows())
    for number in range(fast.received):
        assert fast.record(number) == reference.record(number)
    return fast
