"""A platform that tells of its past hour by hour, and gateways that pull from it in two shards."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import yaml
from polars.testing import assert_frame_equal

from hutong.budget import BOUNDLESS
from hutong.lake import rows_of
from hutong.model.window import Window
from hutong.pipeline import land_new, land_window, publish_waiting
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.chaos.ground import KEYS
from tests.conftest import command_environment
from tests.hutong.extract.speaking import Asked, Says, says
from tests.hutong.publish.conftest import declare_without_gates

CITY = ZoneInfo("Asia/Shanghai")
HOUR, PERIOD = timedelta(hours=1), timedelta(minutes=5)
NOON = datetime.now(CITY).replace(minute=0, second=0, microsecond=0) - 12 * HOUR
"""Where the backfill ends and what the live sync brings begins; the first live pull reaches some hours further back."""
STREAM = ("transport_info", "section_flow")


@dataclass
class Sections:
    """A platform that states the two sections of each area at the end of every five minutes.

    It knows of one period more at each live pull, which is one that asks for what lies behind NOON; below `/fresh`
    nothing changes it. past: window, area and page of each question by a backfill. reached: number of such a question
    -> is set when it has come, half a second before it is answered.
    """

    hours: int
    periods: int = 0
    past: list[tuple[str, str, str, int]] = field(default_factory=list)
    reached: dict[int, Event] = field(default_factory=dict)

    def answer(self, asked: Asked) -> Says:
        start, end, area = asked.query["startTime"], asked.query["endTime"], asked.query["area"]
        page, size = int(asked.query["page"]), int(asked.query["size"])
        if asked.path.startswith("/fresh/"):
            pass
        elif end <= f"{NOON:%Y-%m-%d %H:%M:%S}":
            self.past.append((start, end, area, page))
            if (event := self.reached.get(len(self.past))) is not None:
                event.set()
                time.sleep(0.5)
        else:
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
    """Where lakes are filled from the platform at `address`, by declared files in which it is the only one, has two
    shards and an hourly cadence, and twenty records are a page and a batch.
    """

    folder: Path
    address: str
    registries: dict[str, Registry] = field(default_factory=dict)

    def declare(self) -> None:
        root = declare_without_gates(self.root)
        for kind in ("connectors", "mappings"):
            for one in (root / kind).iterdir():
                if one.name not in (STREAM[0], "codes"):
                    shutil.rmtree(one)
            for one in (root / kind / STREAM[0]).glob("*.[yj]*"):
                if one.name.partition(".")[0] not in (STREAM[1], "connector"):
                    one.unlink()
        path = root / "connectors" / STREAM[0] / "connector.yaml"
        connector = yaml.safe_load(path.read_text(encoding="utf-8"))
        stream = connector["streams"][STREAM[1]]
        connector["cadences"] = {stream.setdefault("cadence", "live"): "0 * * * *"}
        connector["streams"] = {STREAM[1]: stream}
        stream["paginator"]["page_size"] = stream["max_records"] = 20
        stream["incremental"]["since"] = "PT15H"
        stream["shards"] = ["north", "south"]
        stream["endpoint"] = {"path": stream["endpoint"], "params": {"area": "{shard}"}}
        path.write_text(yaml.safe_dump(connector, allow_unicode=True, sort_keys=False), encoding="utf-8")

    @property
    def root(self) -> Path:
        return self.folder / "declared"

    def environment(self, lake: str) -> dict[str, str]:
        return command_environment(self.variables(lake))

    def variables(self, lake: str) -> dict[str, str]:
        """What HUTONG_* must say."""
        return {
            "HUTONG_ROOT": str(self.root),
            "HUTONG_LAKE": str(self.folder / lake),
            "HUTONG_BUDGET": str(self.folder / "budget"),
            "HUTONG_LANG": "en",
            "HUTONG_ADDRESS_TRANSPORT_INFO": f"{self.address}/{lake}",
            **KEYS,
        }

    def opened(self, lake: str) -> tuple[Registry, Store, Secrets]:
        environment = self.environment(lake)
        settings = read(environment)
        if lake not in self.registries:
            self.registries[lake] = open_registry(settings)
        return self.registries[lake], Store(settings.lake), resolver(settings, environment)

    def backfill(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-P", "-m", "hutong.cli", "backfill", *STREAM, *words]
        return subprocess.Popen(
            command, env=self.environment("lake"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def sync(self, lake: str) -> None:
        registry, store, secrets = self.opened(lake)
        source = registry.source(*STREAM)
        for sequence in source.sequences:
            land_new(source, sequence, store, secrets, BOUNDLESS)
            deque(publish_waiting(source, sequence, registry, store, secrets), maxlen=0)

    def rows(self, dataset: str, lake: str) -> pl.DataFrame:
        """What a dataset says, whichever batch it came by and when."""
        registry, store, _ = self.opened(lake)
        declared = registry.dataset(dataset)
        frame = pl.from_arrow(rows_of(declared, registry, store).to_table())
        assert isinstance(frame, pl.DataFrame)
        return frame.drop("received_at", "batch", "record", "run").sort(declared.key)

    def must_equal_a_fresh_pull(self, platform: Sections) -> None:
        """Hold the lake against one that pulled the whole past in one window, and all that is live, just now."""
        self.sync("fresh")
        registry, store, secrets = self.opened("fresh")
        source, whole = registry.source(*STREAM), Window(NOON - platform.hours * HOUR, NOON)
        for sequence in (live.within(whole) for live in source.sequences):
            land_window(source, sequence, whole, store, secrets, BOUNDLESS)
            deque(publish_waiting(source, sequence, registry, store, secrets), maxlen=0)
        for dataset in ("traffic_flow", "road_segment"):
            assert_frame_equal(self.rows(dataset, "lake"), self.rows(dataset, "fresh"))
        assert self.rows("traffic_flow", "lake").height == 4 * (12 * platform.hours + platform.periods)
        registry, store, secrets = self.opened("lake")
        assert verify(registry, store, secrets).problems == []
