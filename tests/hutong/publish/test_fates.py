"""A record with several rows in several datasets has one fate, one with no row is empty, and both equations hold."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hutong.model.batch import Published
from hutong.normalise.plan import compile_source
from hutong.normalise.shown import keys_shown
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.landing import LandedPage
from hutong.store.paths import Store
from hutong.store.tables import existing
from hutong.verify import verify
from tests.conftest import ROOT
from tests.hutong.making import START
from tests.hutong.publish.conftest import land_flow, publish_flow, settings_in
from tests.hutong.publish.splitting import counted, declare, measured, sent


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Here section_flow sends lists."""
    settings = settings_in(tmp_path)
    declare(tmp_path)
    return settings


def published(registry: Registry, store: Store, secrets: Secrets, *records: dict[str, Any]) -> Published:
    land_flow(registry, store, list(records))
    (found,) = publish_flow(registry, store, secrets)
    assert verify(registry, store, secrets).problems == []
    return found


def test_the_first_dataset_in_which_a_record_has_rows_decides_and_a_record_without_rows_is_empty(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    done = published(
        registry,
        store,
        secrets,
        sent("A", counted("L1"), counted("L2"), measured("L1")),
        sent("B", measured("L2")),
        sent("C"),
        {"sender": "D", "statTime": "2026-03-18 08:15:00"},
    )
    assert (done.received, done.fates) == (4, {"published": 2, "empty": 2})
    assert done.rows == {"traffic_flow": {"written": 2}, "road_segment": {"written": 2}}


def test_of_several_rows_the_most_telling_one_speaks_for_the_record(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    published(registry, store, secrets, sent("A", counted("L1"), counted("L2"), measured("L9")))
    done = published(
        registry,
        store,
        secrets,
        sent("A", counted("L1"), counted("L2", 99)),  # one row as before, one corrected
        sent("A", counted("L1")),  # says nothing new
        sent("B", measured("L9")),  # the same of a thing that stands
        sent("B", measured("L9", 5.0), at="2026-03-17 08:00:00"),  # older than what stands
        sent("B", measured("L9", 6.0), at="2026-03-17 08:00:00"),  # and so is this
    )
    assert done.received == sum(done.fates.values()) == 5
    assert done.fates == {"published": 1, "duplicate": 1, "unchanged": 1, "superseded": 2}


def test_one_bad_element_refuses_its_whole_record_and_says_where_it_stands(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    done = published(
        registry,
        store,
        secrets,
        sent("A", counted("L1"), counted("L2", "many"), measured("L1")),
        sent("B", counted("L3")),
    )
    assert done.fates == {"published": 1, "quarantined": 1}
    assert done.rows == {"traffic_flow": {"written": 1}, "road_segment": {}}
    table = existing(store.quarantine("transport_info"))
    assert table is not None
    (finding,) = pl.scan_delta(table).select("rule", "place", "value").collect().iter_rows()
    assert finding == ("vehicle_count_unreadable", "$.parts[1].flow", '"many"')


def test_rows_of_one_record_that_contradict_each_other_are_one_row_and_one_fate(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    done = published(registry, store, secrets, sent("A", counted("L1", 1), counted("L1", 2), counted("L1", 2)))
    assert done.fates == {"published": 1}
    assert sum(done.rows["traffic_flow"].values()) == 3
    assert done.rows["traffic_flow"]["written"] == 1


RECORDS = [
    [sent("A", counted("L1"), counted("L2"), measured("L1")), sent("B", measured("L2")), sent("C")],
    [
        sent("A", counted("L1"), counted("L2", 99)),
        sent("B", measured("L2", 900.0)),
        sent("C"),
        sent("D", measured("L1")),
    ],
]

# Imports once and forks for each death, before deltalake is used: its runtime would not survive that.
DYING = """
import os, signal, sys
import hutong.store.tables as tables
from hutong.pipeline import publish_waiting
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store

write = tables._write

def run(root, last):
    def write_and_die(snapshot, *rest):
        write(snapshot, *rest)
        if f"/{last}" in snapshot.table_uri:
            os.kill(os.getpid(), signal.SIGKILL)

    tables._write = write_and_die
    settings = read({"HUTONG_ROOT": root})
    registry, store = open_registry(settings), Store(settings.lake)
    source = registry.source("transport_info", "section_flow")
    for _ in publish_waiting(source, source.sequences[0], registry, store, resolver(settings)):
        pass

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(*line.split())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def dying() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", DYING], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize(
    "table",
    [
        "road_segment",  # some fates stand, the account does not
        pytest.param("traffic_flow", marks=pytest.mark.slow),  # the account stands, the ledger does not
        pytest.param("quarantine", marks=pytest.mark.slow),
        pytest.param("platform_service", marks=pytest.mark.slow),
    ],
)
def test_a_batch_killed_behind_any_of_its_commits_ends_with_the_same_account(
    registry: Registry,
    store: Store,
    secrets: Secrets,
    settings: Settings,
    tmp_path: Path,
    dying: subprocess.Popen[str],
    table: str,
) -> None:
    assert dying.stdin is not None
    assert dying.stdout is not None
    undisturbed = [published(registry, store, secrets, *records) for records in RECORDS]
    root = tmp_path / "dying"
    for name in ("connectors", "schemas", "mappings"):
        shutil.copytree(tmp_path / name, root / name)
    its_store = Store(str(root / "lake"))
    first = published(registry, its_store, secrets, *RECORDS[0])
    land_flow(registry, its_store, RECORDS[1])
    dying.stdin.write(f"{root} {table}\n")
    dying.stdin.flush()
    assert int(dying.stdout.readline()) == -signal.SIGKILL
    (second,) = publish_flow(registry, its_store, secrets)
    assert [(one.fates, one.rows) for one in (first, second)] == [(one.fates, one.rows) for one in undisturbed]
    assert verify(registry, its_store, secrets).problems == []


def test_what_lists_no_longer_hold_is_drift_but_empty_lists_are_none(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    empty = published(registry, store, secrets, sent("A"), sent("B"))
    assert (empty.fates, empty.drift) == ({"empty": 2}, {})
    without_period = {key: value for key, value in counted("L1").items() if key != "period"}
    gone = published(registry, store, secrets, sent("A"), sent("B", without_period, measured("L1")))
    assert gone.drift == {"field_gone": 1}
    no_list = {"sender": "A", "statTime": "2026-03-18 08:15:00"}
    assert published(registry, store, secrets, no_list).drift["field_gone"] > 1


def test_a_refresh_shows_the_keys_of_all_elements_and_counts_records_whose_keys_it_cannot_read(
    registry: Registry,
) -> None:
    source = registry.source("transport_info", "section_flow")
    contents = [
        sent("A", measured("L1"), counted("L8"), measured("L2")),
        sent("B", measured("L2"), {"kind": "section", "linkId": ""}),
        sent("C"),
    ]
    body = json.dumps({"data": {"rows": contents}}).encode()
    page = LandedPage(0, body, "application/json", START, 0.1, 1, len(contents), "proven", "")
    shown = keys_shown([page], compile_source(source, None))
    assert shown.keys["road_segment"].to_dict(as_series=False) == {"source_id": ["L1", "L2"]}
    assert shown.unreadable == {"road_segment": 1}
