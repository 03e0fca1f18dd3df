"""Every try of a pull takes its turn, and nothing is asked when it may not be."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hutong.budget import owned, used
from hutong.budget.hours import ZONE
from hutong.errors import PlatformBusy, PlatformResting, StoreError
from hutong.settings import read
from tests.hutong.budget.asking import platform, pull, settings_in
from tests.hutong.extract.speaking import Asked, Says, numbered, rows, says, speaking

LOGIN = {
    "type": "bearer_login",
    "path": "/login",
    "username": "user",
    "password": "password",
    "token_path": "token",
}


def test_pages_retries_logins_and_redirects_all_count(tmp_path: Path) -> None:
    pages, busy = numbered(rows(25), total=25), [503, 503]

    def dialect(asked: Asked) -> Says:
        if asked.path == "/login":
            return says({"token": "t"})
        if asked.path == "/things":
            target = "/moved?" + "&".join(f"{name}={value}" for name, value in asked.query.items())
            return Says(b"", 302, headers={"Location": target.replace(" ", "%20")})
        return Says(b"", busy.pop()) if asked.query["page"] == "2" and busy else pages(asked)

    with speaking(dialect) as server:
        at = platform(server.address, {"requests_per_minute": 100}, auth=LOGIN, retries=3)
        assert sum(page.records for page in pull(at, settings_in(tmp_path))) == 25
        assert len(server.asked) > 3 + 1 + 3 + 2 - 1
        assert used(at, settings_in(tmp_path)).requests == len(server.asked)


def test_no_slot_is_held_while_a_pull_waits_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, seen = settings_in(tmp_path), []
    with speaking(lambda _: Says(b"", 503)) as server:
        at = platform(server.address, {"concurrency": 1, "circuit_breaker": {"failures": 9}}, retries=3)
        monkeypatch.setattr(time, "sleep", lambda _: seen.append(used(at, settings).under_way))
        with pytest.raises(PlatformBusy):
            pull(at, settings)
    assert len(server.asked) == 4
    assert seen
    assert set(seen) == {0}


def test_a_pull_ends_with_no_slot_held(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with speaking(lambda _: Says(b"", 403)) as server:
        at = platform(server.address, {"concurrency": 1})
        for _ in range(3):
            with pytest.raises(Exception, match="403"):
                pull(at, settings)
    assert used(at, settings).under_way == 0


def test_after_so_many_failures_nobody_asks_and_is_told_until_when(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with speaking(lambda _: Says(b"", 503)) as server:
        at = platform(server.address, {"circuit_breaker": {"failures": 2, "pause": "PT10M"}}, retries=1)
        with pytest.raises(PlatformBusy, match="HTTP 503"):
            pull(at, settings)
        until = used(at, settings).open_until
        assert until is not None
        with pytest.raises(PlatformBusy, match="2 requests in a row failed; nobody asks it until 20"):
            pull(at, settings)
        assert len(server.asked) == 2


def test_a_stream_that_is_out_of_order_does_not_keep_others_from_being_asked(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with speaking(lambda _: Says(b"", 500)) as server:
        at = platform(server.address, {"circuit_breaker": {"failures": 2}}, retries=2)
        with pytest.raises(PlatformBusy, match="HTTP 500"):
            pull(at, settings)
        assert (len(server.asked), used(at, settings).failures) == (3, 0)


def test_busy_codes_within_good_answers_count_as_failures(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    success = {"path": "code", "values": ["0"], "busy": ["9"]}
    with speaking(lambda _: says({"code": 9})) as server:
        budget = {"circuit_breaker": {"failures": 2}}
        at = platform(server.address, budget, {"success": success}, retries=1)
        with pytest.raises(PlatformBusy):
            pull(at, settings)
    assert used(at, settings).failures == 2


def test_an_answer_ends_a_row_of_failures(tmp_path: Path) -> None:
    settings, statuses = settings_in(tmp_path), [503, 503]
    answer = numbered(rows(15), total=15)
    with speaking(lambda asked: Says(b"", statuses.pop()) if statuses else answer(asked)) as server:
        pull(platform(server.address, {}, retries=2), settings)
        assert used(platform(server.address, {}), settings).failures == 0


def test_a_platform_that_asks_for_an_hour_is_left_alone_by_all(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with speaking(lambda _: Says(b"", 429, headers={"Retry-After": "1800"})) as server:
        at = platform(server.address, {}, retries=0)
        for _ in range(2):
            with pytest.raises(PlatformBusy):
                pull(at, settings)
        assert len(server.asked) == 1
        with pytest.raises(PlatformBusy, match=r"left alone until .* \(Retry-After\)"):
            pull(at, settings)


def test_nothing_is_asked_in_quiet_hours(tmp_path: Path) -> None:
    now = datetime.now(ZONE)
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    with speaking(numbered(rows(5), total=5)) as server:
        at = platform(server.address, {"quiet_hours": [hours]})
        with pytest.raises(PlatformResting, match="quiet hours last until"):
            pull(at, settings_in(tmp_path))
        assert server.asked == []
    assert used(at, settings_in(tmp_path)).quiet_until is not None


def test_who_waits_for_a_slot_hears_of_a_pause(tmp_path: Path) -> None:
    settings, at = settings_in(tmp_path), platform("http://127.0.0.1:1", {"concurrency": 1})
    holder = owned(at, "things", settings, lambda: None)
    holder.take()
    heard: list[str | None] = [None, None, "paused since the morning (works)"]
    waiting = owned(at, "things", settings, _each(heard))
    with pytest.raises(PlatformResting, match=r"works.*hutong connector resume transport_info"):
        waiting.take()
    holder.close()


def _each(heard: list[str | None]) -> Callable[[], str | None]:
    return lambda: heard.pop(0)


def test_a_budget_that_leaves_nothing_in_time_ends_the_pull_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hutong.budget.turns.LONGEST_WAIT_S", 30.0)
    settings, at = settings_in(tmp_path), platform("http://127.0.0.1:1", {"requests_per_minute": 1})
    first, second = (owned(at, "things", settings, lambda: None) for _ in range(2))
    first.take()
    first.give_back()
    with pytest.raises(PlatformBusy, match="its budget leaves no request"):
        second.take()
    assert used(at, settings).under_way == 0


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    settings, at = settings_in(tmp_path), platform("http://127.0.0.1:1", {"requests_per_minute": 9})
    turns = owned(at, "things", settings, lambda: None)
    turns.take()
    assert settings.budget.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o077 for file in settings.budget.iterdir()} == {0}
    turns.close()


def test_without_a_place_for_the_budget_nothing_is_asked(tmp_path: Path) -> None:
    (tmp_path / "budget").write_text("a file where a folder should be")
    with speaking(numbered(rows(5), total=5)) as server:
        with pytest.raises(StoreError, match="HUTONG_BUDGET"):
            pull(platform(server.address, {}), settings_in(tmp_path))
        assert server.asked == []


def test_on_several_machines_each_process_has_its_share_and_no_file(tmp_path: Path) -> None:
    settings = read({"HUTONG_BUDGET": str(tmp_path / "budget"), "HUTONG_BUDGET_SLOTS": "2"})
    with speaking(numbered(rows(15), total=15)) as server:
        at = platform(server.address, {"requests_per_minute": 600})
        began = datetime.now(UTC)
        pull(at, settings)
        # 300 a minute: the first waits as well as the second.
        assert datetime.now(UTC) - began >= timedelta(seconds=0.4)
    assert not (tmp_path / "budget").exists()
