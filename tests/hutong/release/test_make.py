import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from hutong.errors import AskedWrongly
from hutong.lake import query
from hutong.registry import Registry
from hutong.release import pins, release, releases
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from tests.conftest import ROOT
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

# Lands and publishes one small batch after the other, each run in a process of its own, until standard input is closed.
# Imports once and forks before deltalake is used: its runtime would not survive that.
PUBLISHING = """
import json, os, select, sys
from hutong.land.stage import land
from hutong.model.batch import Page, Sequence
from hutong.pipeline import publish_waiting
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from tests.hutong.making import START
from tests.hutong.publish.conftest import flow

def publish(run):
    settings = read()
    registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
    source = registry.source("transport_info", "section_flow")
    sequence = Sequence("transport_info", "section_flow", "500000", run)
    batch = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        batch += 1
        rows = [flow(f"{run}-{batch}"), flow(f"{run}-{batch}-bad", speed="fast")]
        body = json.dumps({"code": "0000", "data": {"total": 2, "rows": rows}}).encode()
        page = Page("http://127.0.0.1/flow", 200, "application/json", body, START, 0.1, 1, 2, None, None, "proven")
        land(sequence, source.stream, [page], store, None)
        list(publish_waiting(source, sequence, registry, store, secrets))
        if batch == 1:
            print(run, flush=True)

for run in sys.argv[1:]:
    if os.fork() == 0:
        publish(run)
        os._exit(0)
sys.exit(sum(os.waitstatus_to_exitcode(os.wait()[1]) != 0 for _ in sys.argv[1:]))
"""


@contextmanager
def publishing(settings: Settings, *runs: str) -> Iterator["subprocess.Popen[str]"]:
    """Processes that keep publishing, one per run; each has ended a batch when this begins."""
    env = {**os.environ, "HUTONG_ROOT": str(settings.root), "HUTONG_LAKE": settings.lake}
    command = [sys.executable, "-c", PUBLISHING, *runs]
    with subprocess.Popen(
        command, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as working:
        assert working.stdout is not None
        assert {working.stdout.readline() for _ in runs} == {f"{run}\n" for run in runs}
        yield working
        working.communicate()
        assert working.returncode == 0


BATCHES = {
    "ledger": "SELECT DISTINCT sequence, batch FROM ledger",
    "quarantine": "SELECT DISTINCT sequence, batch FROM quarantine",
    "platform_service": "SELECT DISTINCT sequence, batch FROM platform_service",
    "traffic_flow": "SELECT DISTINCT 'transport_info/section_flow/500000/' || run AS sequence, batch FROM traffic_flow",
    "road_segment": "SELECT DISTINCT 'transport_info/section_flow/500000/' || run AS sequence, batch FROM road_segment",
}


@pytest.mark.slow
def test_releases_made_while_others_publish_hold_each_batch_in_all_tables_or_in_none(
    settings: Settings, registry: Registry, store: Store
) -> None:
    shown: list[dict[str, set[tuple[str, int]]]] = []
    with publishing(settings, "backfill/a", "backfill/b") as working:
        # However slow the machine is: until others have ended batches between the first release and the last.
        while len(shown) < 4 or shown[0] == shown[-1]:
            made = release(f"r{len(shown)}", "while others publish", registry, store)
            shown.append({name: batches(sql, made.name, registry, store) for name, sql in BATCHES.items()})
        assert working.poll() is None
    assert shown[0]["ledger"]
    for before, after in pairwise(shown):
        assert after == dict.fromkeys(BATCHES, after["ledger"])
        assert before["ledger"] <= after["ledger"]


def batches(sql: str, at: str, registry: Registry, store: Store) -> set[tuple[str, int]]:
    return {(row["sequence"], row["batch"]) for row in query(sql, registry, store, at=at).to_pylist()}


def test_a_release_stays_as_it_was_when_more_is_published(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    release("spring", "before the road works", registry, store)
    land_flow(registry, store, [flow("L1", roadName="金山大道", statTime="2026-03-18 08:20:00"), flow("L2")])
    publish_flow(registry, store, secrets)
    sql = "SELECT source_id, name FROM road_segment ORDER BY ALL"
    assert query(sql, registry, store, at="spring").to_pylist() == [{"source_id": "L1", "name": "金开大道"}]
    assert [row["source_id"] for row in query(sql, registry, store).to_pylist()] == ["L1", "L2"]


def test_who_released_what_and_why_is_on_record(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    made = release("spring", "before the road works", registry, store)
    assert releases(store) == [made]
    sql = "SELECT actor, action, target, reason FROM operations"
    assert query(sql, registry, store).to_pylist() == [
        {"actor": made.actor, "action": "release", "target": "spring", "reason": "before the road works"}
    ]
    assert set(pins(store)) == {pin.place(store).uri for pin in made.pins}


def test_a_second_release_of_the_same_name_is_refused_and_changes_nothing(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    made = release("spring", "first", registry, store)
    with pytest.raises(AskedWrongly, match="'spring' already"):
        release("spring", "second", registry, store)
    assert releases(store) == [made]
    assert query("SELECT count(*) AS n FROM operations", registry, store).to_pylist() == [{"n": 1}]


@pytest.mark.parametrize("name", ["now", "a=1", "-x", "", "a b", "2026-03-18T08:00:00Z", "x" * 64, "a/b"])
def test_a_name_that_would_mean_something_else_is_refused(name: str, registry: Registry, store: Store) -> None:
    with pytest.raises(AskedWrongly, match="such as 2026-spring"):
        release(name, "", registry, store)


def test_days_numbers_and_chinese_words_are_names(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    for name in ("2026-03-18", "v1.2", "春季版", "2026年第一季度"):
        release(name, "because", registry, store)
        assert query("SELECT count(*) AS n FROM traffic_flow", registry, store, at=name).to_pylist() == [{"n": 1}]


def test_an_empty_lake_cannot_be_released(registry: Registry, store: Store) -> None:
    with pytest.raises(AskedWrongly, match="nothing to release"):
        release("spring", "", registry, store)
    assert releases(store) == []
