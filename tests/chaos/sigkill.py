"""SIGKILL: at every commit, at random moments, and to a worker whose task runs on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import repeat
from pathlib import Path

from tests.chaos.bench import Case
from tests.chaos.ground import ACCIDENTS, FLOW, STREAMS, prepared
from tests.chaos.picture import taken
from tests.chaos.runner import started, undisturbed
from tests.chaos.script import written
from tests.chaos.worker import Death, Work, supervise

MOST = 200
"""Deaths after which a lake that comes to no end is given up."""
KILLS_A_LAKE = 10
GATED_KILLS = 4
COMMIT_S = 0.005
"""What a commit to a local disk takes, and a little more."""


def after_each_commit(case: Case, step: int = 1) -> None:
    """Each run makes one commit and dies right behind it, so that every commit is met once; or each makes `step`."""
    _die_until_done(case, repeat(Death("after", step), MOST))


def before_each_commit(case: Case) -> None:
    """Each run makes one commit and dies right before the next, with all of that worked out."""
    _die_until_done(case, [Death("before", 1), *repeat(Death("before", 2), MOST)])


def within_commits(case: Case) -> None:
    """Runs that die a few milliseconds into a commit: before its data file, behind it, or as the log is written."""
    draw = case.draw()
    deaths = [Death("within", draw.randint(1, 8), draw.uniform(0.0, COMMIT_S)) for _ in range(KILLS_A_LAKE)]
    _die_on_the_way(case, deaths)


def with_gates(case: Case) -> None:
    """A few deaths in a lake whose contracts have their gates, so that what they said is told after them too."""
    bench = case.bench
    with prepared(bench.ground.folder / case.name, written(bench.seed), has_gates=True) as ground:
        store = ground.store("undisturbed")
        undisturbed(Work(ground, store, STREAMS))
        gated = replace(bench, ground=ground, wanted=taken(ground, store))
        deaths = [Death("after", commit) for commit in case.draw().sample(range(2, 12), GATED_KILLS)]
        _die_on_the_way(replace(case, bench=gated, store=ground.store("killed")), deaths)


def _die_until_done(case: Case, deaths: Iterable[Death]) -> None:
    if not _die_on_the_way(case, deaths):
        case.complain(f"{MOST} runs, each of which made a commit, did not bring it to an end")


def _die_on_the_way(case: Case, deaths: Iterable[Death]) -> bool:
    """Runs that die one after the other, until one comes to its end or all deaths are died. Whether one did."""
    has_ended = False
    for death in deaths:
        with started(replace(case.work(), death=death)) as run:
            ended = run.finish()
        if ended is not None:
            if ended.how != "done":
                case.complain(f"a run that was to die {death} says: {ended.said}")
            has_ended = True
            break
        case.count(kills=1, recoveries=1)
    case.count(torn=_torn(case))
    case.conclude()
    return has_ended


def at_moments(case: Case) -> None:
    """Runs that are killed after a while, wherever they are then: asking for a page, reckoning, committing."""
    draw = case.draw()
    for _ in range(KILLS_A_LAKE):
        with started(case.work()) as run:
            if not run.until(seconds=draw.uniform(0.0, 0.4) * case.bench.span_s):
                break
            run.kill()
        case.count(kills=1, recoveries=1)
    case.count(torn=_torn(case))
    case.conclude()


def of_a_worker_alone(case: Case) -> None:
    """A worker is killed, its task runs on, and a replacement does the same work beside it: a true twin.

    Only streams that say themselves when they have no more: two processes that list the same crossings are two
    listings.
    """
    job = replace(case.work(), streams=(FLOW, ACCIDENTS))
    with case.read_throughout(), started(job, supervise) as worker:
        worker.until(commits=case.draw().randint(1, 30))
        worker.kill()
        before = worker.commits
        case.count(kills=1, recoveries=1)
        with started(job) as replacement:
            ends = {"the replacement": replacement.finish(), "the orphan": worker.finish()}
            case.count(twins=bool(replacement.commits and worker.commits > before))
    for who, ended in ends.items():
        if ended is None or ended.how != "done":
            case.complain(f"{who} did not end well: {ended.said if ended else 'killed'}")
    case.conclude()


def _torn(case: Case) -> int:
    """Data files that no commit names: what a commit leaves that was killed half-way."""
    log = "".join(path.read_text() for path in Path(case.store.root).glob("**/_delta_log/*.json"))
    return sum(path.name not in log for path in Path(case.store.root).glob("**/*.parquet"))
