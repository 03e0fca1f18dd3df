"""The short form of `make chaos`: whoever is killed, and wherever, running again ends as if nothing had happened."""

from __future__ import annotations

import pytest

from tests.chaos import sigkill
from tests.chaos.bench import Bench

pytestmark = pytest.mark.xdist_group("chaos")

COMMITS = 50


@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.slow), 7])
def test_killed_behind_one_commit_after_another_nothing_is_lost_or_doubled(made: Bench, step: int) -> None:
    sigkill.after_each_commit(made.case("after a commit", step), step)
    assert made.tally.problems == []
    assert made.tally.total("kills") == COMMITS // step


@pytest.mark.slow
def test_killed_within_commits_nothing_is_lost_or_doubled(made: Bench) -> None:
    sigkill.within_commits(made.case("within a commit", 1))
    assert made.tally.problems == []
    assert made.tally.total("kills") >= 5


@pytest.mark.slow
def test_killed_at_any_moment_readers_see_only_whole_versions(made: Bench) -> None:
    case = made.case("at a moment", 1)
    with case.read_throughout():
        sigkill.at_moments(case)
    assert made.tally.problems == []
    assert made.tally.total("kills") >= 3
    assert made.tally.total("looks") > 20


@pytest.mark.slow
def test_an_orphan_and_its_replacement_write_every_batch_once(made: Bench) -> None:
    for number in (1, 2):
        sigkill.of_a_worker_alone(made.case("worker alone", number))
    assert made.tally.problems == []
    assert made.tally.total("looks") > 20
