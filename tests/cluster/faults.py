"""What is done to a cluster while it syncs: workers killed whole and by halves, a store cut, a scheduler restarted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from hutong.model.batch import Sequence
from hutong.orchestrate import names
from hutong.registry import Registry
from hutong.store import tables
from hutong.store.landing import mark
from hutong.store.paths import Place, Store
from tests.cluster.operator import Try
from tests.cluster.told import Told
from tests.cluster.topology import WORKERS, Cluster, ClusterBroken

TASK = "airflow worker -- "
"""What Airflow calls the process of a task; the id of the try follows."""
CUT_S = 10.0
LOOK_S = 0.2
WITHIN_S = 900.0


@dataclass(frozen=True)
class AtWork:
    """A process that publishes a stream, and has not written any of it yet."""

    id: str
    process: psutil.Process
    sequence: Sequence
    tables: tuple[Place, ...]

    def written(self) -> list[int]:
        """Per dataset of its stream, the newest batch that is in its table."""
        return [tables.number(place, self.sequence.id) for place in self.tables]


def kill_a_worker(cluster: Cluster, machine: str, told: Told) -> None:
    """(a) SIGKILL to a worker with all its children while it publishes. Others do its work."""
    ends = time.monotonic() + WITHIN_S
    while not (many := _held(cluster, machine)):
        _must_not_be_late(ends, f"{machine} publishes something")
        time.sleep(LOOK_S)
    count = cluster.kill(machine)
    told.step(f"killed {machine} with all its {count} processes, {many} of them tasks that publish")


def kill_a_main_process(cluster: Cluster, machine: str, registry: Registry, store: Store, told: Told) -> bool:
    """(b) SIGKILL to a worker's main process alone, so that its task is published twice at the same time.

    The task is held, as by a machine that hangs, until Airflow has missed it and a second try is at work. Then that one
    is held until the first has written something: both have a hand in the same batch. Returns whether it came to that;
    a task may notice that nobody hears it any more before it writes.
    """
    first = _publishing(cluster, machine, registry, store)
    before = first.written()
    # The kernel hangs up on a stopped task whose parent dies, so it is stopped again as soon as the parent is gone.
    parent = first.process.ppid()
    first.process.resume()
    cluster.kill_alone(machine)
    while first.process.ppid() == parent:
        time.sleep(0.001)
    first.process.suspend()
    told.step(f"killed the main process of {machine} alone; its task that publishes {first.sequence.id} hangs")
    cluster.start(machine)
    second = _again(cluster, first)
    first.process.resume()
    cluster.await_("the first try writes, or ends", lambda: _has_moved(first, before), WITHIN_S)
    is_twin = first.written() != before
    second.resume()
    told.step(
        f"its second try was at work too when the first wrote batch {max(first.written())} of {first.sequence.id}"
        if is_twin
        else f"the first try of {first.sequence.id} ended without a word, its second goes on"
    )
    return is_twin


def cut_the_store(cluster: Cluster, told: Told) -> None:
    """(c) The object store is killed, and comes back with the same data."""
    cluster.s3.stop()
    told.step("killed the object store")
    time.sleep(CUT_S)
    cluster.s3.start()
    told.step(f"started the object store again after {CUT_S:.0f} s")


def restart_the_scheduler(cluster: Cluster, told: Told) -> None:
    """(d) The scheduler is killed, and another started."""
    cluster.kill("scheduler")
    cluster.start("scheduler")
    told.step("killed the scheduler and started another")


def _publishing(cluster: Cluster, machine: str, registry: Registry, store: Store) -> AtWork:
    """A process of `machine` that has a batch to publish and has written none of it. It is held."""
    ends = time.monotonic() + WITHIN_S
    while True:
        for id_, process, task in _publishers(cluster, machine):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
                mapped = registry.source(task.platform, task.stream).mapping.rows
                places = tuple(store.table(registry.dataset(rows.dataset).table, None) for rows in mapped)
                work = AtWork(id_, process, Sequence(task.platform, task.stream, task.city), places)
                if _reads_the_store(process, cluster) and max(work.written()) < mark(store, work.sequence)[0]:
                    return work
                process.resume()
        _must_not_be_late(ends, f"{machine} publishes something")
        time.sleep(LOOK_S)


def _held(cluster: Cluster, machine: str) -> int:
    """How many tasks of `machine` are publishing. They are held, so that none ends before its worker is killed."""
    processes = {}
    for id_, process, _ in _publishers(cluster, machine):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.suspend()
            processes[id_] = process
    ended = processes.keys() - cluster.api.running().keys() if processes else set()
    for id_ in ended:
        with contextlib.suppress(psutil.NoSuchProcess):
            processes[id_].resume()
    return len(processes) - len(ended)


def _again(cluster: Cluster, first: AtWork) -> psutil.Process:
    """The process of the next try of the same task, on whichever worker. It is held."""
    ends = time.monotonic() + WITHIN_S
    while True:
        for machine in WORKERS:
            for id_, process, task in _publishers(cluster, machine):
                if id_ != first.id and Sequence(task.platform, task.stream, task.city) == first.sequence:
                    process.suspend()
                    return process
        _must_not_be_late(ends, f"{first.sequence.id} is tried again")
        time.sleep(LOOK_S)


def _publishers(cluster: Cluster, machine: str) -> Iterator[tuple[str, psutil.Process, Try]]:
    """The processes of a machine that have begun to publish, each with the id of its try and what it publishes."""
    begun = {id_: process for id_, process in _tasks(cluster, machine).items() if _publishes(cluster, machine, id_)}
    running = cluster.api.running() if begun else {}
    for id_, process in begun.items():
        if (task := running.get(id_)) is not None:
            yield id_, process, task


def _reads_the_store(process: psutil.Process, cluster: Cluster) -> bool:
    """Whether it talks to the object store: then it has what it needs of its worker's main process."""
    port = int(cluster.s3.endpoint.rpartition(":")[2])
    return any(one.raddr and one.raddr.port == port for one in process.net_connections())


