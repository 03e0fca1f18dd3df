"""A replay killed behind any of its commits, or a rebuild, is made good by running it again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deltalake import DeltaTable

from hutong.model.dataset import TableName
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets
from hutong.settings import Settings, read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import ROOT
from tests.hutong.redo.conftest import read_131_as_missing, rebuild, replay, seen

# Imports once and forks for each death, before deltalake is used: its runtime would not survive that. A line that
# comes in names the root, the command, and the table behind whose next commit it dies.
DYING = """
import os, signal, sys
import hutong.store.tables as tables
from hutong.redo import rebuilding, replaying
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store

write = tables.write_deltalake

def run(root, command, last):
    def write_and_die(table, *args, **kwargs):
        write(table, *args, **kwargs)
        if f"/{last}/" in table.table_uri and "/scratch/" not in table.table_uri:
            os.kill(os.getpid(), signal.SIGKILL)

    tables.write_deltalake = write_and_die
    settings = read({"HUTONG_ROOT": root})
    registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
    if command == "rebuild":
        with rebuilding(last, registry, store, secrets) as found:
            found.restore()
    with replaying(registry.source("transport_info", "section_flow"), "500000", registry, store, secrets) as found:
        found.publish("killed on the way")

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(*line.split())
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


Die = Callable[[Settings, str, str], int]


@pytest.fixture(scope="module")
def die() -> Iterator[Die]:
    """Runs a command until right behind its commit to a table; returns how it ended."""
    with subprocess.Popen(
        [sys.executable, "-c", DYING], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told, heard = process.stdin, process.stdout

        def until(settings: Settings, command: str, table: str) -> int:
            told.write(f"{settings.root} {command} {table}\n")
            told.flush()
            return int(heard.readline())

        yield until
        told.close()


@pytest.mark.slow
def test_a_replay_killed_behind_each_of_its_commits_ends_as_if_undisturbed(
    settings: Settings, store: Store, secrets: Secrets, die: Die, filled_once: Path, tmp_path: Path
) -> None:
    changed = read_131_as_missing(settings)
    undisturbed = copied(filled_once, tmp_path)
    replay(changed, undisturbed, secrets)
    for table in ("operations", "quarantine", "road_segment", "traffic_flow", "ledger/transport_info"):
        assert die(settings, "replay", table) == -signal.SIGKILL, table
        problems = verify(changed, store, secrets).problems
        assert not any("twice" in said or "stands already" in said for said in problems)
    assert not replay(changed, store, secrets).is_needed
    assert seen(changed, store) == seen(changed, undisturbed)
    assert verify(changed, store, secrets).problems == []


@pytest.mark.slow
def test_a_killed_replay_gives_way_to_another_mapping(
    settings: Settings, store: Store, secrets: Secrets, die: Die, filled_once: Path
) -> None:
    before = seen(open_registry(settings), store)
    read_131_as_missing(settings)
    assert die(settings, "replay", "road_segment") == -signal.SIGKILL
    first = open_registry(read({"HUTONG_ROOT": str(filled_once)}))
    assert replay(first, store, secrets).is_needed
    assert seen(first, store, "traffic_flow", "road_segment", "quarantine") == {
        name: before[name] for name in ("traffic_flow", "road_segment", "quarantine")
    }
    assert verify(first, store, secrets).problems == []


def test_a_rebuild_killed_behind_its_commit_has_put_the_table_right(
    settings: Settings, registry: Registry, store: Store, secrets: Secrets, die: Die
) -> None:
    before = seen(registry, store)
    DeltaTable(store.base(TableName("traffic_flow")).uri).delete("source_id = 'L1'")
    assert die(settings, "rebuild", "traffic_flow") == -signal.SIGKILL
    assert rebuild("traffic_flow", registry, store, secrets).is_equal
    assert seen(registry, store) == before
    assert verify(registry, store, secrets).problems == []


def copied(filled: Path, folder: Path) -> Store:
    return Store(str(shutil.copytree(filled / "lake", folder / "undisturbed")))
