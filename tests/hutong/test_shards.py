"""A stream in shards: each is a live sequence of its own, and together they fill one table."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from hutong.budget import BOUNDLESS
from hutong.errors import PlatformError, RegistryError
from hutong.lake import query
from hutong.model.batch import Sequence
from hutong.model.window import Window
from hutong.pipeline import land_new, land_window, publish_waiting
from hutong.registry import Registry, open_registry
from hutong.release import release
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.landing import runs
from hutong.store.paths import Store
from hutong.validate.around import Around
from hutong.verify import verify
from tests.chaos.ground import KEYS
from tests.hutong.extract.speaking import Asked, Says, connector, says, speaking
from tests.hutong.publish.conftest import declare_without_gates, flow
from tests.hutong.redo.conftest import BASE, read_131_as_missing, rebuild, replay, seen
from tests.peers.declared import declare

STREAM = ("transport_info", "section_flow")
NORTH, SOUTH = (Sequence(*STREAM, "500000", f"shard/{area}") for area in ("north", "south"))
WINDOW = Window(datetime(2026, 3, 16, 16, tzinfo=UTC), datetime(2026, 3, 17, 16, tzinfo=UTC))


@dataclass
class Areas:
    """A platform that is asked area by area. down: area and page that it does not answer just now."""

    rows: dict[str, list[dict[str, Any]]]
    down: tuple[str, str] | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, asked: Asked) -> Says:
        area, page, size = asked.query["area"], asked.query["page"], int(asked.query["size"])
        self.asked.append((area, page))
        if self.down == (area, page):
            return Says(b"", 404)
        start, end = asked.query["startTime"], asked.query["endTime"]
        rows = [row for row in self.rows[area] if start <= row["statTime"] < end]
        first = (int(page) - 1) * size
        return says({"code": "0000", "data": {"total": len(rows), "rows": rows[first : first + size]}})


@dataclass
class Gateway:
    settings: Settings
    platform: Areas
    secrets: Secrets

    @cached_property
    def registry(self) -> Registry:
        return open_registry(self.settings)

    @property
    def store(self) -> Store:
        return Store(self.settings.lake)

    def sync(self, sequence: Sequence) -> None:
        registry = self.registry
        source = registry.source(*STREAM)
        try:
            land_new(source, sequence, self.store, self.secrets, BOUNDLESS)
        finally:
            deque(publish_waiting(source, sequence, registry, self.store, self.secrets), maxlen=0)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Both shards synced, that of the south in two goes, and the south backfilled. Two records are a batch."""
    folder = tmp_path_factory.mktemp("shards")
    path = declare_without_gates(folder) / "connectors" / "transport_info" / "connector.yaml"
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    stream = declared["streams"]["section_flow"]
    stream["paginator"]["page_size"] = stream["max_records"] = 2
    stream["incremental"]["since"] = "P3650D"
    stream["shards"] = ["north", "south"]
    stream["endpoint"] = {"path": stream["endpoint"], "params": {"area": "{shard}"}}
    path.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False), encoding="utf-8")
    platform = Areas(
        {
            "north": [flow("N1"), flow("N2"), flow("N3", occupancy=131), flow("N4")],
            "south": [flow("S1"), flow("S2", occupancy=131), flow("S3"), flow("S4", statTime="2026-03-17 08:15:00")],
        }
    )
    with speaking(platform.answer) as server:
        environment = {
            "HUTONG_ROOT": str(folder),
            "HUTONG_LAKE": str(folder / "lake"),
            "HUTONG_ADDRESS_TRANSPORT_INFO": server.address,
            **KEYS,
        }
        settings = read(environment)
        made = Gateway(settings, platform, resolver(settings, environment))
        made.sync(NORTH)
        platform.down = ("south", "2")
        with pytest.raises(PlatformError):
            made.sync(SOUTH)
        platform.down = None
        made.sync(SOUTH)
        registry, past = made.registry, SOUTH.within(WINDOW)
        land_window(registry.source(*STREAM), past, WINDOW, made.store, made.secrets, BOUNDLESS)
        deque(publish_waiting(registry.source(*STREAM), past, registry, made.store, made.secrets), maxlen=0)
        yield made


