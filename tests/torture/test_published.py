"""What lands strangely is published exactly or kept with a reason; the records beside it go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hutong.land.stage import land
from hutong.model.batch import Page
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.store.paths import Store
from tests.hutong.making import START
from tests.hutong.publish.conftest import flow, publish_flow, settings_in

STRANGE: dict[str, Any] = {
    "an integer beyond 64 bits for a count": {"flow": 10**30},
    "an integer beyond 64 bits for a name": {"linkId": 10**30},
    "an integer that a double would round": {"flow": 2**53 + 1},
    "a text for a number": {"speed": "36.0"},
    "a list for a text": {"linkId": ["L1"]},
    "an object for a number": {"speed": {"value": 36}},
    "half a surrogate pair": {"linkId": "\ud800"},
    "a NUL": {"roadName": "a\0b"},
    "the largest double": {"speed": 1.7976931348623157e308},
    "a name in other letters": {"LINKID": "L1", "linkId": None},
}


@pytest.mark.parametrize("changes", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_record_stops_nobody_and_is_accounted_for(changes: dict[str, Any], tmp_path: Path) -> None:
    published = carried([json.dumps(flow("good")), json.dumps(flow("odd") | changes)], tmp_path)
    assert published.received == 2
    assert sum(published.fates.values()) == 2
    assert published.fates.get("published", 0) >= 1


def test_a_record_that_names_a_field_twice_is_quarantined_with_both_values(tmp_path: Path) -> None:
    twice = json.dumps(flow("odd")).replace('"flow": 25', '"flow": 25, "flow": 250')
    assert carried([json.dumps(flow("good")), twice], tmp_path).fates == {"published": 1, "quarantined": 1}


def carried(rows: list[str], folder: Path) -> Any:
    """`rows`, as JSON texts, landed and published as one batch."""
    settings = settings_in(folder)
    registry, store = open_registry(settings), Store(settings.lake)
    source = registry.source("transport_info", "section_flow")
    body = f'{{"code": "0000", "data": {{"total": {len(rows)}, "rows": [{", ".join(rows)}]}}}}'.encode()
    page = Page(
        "http://127.0.0.1/flow", 200, "application/json", body, START, 0.1, 1, len(rows), None, None, "proven"
    )  # fmt: skip
    land(source.sequences[0], source.stream, [page], store, None)
    [published] = publish_flow(registry, store, resolver(settings))
    return published
