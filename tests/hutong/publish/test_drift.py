"""A source that changes under us, in each mode that a stream may declare: fates, quarantine, alerts, and what stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

import pytest
from click.testing import CliRunner

from hutong.cli.ledger import ledger
from hutong.cli.sync import sync
from hutong.lake import query
from hutong.model.batch import Published
from hutong.model.connector import DriftMode
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

MODES: tuple[DriftMode, ...] = get_args(DriftMode)
LATER = "2026-03-18 08:20:00"
Declare = Callable[[DriftMode], Registry]


@pytest.fixture
def declare(settings: Settings) -> Declare:
    """A function: drift mode -> the registry in which section_flow declares it."""
    connector = settings.root / "connectors" / "transport_info" / "connector.yaml"
    text = connector.read_text()

    def declared(mode: DriftMode) -> Registry:
        connector.write_text(text.replace("  section_flow:\n", f"  section_flow:\n    drift: {mode}\n"))
        return open_registry(settings)

    return declared


def publish_one(registry: Registry, store: Store, secrets: Secrets, *rows: dict[str, Any]) -> Published:
    """Land `rows` as a batch and publish it."""
    land_flow(registry, store, list(rows))
    (published,) = publish_flow(registry, store, secrets)
    return published


def asked(sql: str, registry: Registry, store: Store) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query(sql, registry, store).to_pylist()]


def alerts(registry: Registry, store: Store, batch: int = 1) -> list[tuple[Any, ...]]:
    sql = f"SELECT outcome, rule, count FROM ledger WHERE kind = 'drift' AND batch = {batch} ORDER BY ALL"
    return asked(sql, registry, store)


def quarantined(registry: Registry, store: Store) -> list[tuple[Any, ...]]:
    return asked("SELECT record, rule, place, value FROM quarantine ORDER BY record, place", registry, store)


def lean(link: str, **changes: Any) -> dict[str, Any]:
    """A section's next five minutes, without a field that the mapping reads and one that it does not."""
    return {
        name: value for name, value in flow(link, statTime=LATER).items() if name not in ("tpi", "direction")
    } | changes


DRIFTED = (
    lean("L1"),
    lean("L2", weather="rain"),
    lean("L3", direction=5),
    lean("L4", speed="36"),
    lean("L5", speed=36),
)
ALERTS = [("field_gone", "$.tpi", 5), ("field_new", "$.weather", 1), ("type_changed", "$.direction", 1)]
"""Of the two records with a text for a speed or a number, one is as declared: no change of the field."""

DIRECTION, SPEED = (2, "direction_type", "$.direction", "5"), (3, "speed_type", "$.speed", '"36"')
EXPECTED: dict[DriftMode, tuple[dict[str, int], list[tuple[Any, ...]]]] = {
    "evolve": ({"published": 3, "quarantined": 2}, [DIRECTION, SPEED]),
    "discard_value": ({"published": 4, "quarantined": 1}, [(3, "record_required", "$.speed", "(absent)")]),
    "discard_row": ({"published": 2, "withheld": 3}, []),
    "quarantine_row": (
        {"published": 2, "quarantined": 3},
        [(1, "weather_undeclared", "$.weather", '"rain"'), DIRECTION, SPEED],
    ),
    "freeze": ({"refused": 3, "quarantined": 2}, [DIRECTION, SPEED]),
}


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_does_what_it_says_tells_of_it_and_takes_nothing_from_what_is_published(
    mode: DriftMode, declare: Declare, store: Store, secrets: Secrets
) -> None:
    registry = declare("evolve")
    publish_one(registry, store, secrets, flow("L1"), flow("L2"))
    before = asked("SELECT * FROM traffic_flow ORDER BY source_id", registry, store)
    assert (len(before), alerts(registry, store)) == (2, [])
    registry = declare(mode)
    published = publish_one(registry, store, secrets, *DRIFTED)
    fates, refused = EXPECTED[mode]
    assert published.fates == fates
    assert quarantined(registry, store) == refused
    assert alerts(registry, store, batch=2) == ALERTS
    assert published.drift == {"field_new": 1, "field_gone": 1, "type_changed": 1}
    assert asked("SELECT * FROM traffic_flow WHERE batch = 1 ORDER BY source_id", registry, store) == before
    assert verify(registry, store, secrets).problems == []


def test_a_frozen_stream_refuses_the_batch_and_goes_on_with_the_next(
    declare: Declare, store: Store, secrets: Secrets
) -> None:
    registry = declare("freeze")
    land_flow(registry, store, [flow("L1"), flow("L2", weather="rain")])
    land_flow(registry, store, [flow("L1", statTime=LATER)])
    first, second = publish_flow(registry, store, secrets)
    assert (first.fates, second.fates) == ({"refused": 2}, {"published": 1})
    assert asked("SELECT batch FROM traffic_flow", registry, store) == [(2,)]
    assert asked("SELECT batch FROM road_segment", registry, store) == [(2,)]
    assert verify(registry, store, secrets).problems == []


def test_new_names_without_end_stay_bounded_in_the_ledger_and_in_the_quarantine(
    declare: Declare, store: Store, secrets: Secrets
) -> None:
    registry = declare("quarantine_row")
    wide = [flow(f"L{n}", **{f"k{n}_{m}" + "x" * 500: m for m in range(200)}) for n in range(3)]
    odd = flow("L4", **{"a.b": 1, "": 2, "\ud800\x1b[31m": 3, "{place}": 4, "车 道": 5, "'; DROP": 6})
    published = publish_one(registry, store, secrets, odd, *wide)
    assert published.fates == {"quarantined": 4}
    told = alerts(registry, store)
    assert len(told) == 51
    assert max(len(rule) for _, rule, _ in told) <= 200
    assert ("field_new", "$.*", 3) in told
    named = {rule for _, rule, _ in told}
    assert named >= {'$["a.b"]', '$[""]', '$["\\ud800\\u001b[31m"]', '$["{place}"]', '$["车 道"]', '$["\'; DROP"]'}
    findings = quarantined(registry, store)
    assert len(findings) == 6 + 3 * 50
    assert len({rule for _, rule, *_ in findings}) <= 51
    assert verify(registry, store, secrets).problems == []


def test_the_command_line_shows_the_drift(
    declare: Declare, settings: Settings, store: Store, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = declare("evolve")
    land_flow(registry, store, [flow("L1", weather="rain")])
    places = {"ROOT": settings.root, "LAKE": store.root, "SECRETS": settings.root / "none"}
    for name, path in places.items():
        monkeypatch.setenv(f"HUTONG_{name}", str(path))
    # Nothing can be pulled without its secret; what waits is published all the same.
    synced = CliRunner().invoke(sync, ["transport_info", "section_flow"])
    assert "field_new=1" in synced.stderr
    land_flow(registry, store, [flow("L1", weather="rain", statTime=LATER), flow("L2", weather="sun")])
    publish_flow(registry, store, secrets)

    def shown(*words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(CliRunner().invoke(ledger, ["--drift", "--json", *words]).stdout)
        return found

    (field,) = shown()
    assert (field["sequence"], field["change"], field["field"]) == (
        "transport_info/section_flow/500000",
        "field_new",
        "$.weather",
    )
    assert (field["batches"], field["first_batch"], field["last_batch"], field["records"]) == (2, 1, 2, 3)
    by_batch = shown("--batches", "--platform", "transport_info")
    assert [(one["batch"], one["records"], one["received"]) for one in by_batch] == [(1, 1, 1), (2, 2, 2)]
    assert shown("--platform", "cim") == []
