import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hutong.cli.diff import diff
from hutong.cli.release import release
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(declared: Path, registry: Registry, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a command on a lake that was released and then got a road renamed and another one added."""
    store = Store(str(tmp_path_factory.mktemp("released") / "lake"))
    env = {"HUTONG_ROOT": str(declared), "HUTONG_LAKE": store.root}

    def invoke(command: click.Command, *words: str) -> Result:
        return CliRunner().invoke(command, words, env=env, catch_exceptions=False)

    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    assert invoke(release, "spring", "--reason", "before the road works").exit_code == 0
    land_flow(registry, store, [flow("L1", roadName="金山大道", statTime="2026-03-18 08:20:00"), flow("L2")])
    publish_flow(registry, store, secrets)
    return invoke


def test_a_difference_is_an_exit_of_1_and_none_of_0(run: Run) -> None:
    assert run(diff, "spring", "now").exit_code == 1
    assert run(diff, "spring", "spring").exit_code == 0
    assert run(diff, "spring", "now", "junction").exit_code == 0


def test_programs_get_counts_and_rows(run: Run) -> None:
    (road,) = json.loads(run(diff, "spring", "now", "road_segment", "--rows", "5", "--json").stdout)
    assert (road["added"], road["changed"], road["removed"]) == (1, 1, 0)
    changed, added = road["examples"]
    assert changed["before"] | changed["after"] == {"name": "金山大道"}
    assert (added["kind"], added["key"]["source_id"], added["before"]) == ("added", "L2", None)


def test_people_get_the_rows_with_what_changed_in_them(run: Run) -> None:
    said = run(diff, "spring", "now", "road_segment", "--rows", "5").stdout
    assert "name=金开大道  name=金山大道" in said
    assert "L2" not in run(diff, "spring", "now", "road_segment", "--rows", "1").stdout


def test_releases_are_listed_with_their_reason(run: Run) -> None:
    (listed,) = json.loads(run(release, "--json").stdout)
    assert (listed["release"], listed["reason"]) == ("spring", "before the road works")
