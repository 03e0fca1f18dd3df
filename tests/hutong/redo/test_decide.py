"""A batch that was refused as a whole: what waits, what accepting and rejecting it leave, whenever they are stopped."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hutong.cli.gates import gates
from hutong.decisions import accepted_of, decisions, refused
from hutong.errors import AskedWrongly, HutongError
from hutong.lake import query
from hutong.model.batch import Published
from hutong.redo import accept, drop, reject
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from hutong.upkeep import maintain
from hutong.upkeep.waiting import Waiting
from hutong.verify import verify
from tests.conftest import ROOT
from tests.hutong.making import START
from tests.hutong.publish.conftest import flow, settings_in
from tests.hutong.redo.conftest import BASE, LIVE, land_in, publish_in, rebuild, replay, seen

NAME = "transport_info/section_flow/500000#2"
ACCOUNT = """SELECT outcome, sum(count)::INT AS records FROM ledger
             WHERE kind = 'record' AND batch = 2 GROUP BY ALL HAVING sum(count) <> 0 ORDER BY ALL"""


def at(minutes: int, link: str, **changes: Any) -> dict[str, Any]:
    return flow(link, statTime=f"2026-03-18 08:{15 + minutes}:00", **changes)


# The second batch shows a field that nobody declared: a road's name corrected, a new section, one bad record, a repeat.
BATCHES = (
    [at(0, "L1"), at(0, "L2")],
    [at(5, "L1", roadName="金山大道", weather="rain"), at(5, "L3"), at(5, "L4", occupancy=131), at(5, "L3")],
    [at(10, "L1")],
    [at(15, "L1"), at(15, "L2", roadName="金渝大道")],
    [at(20, "L5")],
)


def fill(settings: Settings) -> list[Published]:
    """Five batches of a stream that freezes when it drifts, as one sync publishes them."""
    connector = settings.root / "connectors" / "transport_info" / "connector.yaml"
    text = connector.read_text()
    connector.write_text(text.replace("  section_flow:\n", "  section_flow:\n    drift: freeze\n"))
    registry, store = open_registry(settings), Store(settings.lake)
    for number, rows in enumerate(BATCHES):
        land_in(LIVE, rows, registry, store, 300 * number)
    return publish_in(LIVE, registry, store, resolver(settings))


@pytest.fixture(scope="session")
def refused_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("refused")
    assert [one.fates for one in fill(settings_in(root))] == [
        {"published": 2},
        {"refused": 3, "quarantined": 1},
        {"published": 1},
        {"published": 2},
        {"published": 1},
    ]
    return root


@pytest.fixture
def settings(refused_once: Path, tmp_path: Path) -> Settings:
    """A root of the test's own, whose second batch waits."""
    shutil.copytree(refused_once, tmp_path, dirs_exist_ok=True)
    return read({"HUTONG_ROOT": str(tmp_path), "HUTONG_LAKE": str(tmp_path / "lake")})


