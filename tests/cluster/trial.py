"""One trial: an undisturbed lake, a cluster that is broken while it fills another from the same platforms, a verdict.

The city's clock stands still, so both are told the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hutong.orchestrate.processes import Run
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import SECRET, read
from hutong.store.paths import Store
from tests.chaos.picture import Part
from tests.cities.three import RECORDED, addresses, declare
from tests.cluster import faults, lakes, topology, tries
from tests.cluster.told import Told
from tests.cluster.topology import KEYS, LAKE, WORKERS, Cluster
from tests.conftest import CREDENTIALS, sync_all

STANDING_STILL = "1e-9"
"""City seconds per second."""


@dataclass(frozen=True)
class Ground:
    """What both lakes of a trial are filled from. addresses: HUTONG_ADDRESS_*."""

    declared: Path
    registry: Registry
    secrets: Secrets
    addresses: Mapping[str, str]


def prepared(run: Run, cities: Sequence[str], only: Mapping[str, Collection[str]] | None = None) -> Ground:
    """The declared files and the simulated platforms of `cities`. only: platform -> its streams, and no others."""
    declared = run.folder / "declared"
    declare(declared, cities)
    if only is not None:
        _keep(declared, only)
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CITYSIM_", "HUTONG_"))}
    serve = ("citysim", "serve", "--json", "--city", ",".join(cities), "--speed", STANDING_STILL)
    city = run.start("city", serve, variables, run.folder / "city.log", piped=True)
    assert city.stdout is not None
    said = json.loads(city.stdout.readline())
    live = said.get("cities", {RECORDED: said})
    secrets = {SECRET + name.upper(): value for name, value in {**CREDENTIALS, **KEYS}.items()}
    environment = {"HUTONG_ROOT": str(declared), **addresses(live), **secrets}
    settings = read(environment)
    return Ground(declared, open_registry(settings), resolver(settings, environment), addresses(live))


def undisturbed(ground: Ground, folder: Path, told: Told) -> Mapping[str, Part]:
    """The lake that the engine alone fills from `ground`, on the local disk, as a picture."""
    store = Store(str(folder / "undisturbed"))
    sync_all(ground.registry, store, ground.secrets, ground.registry.connectors)
    wanted = lakes.taken(ground.registry, store)
    told.figures["sequences"] = sum(len(source.sequences) for source in ground.registry.sources.values())
    told.figures["rows of the undisturbed lake"] = lakes.rows(wanted)
    told.step(f"filled the undisturbed lake: {lakes.rows(wanted)} rows")
    return wanted


@contextlib.contextmanager
def syncing(run: Run, ground: Ground, told: Told) -> Iterator[Cluster]:
    """A cluster with all syncs under way."""
    with topology.running(run, ground.declared, ground.addresses) as cluster:
        told.step(f"the cluster is up: {', '.join(cluster.pids)}")
        cluster.api.connect(CREDENTIALS)
        cluster.api.make_pools_of(ground.registry)
        cluster.await_("all DAGs are read", lambda: _platforms(cluster) >= set(ground.registry.connectors))
        syncs = sorted(cluster.api.syncs())
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


def verdict(cluster: Cluster, ground: Ground, wanted: Mapping[str, Part], told: Told) -> None:
    """Wait for all syncs, and hold what they published against `wanted`."""
    again = list(faults.settle(cluster))
    done, _ = cluster.api.done()
    told.step(f"all syncs are over: {done} tasks done")
    told.figures["syncs run again"] = len(again)
    logged = tries.logged(cluster.folder, WORKERS)
    told.figures["tasks"] = len(logged)
    told.figures["tasks tried again"] = tries.retried(logged)
    store = cluster.s3.store(LAKE)
    told.figures["batches published"] = lakes.batches(ground.registry, store)
    found = lakes.judged(wanted, ground.registry, store, ground.secrets)
    told.figures |= {"rows lost": found.lost, "rows doubled": found.doubled, "rows changed": found.changed}
    told.problems += found.said
    told.step("compared the lakes and recounted the account")


def _platforms(cluster: Cluster) -> set[str]:
    return {dag.split("__")[1] for dag in cluster.api.syncs()}


def _keep(declared: Path, only: Mapping[str, Collection[str]]) -> None:
    """Leave these streams of these platforms declared, and nothing else."""
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
