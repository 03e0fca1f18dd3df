"""One trial: an undisturbed lake, a cluster that is broken while it fills another from the same platforms, a verdict.

The city's clock stands still, so both are told the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hutong.orchestrate import names
from hutong.orchestrate.processes import Run
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import SECRET, read
from hutong.store.paths import Store
from tests.chaos.picture import Part
from tests.cities.three import RECORDED, addresses, declare
from tests.cluster import faults, lakes, topology, tries
from tests.cluster.told import Told
from tests.cluster.topology import KEYS, LAKE, WORKERS, Cluster, ClusterBroken
from tests.conftest import CREDENTIALS, ROOT
from tests.hutong.publish.conftest import without_gates

STANDING_STILL = "1e-9"
"""City seconds per second."""


SHORT = {
    "AIRFLOW__CELERY__EXTRA_CELERY_CONFIG": json.dumps(
        {"imports": ["airflow.sdk.execution_time.task_runner", "hutong.orchestrate.tasks"]}
    ),
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "10",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
}
"""Settings of a short trial: workers load less before they begin, and nothing waits long for the scheduler."""


@dataclass(frozen=True)
class Ground:
    """What both lakes of a trial are filled from.

    environment: what HUTONG_* must say for the undisturbed lake. places: HUTONG_ADDRESS_*, and what else differs from
    deploy/ in the cluster.
    """

    declared: Path
    registry: Registry
    secrets: Secrets
    environment: Mapping[str, str]
    places: Mapping[str, str]


def prepared(run: Run, cities: Sequence[str], short: Mapping[str, Collection[str]] | None = None) -> Ground:
    """The declared files and the simulated platforms of `cities`.

    short: platform -> its streams, and no others; without gates, since Great Expectations takes every process 6 s.
    """
    declared = run.folder / "declared"
    declare(declared, cities)
    if short is not None:
        _keep(declared, short)
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CITYSIM_", "HUTONG_"))}
    serve = ("citysim", "serve", "--json", "--city", ",".join(cities), "--speed", STANDING_STILL)
    city = run.start("city", serve, variables, run.folder / "city.log", piped=True)
    assert city.stdout is not None
    said = json.loads(city.stdout.readline())
    live = said.get("cities", {RECORDED: said})
    secrets = {SECRET + name.upper(): value for name, value in {**CREDENTIALS, **KEYS}.items()}
    environment = {
        "HUTONG_ROOT": str(declared),
        "HUTONG_LAKE": str(run.folder / "undisturbed"),
        **addresses(live),
        **secrets,
    }
    settings = read(environment)
    places = {**addresses(live), **(SHORT if short is not None else {})}
    return Ground(declared, open_registry(settings), resolver(settings, environment), environment, places)


def begin_undisturbed(run: Run, ground: Ground) -> subprocess.Popen[bytes]:
    """Start to fill the undisturbed lake on the local disk, beside whatever happens to the other."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")}
    path = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))
    variables = {**kept, **ground.environment, "PYTHONPATH": path}
    return run.start(
        "undisturbed", ("tests.cluster.undisturbed",), variables, run.folder / "undisturbed.log", stays=False
    )


def _undisturbed(filling: subprocess.Popen[bytes], ground: Ground, told: Told) -> Mapping[str, Part]:
    """The undisturbed lake as a picture."""
    if filling.wait():
        raise ClusterBroken("the undisturbed lake could not be filled: see undisturbed.log")
    wanted = lakes.taken(ground.registry, Store(ground.environment["HUTONG_LAKE"]))
    told.figures["sequences"] = sum(len(source.sequences) for source in ground.registry.sources.values())
    told.figures["rows of the undisturbed lake"] = lakes.rows(wanted)
    return wanted


@contextlib.contextmanager
def syncing(run: Run, ground: Ground, told: Told) -> Iterator[Cluster]:
    """A cluster with all syncs under way."""
    with topology.running(run, ground.declared, ground.places) as cluster:
        told.step(f"the cluster is up: {', '.join(cluster.pids)}")
        cluster.api.connect(CREDENTIALS)
        cluster.api.make_pools_of(ground.registry)
        syncs = sorted(names.sync_dags(ground.registry))
        cluster.await_("all DAGs are read", lambda: cluster.api.dags() >= set(syncs))
        for dag in syncs:
            cluster.api.let_go(dag)
        told.step(f"started {len(syncs)} syncs")
        yield cluster


def when(cluster: Cluster, share: float) -> None:
    """Return when so much of the syncs' work is done."""

    def is_done() -> bool:
        done, of = cluster.api.done()
        return of > 0 and done >= share * of

    cluster.await_(f"{share:.0%} of the tasks are over", is_done, faults.WITHIN_S)


def verdict(cluster: Cluster, ground: Ground, filling: subprocess.Popen[bytes], told: Told) -> None:
    """Wait for all syncs, and hold what they published against the undisturbed lake that `filling` makes."""
    again = list(faults.settle(cluster))
    done, _ = cluster.api.done()
    told.step(f"all syncs are over: {done} tasks done")
    told.figures["syncs run again"] = len(again)
    logged = tries.logged(cluster.folder, WORKERS)
    told.figures["tasks"] = len(logged)
    told.figures["tasks tried again"] = tries.retried(logged)
    store = cluster.s3.store(LAKE)
    told.figures["batches published"] = lakes.batches(ground.registry, store)
    found = lakes.judged(_undisturbed(filling, ground, told), ground.registry, store, ground.secrets)
    told.figures |= {"rows lost": found.lost, "rows doubled": found.doubled, "rows changed": found.changed}
    told.problems += found.said
    told.step("compared the lakes and recounted the account")


def _keep(declared: Path, only: Mapping[str, Collection[str]]) -> None:
    """Leave these streams of these platforms declared, without gates, and nothing else."""
    for kind in ("connectors", "mappings"):
        for folder in (declared / kind).iterdir():
            if folder.name not in (*only, "codes"):
                shutil.rmtree(folder)
    for platform, streams in only.items():
        path = declared / "connectors" / platform / "connector.yaml"
        text = path.read_text(encoding="utf-8")
        for stream in re.findall(r"(?m)^  (\w+):$", text.partition("streams:")[2]):
            if stream not in streams:
                text = re.sub(rf"(?ms)^  {stream}:$.*?(?=^  \w+:$|\Z)", "", text)
                (path.parent / f"{stream}.schema.json").unlink()
                (declared / "mappings" / platform / f"{stream}.yaml").unlink()
        path.write_text(text, encoding="utf-8")
    for contract in (declared / "schemas").glob("*.yaml"):
        contract.write_text(without_gates(contract.read_text(encoding="utf-8")), encoding="utf-8")