@pytest.fixture
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What readers see when the same batches come to a stream that takes what is new."""
    settings = settings_in(tmp_path_factory.mktemp("evolving"))
    registry, store = open_registry(settings), Store(settings.lake)
    for number, rows in enumerate(BATCHES):
        land_in(LIVE, rows, registry, store, 300 * number)
    publish_in(LIVE, registry, store, resolver(settings))
    return seen(registry, store, *BASE)


def asked(sql: str, registry: Registry, store: Store) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query(sql, registry, store).to_pylist()]


def test_a_refused_batch_waits_and_no_reader_sees_it(registry: Registry, store: Store, secrets: Secrets) -> None:
    (waiting,) = refused("transport_info", registry, store)
    assert (waiting.name, waiting.records, waiting.gates, waiting.decision) == (NAME, 3, (), None)
    for dataset in BASE:
        assert asked(f"SELECT count(*) FROM {dataset} WHERE batch = 2", registry, store) == [(0,)]
    assert asked("SELECT DISTINCT batch FROM traffic_flow ORDER BY 1", registry, store) == [(1,), (3,), (4,), (5,)]
    assert verify(registry, store, secrets).problems == []


def test_an_accepted_batch_is_published_as_if_it_had_never_been_refused(
    registry: Registry, store: Store, secrets: Secrets, at_once: dict[str, list[dict[str, Any]]]
) -> None:
    published = accept(NAME, "the field is harmless", registry, store, secrets)
    assert published is not None
    assert published.sequence == "transport_info/section_flow/500000/accept/2"
    assert published.fates == {"published": 2, "duplicate": 1}
    assert asked(ACCOUNT, registry, store) == [("duplicate", 1), ("published", 2), ("quarantined", 1)]
    assert seen(registry, store, *BASE) == at_once
    assert refused("transport_info", registry, store) == []
    assert verify(registry, store, secrets).problems == []
    assert asked("SELECT action, target, reason FROM operations", registry, store) == [
        ("accept", NAME, "the field is harmless")
    ]


def test_what_was_accepted_is_accepted_once(registry: Registry, store: Store, secrets: Secrets) -> None:
    accept(NAME, "first", registry, store, secrets)
    before = seen(registry, store)
    assert accept(NAME, "second", registry, store, secrets) is None
    assert seen(registry, store) == before
    with pytest.raises(HutongError, match=r"#2 was accepted at .* \(first\); the first decision holds"):
        reject(NAME, "after all", registry, store)
    assert asked("SELECT count(*) FROM operations", registry, store) == [(1,)]


def test_a_rejected_batch_is_closed_and_stays_refused(registry: Registry, store: Store, secrets: Secrets) -> None:
    before = seen(registry, store)
    reject(NAME, "the platform sends it again", registry, store)
    reject(NAME, "once more", registry, store)
    assert seen(registry, store) == before
    assert asked(ACCOUNT, registry, store) == [("quarantined", 1), ("refused", 3)]
    (closed,) = refused("transport_info", registry, store)
    assert closed.decision is not None
    assert (closed.decision.verdict, closed.decision.reason) == ("reject", "the platform sends it again")
    with pytest.raises(HutongError, match="a batch that was rejected stays closed"):
        accept(NAME, "after all", registry, store, secrets)
    assert asked("SELECT action, target FROM operations", registry, store) == [("reject", NAME)]
    assert verify(registry, store, secrets).problems == []


@pytest.mark.parametrize(
    "verdict", ["accept", pytest.param("reject", marks=pytest.mark.slow), pytest.param(None, marks=pytest.mark.slow)]
)
def test_a_rebuild_makes_of_a_refused_batch_what_was_decided_about_it(
    verdict: str | None, registry: Registry, store: Store, secrets: Secrets
) -> None:
    if verdict == "accept":
        accept(NAME, "harmless", registry, store, secrets)
    if verdict == "reject":
        reject(NAME, "wrong", registry, store)
    before = seen(registry, store)
    assert rebuild("traffic_flow", registry, store, secrets).is_equal
    shutil.rmtree(store.base(registry.dataset("road_segment").table).uri)
    rebuild("road_segment", registry, store, secrets)
    assert seen(registry, store) == before
    assert verify(registry, store, secrets).problems == []


@pytest.mark.parametrize(
    ("verdict", "refused_then"),
    [
        ("accept", 0),
        pytest.param("reject", 3, marks=pytest.mark.slow),
        pytest.param(None, 0, marks=pytest.mark.slow),
    ],
)
def test_a_replay_that_would_refuse_nothing_holds_to_what_was_decided(
    verdict: str | None, refused_then: int, registry: Registry, settings: Settings, store: Store, secrets: Secrets
) -> None:
    if verdict == "accept":
        accept(NAME, "harmless", registry, store, secrets)
    if verdict == "reject":
        reject(NAME, "wrong", registry, store)
    connector = settings.root / "connectors" / "transport_info" / "connector.yaml"
    connector.write_text(connector.read_text().replace("    drift: freeze\n", ""))
    evolving = open_registry(settings)
    assert replay(evolving, store, secrets).is_needed
    assert dict(asked(ACCOUNT, evolving, store)).get("refused", 0) == refused_then
    assert verify(evolving, store, secrets).problems == []
    assert not replay(evolving, store, secrets).is_needed


@pytest.mark.slow
def test_a_replay_that_refuses_it_again_takes_nothing_from_what_was_accepted(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    accept(NAME, "harmless", registry, store, secrets)
    before = seen(registry, store, *BASE)
    found = replay(registry, store, secrets)
    assert found.fates == []
    assert all(one.is_none for one in found.differences)
    assert seen(registry, store, *BASE) == before
    assert verify(registry, store, secrets).problems == []


def test_what_is_accepted_while_a_replay_looks_is_not_taken_back(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    from hutong.redo import replaying

    source = registry.source("transport_info", "section_flow")
    with replaying(source, "500000", registry, store, secrets) as found:
        accept(NAME, "meanwhile", registry, store, secrets)
        found.is_needed = True
        with pytest.raises(HutongError, match="#2 was accepted meanwhile; run the command again"):
            found.publish("something else")
    assert asked("SELECT count(*) FROM traffic_flow WHERE batch = 2", registry, store) == [(2,)]
    assert verify(registry, store, secrets).problems == []


def test_under_other_rules_it_is_looked_at_again_and_not_accepted(
    registry: Registry, settings: Settings, store: Store, secrets: Secrets
) -> None:
    mapping = settings.root / "mappings" / "transport_info" / "section_flow.yaml"
    mapping.write_text(mapping.read_text().replace("version: 1\n", "version: 2\n"))
    with pytest.raises(HutongError, match=r"refused under other versions: mapping 1 \(now 2\).*`hutong replay"):
        accept(NAME, "harmless", open_registry(settings), store, secrets)
    assert decisions(registry, store) == {}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("section_flow", "'section_flow' names no batch; write it as cim/junction/500000#17"),
        ("transport_info/section_flow/500000#zwei", "names no batch"),
        ("transport/section_flow/500000#2", "no platform 'transport'; did you mean 'transport_info'?"),
        ("transport_info/section_flow/110000#2", "there is no city of transport_info '110000'"),
        ("transport_info/section_flow/500000#9", "has published no batch 9; its newest is 5; `hutong gates` lists"),
        ("transport_info/section_flow/500000/backfill/may#1", "has published no batch 1; its newest is 0"),
        ("transport_info/section_flow/500000#3", "#3 was not refused; `hutong gates` lists"),
    ],
)
def test_what_is_no_refused_batch_is_neither_accepted_nor_rejected(
    name: str, said: str, registry: Registry, store: Store, secrets: Secrets
) -> None:
    for decide in (
        lambda: accept(name, "why", registry, store, secrets),
        lambda: reject(name, "why", registry, store),
    ):
        with pytest.raises(AskedWrongly, match=said):
            decide()


def test_pages_of_a_batch_that_waits_do_not_expire(registry: Registry, store: Store, secrets: Secrets) -> None:
    late = START + timedelta(days=10_000)
    assert Waiting(registry, store).may_expire(LIVE.id) == 1
    maintain(registry, store, late)
    accept(NAME, "harmless", registry, store, secrets)
    assert Waiting(registry, store).may_expire(LIVE.id) == 5


def test_pages_of_a_rejected_batch_expire(registry: Registry, store: Store) -> None:
    reject(NAME, "wrong", registry, store)
    assert Waiting(registry, store).may_expire(LIVE.id) == 5


# Dies behind its n-th commit, for each n, in a process forked before deltalake is used.
DYING = """
import os, signal, sys
import hutong.store.tables as tables
from hutong.redo import accept
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store

