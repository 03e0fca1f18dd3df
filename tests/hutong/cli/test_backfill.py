"""`hutong backfill` in chunks, killed, stopped and run again beside live syncs, ends as if nothing had happened.

The stream has two shards, so a chunk is an hour of one of them.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
import yaml
from polars.testing import assert_frame_equal

from hutong.budget import BOUNDLESS
from hutong.cli.backfill import backfill
from hutong.lake import rows_of
from hutong.model.window import Window
from hutong.pipeline import land_new, land_window, publish_waiting
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.chaos.ground import KEYS
from tests.conftest import ROOT, command_environment
from tests.hutong.extract.speaking import Asked, Says, says, speaking
from tests.hutong.publish.conftest import declare_without_gates

CITY = ZoneInfo("Asia/Shanghai")
HOUR, PERIOD = timedelta(hours=1), timedelta(minutes=5)
NOON = datetime.now(CITY).replace(minute=0, second=0, microsecond=0) - 12 * HOUR
"""Where the backfill ends and what the live sync brings begins; the first live pull reaches some hours further back."""
STREAM = ("transport_info", "section_flow")


@dataclass
class Sections:
    """A platform that states the two sections of each area at the end of every five minutes.

    It is asked below `/past` by backfills and below `/live` by syncs, and knows of one period more at each live pull.
    past: window, area and page of each question by a backfill. reached: number of such a question -> is set when it
    has come, half a second before it is answered.
    """

    hours: int
    periods: int = 0
    past: list[tuple[str, str, str, int]] = field(default_factory=list)
    reached: dict[int, Event] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Says:
        start, end, area = asked.query["startTime"], asked.query["endTime"], asked.query["area"]
        page, size = int(asked.query["page"]), int(asked.query["size"])
        if asked.path.startswith("/past/"):
            self.past.append((start, end, area, page))
            if (event := self.reached.get(len(self.past))) is not None:
                event.set()
                time.sleep(0.5)
        elif asked.path.startswith("/live/"):
            self.periods += (area, page) == ("north", 1)
        rows = [row for row in self._rows(area) if start <= row["statTime"] < end]
        return says({"code": "0000", "data": {"total": len(rows), "rows": rows[(page - 1) * size : page * size]}})

    def _rows(self, area: str) -> Iterator[dict[str, Any]]:
        first = NOON - self.hours * HOUR
        for number in range((NOON - first) // PERIOD + self.periods):
            for section in range(2):
                yield {
                    "linkId": f"{area}-{section}",
                    "roadName": "金开大道",
                    "direction": "由东向西",
                    "angle": 180,
                    "length": 812,
                    "speed": float(20 + number % 40 + section),
                    "freeSpeed": 54.0,
                    "status": 1,
                    "tpi": 1.5,
                    "flow": 10 + number % 80,
                    "largeVehFlow": 2,
                    "period": 300,
                    "occupancy": 31.0,
                    "statTime": f"{first + number * PERIOD:%Y-%m-%d %H:%M:%S}",
                    "polyline": "106.5,29.563310;106.508,29.563288",
                    "crs": "WGS84",
                }


@dataclass
class Ground:
    """Declared files without gates, in which twenty records are a page and a batch; and where the platform is."""

    folder: Path
    address: str
    registries: dict[str, Registry] = field(default_factory=dict)

    def declare(self) -> None:
        path = declare_without_gates(self.folder / "declared") / "connectors" / "transport_info" / "connector.yaml"
        connector = yaml.safe_load(path.read_text(encoding="utf-8"))
        stream = connector["streams"]["section_flow"]
        stream["paginator"]["page_size"] = stream["max_records"] = 20
        stream["incremental"]["since"] = "PT15H"
        stream["shards"] = ["north", "south"]
        stream["endpoint"] = {"path": stream["endpoint"], "params": {"area": "{shard}"}}
        path.write_text(yaml.safe_dump(connector, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def environment(self, lake: str, asks: str) -> dict[str, str]:
        return command_environment(
            {
                "HUTONG_ROOT": str(self.folder / "declared"),
                "HUTONG_LAKE": str(self.folder / lake),
                "HUTONG_BUDGET": str(self.folder / "budget"),
                "HUTONG_LANG": "en",
                "HUTONG_ADDRESS_TRANSPORT_INFO": f"{self.address}/{asks}",
                **KEYS,
            }
        )

    def opened(self, lake: str, asks: str) -> tuple[Registry, Store, Secrets]:
        environment = self.environment(lake, asks)
        settings = read(environment)
        if asks not in self.registries:
            self.registries[asks] = open_registry(settings)
        return self.registries[asks], Store(settings.lake), resolver(settings, environment)

    def backfill(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "hutong.cli", "backfill", *STREAM, *words]
        return subprocess.Popen(
            command, env=self.environment("lake", "past"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def sync(self, lake: str, asks: str) -> None:
        registry, store, secrets = self.opened(lake, asks)
        source = registry.source(*STREAM)
        for sequence in source.sequences:
            land_new(source, sequence, store, secrets, BOUNDLESS)
            deque(publish_waiting(source, sequence, registry, store, secrets), maxlen=0)

    def rows(self, dataset: str, lake: str) -> pl.DataFrame:
        """What a dataset says, whichever batch it came by and when."""
        registry, store, _ = self.opened(lake, "live")
        declared = registry.dataset(dataset)
        frame = pl.from_arrow(rows_of(declared, registry, store).to_table())
        assert isinstance(frame, pl.DataFrame)
        return frame.drop("received_at", "batch", "record", "run").sort(declared.key)


@contextmanager
def syncing(ground: Ground) -> Iterator[None]:
    """Live syncs in this process, one after the other, until the context ends."""
    over = Event()

    def sync() -> None:
        while not over.wait(1):
            ground.sync("lake", "live")

    with ThreadPoolExecutor(1) as threads:
        live = threads.submit(sync)
        try:
            yield
        finally:
            over.set()
            live.result()


@pytest.mark.parametrize("hours", [3, pytest.param(24, marks=pytest.mark.slow)])
def test_killed_stopped_and_resumed_beside_live_syncs_it_ends_as_a_fresh_pull(
    hours: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    platform = Sections(hours, reached={4: Event(), 8: Event()})
    with speaking(platform.answer) as server:
        ground = Ground(tmp_path, server.address)
        ground.declare()
        bounds = "--from", (NOON - hours * HOUR).isoformat(), "--to", NOON.isoformat()
        with syncing(ground):
            for question, number in ((4, signal.SIGKILL), (8, signal.SIGTERM)):
                begun = ground.backfill(*bounds, "--chunk", "1h")
                assert platform.reached[question].wait(60)
                begun.send_signal(number)
                _, said = begun.communicate(timeout=60)
            assert begun.returncode == 128 + signal.SIGTERM
            assert "the same command again goes on with them" in said
            for name, value in ground.environment("lake", "past").items():
                monkeypatch.setenv(name, value)
            backfill.main([*STREAM, *bounds, "--chunk", "PT1H", "--max-parallel", "3", "--json"], standalone_mode=False)
        states = Counter(chunk["state"] for chunk in json.loads(capsys.readouterr().out))
        assert states == {"earlier": 3, "brought": 2 * hours - 3}
        # Two pages a chunk; only the one that nobody was left to receive was asked for again.
        assert [asked for asked, times in Counter(platform.past).items() if times > 1] == [platform.past[3]]
        assert len(platform.past) == 2 * 2 * hours + 1

        ground.sync("fresh", "fresh")
        registry, store, secrets = ground.opened("fresh", "fresh")
        source = registry.source(*STREAM)
        whole = Window(NOON - hours * HOUR, NOON)
        for sequence in (live.within(whole) for live in source.sequences):
            land_window(source, sequence, whole, store, secrets, BOUNDLESS)
            deque(publish_waiting(source, sequence, registry, store, secrets), maxlen=0)
    assert platform.periods > 2
    for dataset in ("traffic_flow", "road_segment"):
        assert_frame_equal(ground.rows(dataset, "lake"), ground.rows(dataset, "fresh"))
    assert ground.rows("traffic_flow", "lake").height == 4 * (12 * hours + platform.periods)
    registry, store, secrets = ground.opened("lake", "live")
    assert verify(registry, store, secrets).problems == []


def test_a_dry_run_lists_the_chunks_and_asks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUTONG_ROOT", str(ROOT))
    monkeypatch.setenv("HUTONG_LAKE", str(tmp_path / "lake"))
    day = "--from", "2026-03-17T22:00+08:00", "--to", "2026-03-18T06:30+08:00"
    backfill.main([*STREAM, *day, "--chunk", "6h", "--dry-run", "--json"], standalone_mode=False)
    chunks = json.loads(capsys.readouterr().out)
    assert [(one["from"][11:16], one["to"][11:16], one["state"]) for one in chunks] == [
        ("22:00", "00:00", "open"),
        ("00:00", "06:00", "open"),
        ("06:00", "06:30", "open"),
    ]
    assert not (tmp_path / "lake").exists()