def test_each_shard_is_asked_for_alone_and_goes_on_where_its_own_pull_stopped(gateway: Gateway) -> None:
    assert gateway.registry.source(*STREAM).sequences == (NORTH, SOUTH)
    north, south = [("north", "1"), ("north", "2")], [("south", "1"), ("south", "2"), ("south", "2")]
    assert gateway.platform.asked == [*north, *south, ("south", "1")]
    past = SOUTH.within(WINDOW)
    assert past.id == "transport_info/section_flow/500000/shard/south/backfill/20260316T160000-20260317T160000"
    assert runs(gateway.store, NORTH) == [NORTH, SOUTH, past]


def test_all_shards_fill_one_table_and_the_account_balances(gateway: Gateway) -> None:
    sql = "SELECT source_id, run FROM traffic_flow ORDER BY source_id"
    rows = [tuple(row.values()) for row in query(sql, gateway.registry, gateway.store).to_pylist()]
    assert [run for _, run in rows] == ["shard/north"] * 3 + ["shard/south"] * 3
    assert verify(gateway.registry, gateway.store, gateway.secrets).problems == []
    pins = release("spring", "for those who read", gateway.registry, gateway.store).pins
    assert {pin.table for pin in pins} >= {"traffic_flow", "ledger"}


def test_a_shard_is_live_and_so_asked_for_freshness_and_its_backfill_is_not(gateway: Gateway) -> None:
    assert not Around(SOUTH, 1, gateway.registry, gateway.store).is_of_the_past
    assert Around(SOUTH.within(WINDOW), 1, gateway.registry, gateway.store).is_of_the_past


def test_a_rebuild_and_a_replay_take_all_shards_together(gateway: Gateway) -> None:
    for name in BASE:
        found = rebuild(name, gateway.registry, gateway.store, gateway.secrets)
        assert found.difference.is_none
        assert found.difference.compared == 6
    changed = read_131_as_missing(gateway.settings)
    found = replay(changed, gateway.store, gateway.secrets)
    assert found.batches == 5
    assert {one.dataset: (one.added, one.changed, one.removed) for one in found.differences} == {
        "road_segment": (2, 0, 0),
        "traffic_flow": (2, 0, 0),
    }
    assert verify(changed, gateway.store, gateway.secrets).problems == []
    assert {row["status"] for row in seen(changed, gateway.store, "quarantine")["quarantine"]} == {"released"}


@pytest.mark.parametrize(
    ("endpoint", "filled"),
    [
        ({"path": "/areas/{shard}/rows", "params": {"size": 5}}, {"path": "/areas/north/rows"}),
        (
            {"path": "/rows", "method": "POST", "json": {"in": ["{shard}"], "city": "{city}"}},
            {"json": {"in": ["north"], "city": "{city}"}},
        ),
        ({"transport": "database", "table": "outbound.v_{shard}", "key": ["no"]}, {"table": "outbound.v_north"}),
        (
            {"transport": "drop_folder", "pattern": "{shard}/*.csv", "whole": {"type": "stable", "for": "PT5S"}},
            {"pattern": "north/*.csv", "whole": {"type": "stable", "for": "PT5S"}},
        ),
    ],
)
def test_the_name_of_a_shard_goes_wherever_the_endpoint_wants_it(
    endpoint: dict[str, Any], filled: dict[str, Any]
) -> None:
    stream = connector("http://127.0.0.1:1", {"endpoint": endpoint, "shards": ["north"]}).streams["things"]
    asked = stream.of("north").endpoint
    assert asked == connector("http://127.0.0.1:1", {"endpoint": {**endpoint, **filled}}).streams["things"].endpoint


AREAS = {"path": "/rows", "params": {"area": "{shard}"}}


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ({"endpoint": "/rows", "shards": ["north"]}, "say by {shard} in `endpoint`"),
        ({"endpoint": AREAS}, "no shard is declared; name them: `shards: [north, south]`"),
        ({"endpoint": AREAS, "shards": ["north", "north"]}, "the shard 'north' stands twice"),
        ({"endpoint": AREAS, "shards": ["../north"]}, "found '../north'"),
        ({"endpoint": AREAS, "shards": ["north", "south"]}, "each shard would end the rows of the others"),
    ],
)
def test_shards_that_cannot_be_are_refused(stream: dict[str, Any], words: str, tmp_path: Path) -> None:
    root = declare(tmp_path, "front", {"address": "http://127.0.0.1:1"}, stream)
    with pytest.raises(RegistryError) as found:
        open_registry(read({"HUTONG_ROOT": str(root)}))
    assert words in "\n".join(found.value.problems)
