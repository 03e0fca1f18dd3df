"""What the tasks do with a window and with a full refresh, against a platform that answers what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from airflow.sdk.exceptions import AirflowSkipException

from hutong.errors import PlatformGarbled, PlatformResting
from hutong.orchestrate.plan import Place
from hutong.orchestrate.tasks import bring, events_of, land, plan_backfill, plan_sync, publish, refused_of
from hutong.pauses import pause
from hutong.registry import Registry, open_registry
from hutong.settings import read
from hutong.store.paths import Store
from tests.city.copied import change
from tests.hutong.extract.speaking import Asked, Says, Server, says, speaking
from tests.hutong.publish.conftest import declare_without_gates, flow

HOUR = timedelta(hours=1)
FORM = {
    "stream": "section_flow",
    "cities": [],
    "window_from": "2026-03-17T08:00:00+08:00",
    "window_to": "2026-03-17T11:00:00+08:00",
    "chunk": "1h",
    "max_parallel": 1,
    "dry_run": False,
}
SYNC = {
    "streams": ["section_flow"],
    "cities": [],
    "window_from": None,
    "window_to": None,
    "full_refresh": False,
    "dry_run": False,
}
NO_INTERVAL = (None, None)


@dataclass
class Line:
    """A platform, and a lake of its own."""

    server: Server
    lake: Store
    garbles: Callable[[str], bool]
    adds: dict[str, str] = field(default_factory=dict)

    @property
    def registry(self) -> Registry:
        return open_registry(read())

    def times(self) -> list[datetime]:
        """Of all rows that are published."""
        table = self.registry.dataset("traffic_flow").table
        found = pl.scan_delta(self.lake.base(table).uri).select("period_start").collect()
        return sorted(found["period_start"].to_list())

    def asked(self) -> list[str]:
        """The beginnings of the windows that it was asked for, each once, in order; they are forgotten then."""
        begins = [one.query["startTime"] for one in self.server.asked]
        self.server.asked.clear()
        return list(dict.fromkeys(begins))


def telling(asked: Asked, **more: str) -> Says:
    """A row of section_flow every ten minutes, whatever stretch is asked for. more: undeclared fields of each."""
    start, end = (datetime.fromisoformat(asked.query[name]) for name in ("startTime", "endTime"))
    first = start + (datetime.min - start) % timedelta(minutes=10)
    many = range(max(0, -((first - end) // timedelta(minutes=10))))
    times = [first + number * timedelta(minutes=10) for number in many]
    rows = [flow("L1", statTime=str(one), **more) for one in times]
    return says({"code": "0000", "data": {"total": len(rows), "rows": rows}})


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    line: Line

    def dialect(asked: Asked) -> Says:
        if line.garbles(asked.query["startTime"]):
            return Says(b"<html>", content_type="text/html")
        return telling(asked, **line.adds)

    with speaking(dialect) as server:
        line = Line(server, Store(str(tmp_path / "lake")), lambda _: False)
        declare_without_gates(tmp_path)
        variables = {
            "ROOT": str(tmp_path),
            "LAKE": str(tmp_path / "lake"),
            "BUDGET": str(tmp_path / "budget"),
            "ADDRESS_TRANSPORT_INFO": server.address,
            "SECRET_TRANSPORT_INFO_APP_KEY": "planted-key",
            "SECRET_TRANSPORT_INFO_SECRET": "planted-secret",
        }
        for name, value in variables.items():
            monkeypatch.setenv(f"HUTONG_{name}", value)
        yield line


def test_a_backfill_goes_on_behind_the_chunks_that_came(line: Line) -> None:
    (queue,) = plan_backfill(line.registry, "transport_info", FORM)
    line.garbles = lambda begin: begin == "2026-03-17 09:00:00"
    with pytest.raises(PlatformGarbled):
        bring(line.registry, queue)
    assert line.asked() == ["2026-03-17 08:00:00", "2026-03-17 09:00:00", "2026-03-17 10:00:00"]
    assert len(line.times()) == 12
    line.garbles = lambda _: False
    (receipt,) = bring(line.registry, queue)
    assert line.asked() == ["2026-03-17 09:00:00"]
    assert len(line.times()) == len(set(line.times())) == 18
    assert bring(line.registry, queue) == []
    assert line.asked() == []
    told = events_of(receipt)["traffic_flow"]
    assert told["window"] == ("2026-03-17T01:00:00+00:00", "2026-03-17T02:00:00+00:00")
    assert told["received"] == sum(told["fates"].values()) == 6
    assert told["rows"]["written"] == 6
    assert isinstance(told["version"], int)


@pytest.mark.slow
def test_a_window_of_a_sync_is_the_same_chunk_as_that_of_a_backfill(line: Line) -> None:
    interval = datetime(2026, 3, 17, tzinfo=UTC), datetime(2026, 3, 17, tzinfo=UTC) + HOUR
    (place,) = plan_sync(line.registry, "transport_info", "live", SYNC, "backfill", interval, datetime.now(UTC))
    land(line.registry, place)
    publish(line.registry, place)
    assert line.asked() == ["2026-03-17 08:00:00"]
    (queue,) = plan_backfill(line.registry, "transport_info", FORM)
    bring(line.registry, queue)
    assert line.asked() == ["2026-03-17 09:00:00", "2026-03-17 10:00:00"]


def test_a_dry_run_asks_no_platform_and_leaves_nothing_to_do(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert plan_backfill(line.registry, "transport_info", FORM | {"dry_run": True}) == []
    dry = plan_sync(
        line.registry, "transport_info", "live", SYNC | {"dry_run": True}, "manual", NO_INTERVAL, datetime.now(UTC)
    )
    assert dry == []
    assert line.asked() == []
    assert "would sync section_flow · 500000 · 2026-03-17 08:00 – 09:00" in caplog.text
    assert "sequence=transport_info/section_flow/500000 landed=0" in caplog.text


@pytest.mark.slow
def test_a_full_refresh_reads_from_the_beginning_and_ends_in_the_same_rows(line: Line) -> None:
    live = Place(name="section_flow", sequence="transport_info/section_flow/500000", window=None)
    land(line.registry, live)
    publish(line.registry, live)
    before, (beginning,) = line.times(), line.asked()
    began = datetime.now(UTC)
    (anew,) = plan_sync(
        line.registry, "transport_info", "live", SYNC | {"full_refresh": True}, "manual", NO_INTERVAL, began
    )
    land(line.registry, anew)
    publish(line.registry, anew)
    (again,) = line.asked()
    # A day back, as the very first pull: the clock has gone on by the seconds of this test.
    assert datetime.fromisoformat(again) - datetime.fromisoformat(beginning) < timedelta(minutes=5)
    assert line.times()[: len(before) - 1] == before[: len(before) - 1]
    assert len(line.times()) == len(set(line.times()))
    land(line.registry, live)
    assert datetime.fromisoformat(line.asked()[0]) - datetime.fromisoformat(beginning) > timedelta(hours=23)


def test_a_window_that_meets_a_pause_fails_since_nobody_comes_again_for_it(line: Line) -> None:
    (queue,) = plan_backfill(line.registry, "transport_info", FORM)
    pause("transport_info", "works on the line", line.registry, line.lake)
    with pytest.raises(PlatformResting, match="works on the line"):
        bring(line.registry, queue)
    (live,) = plan_sync(line.registry, "transport_info", "live", SYNC, "manual", NO_INTERVAL, datetime.now(UTC))
    with pytest.raises(AirflowSkipException):
        land(line.registry, live)


def test_what_was_refused_of_a_backfill_is_told_after_a_try_that_found_all_of_it_there(line: Line) -> None:
    (queue,) = plan_backfill(line.registry, "transport_info", FORM)
    assert refused_of(line.registry, "transport_info", [queue])["refused_batches"] == 0
    connector = line.registry.root / "connectors" / "transport_info" / "connector.yaml"
    change(connector, "  section_flow:\n", "  section_flow:\n    drift: freeze\n")
    line.adds = {"weather": "rain"}
    assert all(receipt["refused_batches"] for receipt in bring(line.registry, queue))
    assert bring(line.registry, queue) == []
    assert refused_of(line.registry, "transport_info", [queue])["refused_batches"] == 3
