from typing import Any

import pytest

from hutong.registry import Registry

PLATFORMS = ("cloud_control", "traffic_safety", "transport_info")


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def dag(told: dict[str, Any], platform: str) -> dict[str, Any]:
    found: dict[str, Any] = told["dags"][f"backfill__{platform}"]
    return found


def test_every_platform_with_a_stream_that_takes_a_window_has_one(told: dict[str, Any]) -> None:
    assert {dag for dag in told["dags"] if dag.startswith("backfill__")} == {f"backfill__{one}" for one in PLATFORMS}


def test_it_runs_when_told_inside_the_platforms_pool_and_behind_its_syncs(dag: dict[str, Any], platform: str) -> None:
    assert dag["schedule"] is None
    assert {name: task["pool"] for name, task in dag["tasks"].items()} == {
        "plan": "default_pool",
        "bring": f"hutong_{platform}",
        "gates": "default_pool",
    }
    assert {task["priority"][1] for task in dag["tasks"].values()} == {1}


def test_its_form_offers_the_streams_that_take_a_window_and_leaves_the_live_sync_a_slot(
    dag: dict[str, Any], platform: str, registry: Registry
) -> None:
    form, connector = dag["form"], registry.connector(platform)
    with_window = [name for name, stream in connector.streams.items() if stream.window_by is not None]
    assert form["stream"]["enum"] == with_window
    assert form["max_parallel"]["maximum"] == connector.budget.concurrency
    assert form["max_parallel"]["default"] < connector.budget.concurrency
