"""`hutong backfill` in chunks, killed, stopped and run again beside live syncs, ends as if nothing had happened.

The stream has two shards, so a chunk is an hour of one of them.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from hutong.cli.backfill import backfill
from tests.conftest import ROOT
from tests.hutong.extract.speaking import speaking
from tests.hutong.hourly import HOUR, NOON, STREAM, Ground, Sections


@contextmanager
def syncing(ground: Ground) -> Iterator[None]:
    """Live syncs in this process, one after the other, until the context ends."""
    over = Event()

    def sync() -> None:
        while not over.wait(1):
            ground.sync("lake")

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
            for name, value in ground.environment("lake").items():
                monkeypatch.setenv(name, value)
            backfill.main([*STREAM, *bounds, "--chunk", "PT1H", "--max-parallel", "3", "--json"], standalone_mode=False)
        states = Counter(chunk["state"] for chunk in json.loads(capsys.readouterr().out))
        assert states == {"earlier": 3, "brought": 2 * hours - 3}
        # Two pages a chunk; only the one that nobody was left to receive was asked for again.
        assert [asked for asked, times in Counter(platform.past).items() if times > 1] == [platform.past[3]]
        assert len(platform.past) == 2 * 2 * hours + 1

        assert platform.periods > 2
        ground.must_equal_a_fresh_pull(platform)


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