write = tables._write

def run(root, deaths):
    commits = 0
    def write_and_die(*args):
        nonlocal commits
        write(*args)
        commits += 1
        if commits == deaths:
            os.kill(os.getpid(), signal.SIGKILL)

    tables._write = write_and_die
    settings = read({"HUTONG_ROOT": root})
    accept(NAME, "killed on the way", open_registry(settings), Store(settings.lake), resolver(settings))

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(line.strip(), 1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.slow
def test_an_acceptance_killed_behind_each_of_its_commits_ends_as_if_undisturbed(
    registry: Registry, settings: Settings, store: Store, secrets: Secrets, refused_once: Path, tmp_path: Path
) -> None:
    undisturbed = Store(str(shutil.copytree(refused_once / "lake", tmp_path / "undisturbed")))
    accept(NAME, "killed on the way", registry, undisturbed, secrets)
    program = [sys.executable, "-c", f"NAME = {NAME!r}\n{DYING}"]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ends = []
        said = []
        # The decision, two datasets, the ledger: each death leaves one more of them; the last run finds all there.
        for _ in range(5):
            process.stdin.write(f"{settings.root}\n")
            process.stdin.flush()
            ends.append(int(process.stdout.readline()))
            said.append(verify(registry, store, secrets).problems)
        process.stdin.close()
    assert ends == [-signal.SIGKILL] * 4 + [0]
    for problems in said[:3]:
        assert any("was accepted, but its 3 records still count as refused" in one for one in problems)
    assert said[3:] == [[], []]
    assert seen(registry, store) == seen(registry, undisturbed)


@pytest.mark.slow
def test_while_it_is_half_accepted_nothing_is_made_anew(registry: Registry, store: Store, secrets: Secrets) -> None:
    from hutong.decisions import decide

    decide("accept", LIVE, 2, "about to", registry, store)
    with pytest.raises(HutongError, match=r"#2 was accepted and is not published yet; end that first: `hutong gates"):
        rebuild("traffic_flow", registry, store, secrets)
    accept(NAME, "about to", registry, store, secrets)
    assert rebuild("traffic_flow", registry, store, secrets).is_equal


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    monkeypatch.setenv("HUTONG_LAKE", settings.lake)
    return CliRunner()


def test_the_command_lists_what_waits_and_ends_with_1_while_something_does(run: CliRunner) -> None:
    listed = run.invoke(gates, ["--json"])
    assert listed.exit_code == 1
    (row,) = json.loads(listed.stdout)
    assert (row["batch"], row["records"], row["gates"], row["decision"]) == (NAME, 3, "drift", None)
    assert run.invoke(gates, ["reject", NAME, "--reason", " "], catch_exceptions=True).exit_code != 0
    assert run.invoke(gates, ["reject", NAME, "--reason", "wrong"]).exit_code == 0
    listed = run.invoke(gates, [])
    assert (listed.exit_code, listed.stdout) == (0, "")
    (row,) = json.loads(run.invoke(gates, ["--all", "--json"]).stdout)
    assert (row["decision"], row["reason"]) == ("reject", "wrong")


def test_the_command_accepts(run: CliRunner, registry: Registry, store: Store) -> None:
    done = run.invoke(gates, ["accept", NAME, "--reason", "harmless"])
    assert (done.exit_code, accepted_of(LIVE, 2).id in done.stderr) == (0, True)
    assert run.invoke(gates, []).exit_code == 0


def test_what_was_dropped_of_it_stays_dropped(registry: Registry, store: Store, secrets: Secrets) -> None:
    assert drop(LIVE, {(LIVE.id, 2, 2)}, "a loop that is broken", registry, store).records == 1
    accept(NAME, "harmless", registry, store, secrets)
    assert asked(ACCOUNT, registry, store) == [("dropped", 1), ("duplicate", 1), ("published", 2)]
    assert verify(registry, store, secrets).problems == []
    assert rebuild("traffic_flow", registry, store, secrets).is_equal
