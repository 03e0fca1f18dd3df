"""Faults of an object store, and kills on one: a real S3 server on loopback, one for each case."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from hutong.store.paths import Store
from tests.chaos import sigkill
from tests.chaos.bench import Case
from tests.chaos.proxy import faulty
from tests.chaos.runner import started
from tests.stores.seaweed import RunningS3, running_s3

RUNS = 12
IMPATIENT = {"timeout": "2s", "connect_timeout": "2s", "retry_timeout": "1s"}
"""What makes a store's client give up soon, so that its failures reach the engine."""


def failing(case: Case) -> None:
    """Runs against a store that refuses, loses, delays and swallows requests, until one of them comes to its end."""
    with _on_s3(case) as (case, s3), faulty(s3.endpoint, case.draw()) as proxy, case.read_throughout():
        through = replace(case.work(), store=impatient(case.store, proxy.endpoint))
        for _ in range(RUNS):
            with started(through) as run:
                ended = run.finish()
            case.judge_fault(ended)
            if ended is None or ended.how != "failed":
                break
            case.count(recoveries=1)
        case.count(faults=sum(proxy.met.values()), unanswered=proxy.met["unanswered"] + proxy.met["late"])
        case.conclude()


def killed(case: Case) -> None:
    """The server is killed while a run is at work. It comes back at once, or when the run has given up."""
    draw = case.draw()
    with _on_s3(case) as (case, s3):
        with started(replace(case.work(), store=impatient(case.store, s3.endpoint))) as run:
            run.until(commits=draw.randint(1, 40))
            s3.stop()
            if draw.random() < 0.5:
                run.until()
            s3.start()
            case.judge_fault(run.finish())
        case.count(faults=1, recoveries=1)
        case.conclude()


def killed_at_moments(case: Case) -> None:
    """Workers are killed at random moments, as on a disk."""
    with _on_s3(case) as (case, _), case.read_throughout():
        sigkill.at_moments(case)


@contextlib.contextmanager
def _on_s3(case: Case) -> Iterator[tuple[Case, RunningS3]]:
    """`case` with its lake on an S3 server of its own."""
    with running_s3(case.bench.ground.folder / f"{case.name}_s3") as server:
        yield replace(case, store=server.store("chaos")), server


def impatient(store: Store, endpoint: str) -> Store:
    """`store` as it is reached at `endpoint` by a client that gives up soon."""
    return replace(store, options={**store.options, "aws_endpoint": endpoint, **IMPATIENT})