def _has_moved(first: AtWork, before: list[int]) -> bool:
    is_there = first.process.is_running() and first.process.status() != psutil.STATUS_ZOMBIE
    return not is_there or first.written() != before


def _tasks(cluster: Cluster, machine: str) -> dict[str, psutil.Process]:
    """The processes of a machine that do a task, by the id of the try."""
    found = {}
    for process in cluster.family(machine):
        with contextlib.suppress(psutil.Error):
            title = " ".join(process.cmdline())
            if title.startswith(TASK):
                found[title.removeprefix(TASK).strip()] = process
    return found


def _publishes(cluster: Cluster, machine: str, id_: str) -> bool:
    """Whether a task publishes, and has begun with that, as its log says."""
    for file in (cluster.home(machine) / "var" / "logs").glob(f"dag_id=sync__*/**/task_id={names.PUBLISH}/**/*.log"):
        said = file.read_text(encoding="utf-8", errors="replace")
        if id_ in said and "::endgroup::" in said:
            return True
    return False


def _must_not_be_late(ends: float, what: str) -> None:
    if time.monotonic() > ends:
        raise ClusterBroken(f"not within {WITHIN_S:.0f} s: {what}")


def settle(cluster: Cluster, tries: int = 3) -> Iterator[str]:
    """Wait for all syncs; one that failed is run again, as often as `tries`. Yields the DAG of each further run."""
    for _ in range(tries):
        cluster.await_(
            "all syncs are over", lambda: all(run.is_over for run in cluster.api.newest().values()), within_s=WITHIN_S
        )
        failed = [run.dag for run in cluster.api.newest().values() if run.state == "failed"]
        for dag in failed:
            cluster.api.trigger(dag)
            yield dag
        if not failed:
            return
    raise ClusterBroken(f"still failing after {tries} runs: {', '.join(failed)}")
