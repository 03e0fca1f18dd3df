import re
from pathlib import Path
from typing import Any

import pytest

from hutong.orchestrate.names import sync_dags
from hutong.registry import Registry
from tests.dags.conftest import read_dags

SYNCS = (
    ("cim", "daily"),
    *(
        (platform, cadence)
        for platform in ("cloud_control", "traffic_safety", "transport_info")
        for cadence in ("live", "daily")
    ),
)


def test_the_files_are_read_without_error(told: dict[str, Any]) -> None:
    assert told["errors"] == {}


def test_the_files_use_nothing_that_airflow_will_drop(told: dict[str, Any]) -> None:
    assert told["warnings"] == []


def test_reading_the_files_loads_nothing_below_the_registry(told: dict[str, Any]) -> None:
    ours = {name.split(".")[1] for name in told["modules"] if name.startswith("hutong.")}
    assert ours <= {"errors", "model", "orchestrate", "registry", "schema", "settings"}
    heavy = {
        "deltalake", "duckdb", "great_expectations", "jsonschema", "lxml", "matplotlib", "numpy", "pandas", "pint",
        "polars", "pyarrow", "pyproj", "requests", "shapely",
    }  # fmt: skip
    assert heavy.isdisjoint(name.split(".")[0] for name in told["modules"])


@pytest.mark.parametrize("dag", ["sync__traffic_safety__live", "backfill__traffic_safety"])
def test_a_task_reads_what_its_own_platform_declares(dag: str, tmp_path: Path) -> None:
    # As Airflow tells the process of a task which DAG it is about.
    told = read_dags(tmp_path, _AIRFLOW_PARSING_CONTEXT_DAG_ID=dag)
    assert dag in told["dags"]
    assert {name.split("__")[1] for name in told["dags"] if "__" in name} == {"traffic_safety"}


def test_there_is_a_sync_per_platform_and_cadence_and_one_report(told: dict[str, Any], registry: Registry) -> None:
    syncs = {name for name in told["dags"] if name.startswith("sync__")}
    assert syncs == {f"sync__{platform}__{cadence}" for platform, cadence in SYNCS} == set(sync_dags(registry))
    assert "report" in told["dags"]


def test_every_stream_has_its_place_in_one_sync(registry: Registry) -> None:
    for connector in registry.connectors.values():
        streams = [stream for streams in connector.by_cadence.values() for stream in streams]
        assert sorted(streams) == sorted(connector.streams)


@pytest.fixture(params=SYNCS, ids="__".join)
def sync(request: pytest.FixtureRequest) -> tuple[str, str]:
    return request.param


@pytest.fixture
def platform(sync: tuple[str, str]) -> str:
    return sync[0]


@pytest.fixture
def cadence(sync: tuple[str, str]) -> str:
    return sync[1]


@pytest.fixture
def dag(told: dict[str, Any], platform: str, cadence: str) -> dict[str, Any]:
    found: dict[str, Any] = told["dags"][f"sync__{platform}__{cadence}"]
    return found


def test_a_run_is_a_plan_and_two_tasks_and_each_index_waits_for_its_own_only(dag: dict[str, Any]) -> None:
    upstream = {name: task["upstream"] for name, task in dag["tasks"].items()}
    assert upstream == {"plan": [], "land": ["plan"], "publish": ["land", "plan"], "gates": ["publish"]}
    assert {dag["tasks"][name]["group"] for name in ("land", "publish")} == {"MappedTaskGroup"}


def test_an_index_is_called_by_its_place_and_by_the_gates_that_refused_a_batch(dag: dict[str, Any]) -> None:
    place = "{{ task.op_kwargs['place']['name'] }}"
    assert dag["tasks"]["land"]["index_name"] == place
    assert dag["tasks"]["publish"]["index_name"] == f"{place}{{{{ refused_by | default('') }}}}"


def test_only_what_deals_with_a_platform_waits_for_its_pool(dag: dict[str, Any], platform: str) -> None:
    assert {name: task["pool"] for name, task in dag["tasks"].items()} == {
        "plan": "default_pool",
        "land": f"hutong_{platform}",
        "publish": f"hutong_{platform}",
        "gates": "default_pool",
    }


def test_what_comes_often_goes_before_what_comes_seldom(dag: dict[str, Any], cadence: str) -> None:
    priority = {"live": 3, "daily": 2}[cadence]
    assert [task["priority"] for task in dag["tasks"].values()] == [["absolute", priority]] * 4


def test_its_form_offers_streams_and_cities_and_left_alone_it_reads_on(
    dag: dict[str, Any], platform: str, cadence: str, registry: Registry
) -> None:
    form, connector = dag["form"], registry.connector(platform)
    assert {name: field["default"] for name, field in form.items()} == {
        "streams": [],
        "cities": [],
        "window_from": None,
        "window_to": None,
        "full_refresh": False,
        "dry_run": False,
    }
    assert form["streams"]["examples"] == form["streams"]["items"]["enum"] == connector.by_cadence[cadence]
    assert form["cities"]["examples"] == connector.cities
    assert all(re.search(r"[\u4e00-\u9fff].*[a-z]", field["title"]) for field in form.values())


def test_what_has_landed_is_published_when_the_rest_is_skipped_but_not_when_it_failed(dag: dict[str, Any]) -> None:
    assert {name: task["rule"] for name, task in dag["tasks"].items()} == {
        "plan": "all_success",
        "land": "all_success",
        "publish": "none_failed",
        # It ends the run, whose state is its own: it fails where something failed, and says what was refused beside it.
        "gates": "all_done",
    }


def test_every_task_belongs_to_the_platforms_owner(dag: dict[str, Any], platform: str, registry: Registry) -> None:
    assert {task["owner"] for task in dag["tasks"].values()} == {registry.connector(platform).owner}


def test_a_task_is_tried_twice_more_and_ever_later(dag: dict[str, Any]) -> None:
    for name in ("plan", "land", "publish"):
        task = dag["tasks"][name]
        assert (task["retries"], task["retry_delay_s"], task["backoff"]) == (2, 10, 2)
    assert dag["tasks"]["gates"]["retries"] == 0


def test_what_somebody_has_to_mend_first_is_not_tried_again(dag: dict[str, Any]) -> None:
    for task in dag["tasks"].values():
        assert task["rules"] == {
            "fail": ["AskedWrongly", "PlatformGarbled", "PlatformRefused", "RegistryError", "SecretMissing"],
            "retry": ["PlatformBusy", "StoreError"],
        }


def test_only_publishing_announces_datasets_and_only_those_it_changed(dag: dict[str, Any]) -> None:
    assert {name: task["outlets"] for name, task in dag["tasks"].items()} == {
        "plan": [],
        "land": [],
        "publish": ["AssetAlias"],
        "gates": [],
    }


def test_one_run_at_a_time_and_none_for_the_past(dag: dict[str, Any]) -> None:
    assert (dag["max_active_runs"], dag["catchup"]) == (1, False)


def test_tags_name_platform_tier_cadence_cities_and_layers(
    dag: dict[str, Any], platform: str, cadence: str, registry: Registry
) -> None:
    connector = registry.connector(platform)
    layers = set(dag["tags"]) - {platform, connector.tier, cadence, *connector.cities}
    assert layers
    assert layers <= {"车", "路", "云", "网", "图", "安全"}


def test_the_documentation_is_in_both_languages(
    dag: dict[str, Any], platform: str, cadence: str, registry: Registry
) -> None:
    connector = registry.connector(platform)
    for words in (connector.title, *(connector.streams[name].title for name in connector.by_cadence[cadence])):
        assert words.zh in dag["words"]
        assert words.en in dag["words"]


def test_a_sync_runs_when_its_connector_says_in_the_citys_time(
    dag: dict[str, Any], platform: str, cadence: str, registry: Registry
) -> None:
    assert (dag["schedule"], dag["zone"]) == (registry.connector(platform).cadences[cadence], "Asia/Shanghai")


def test_an_airflow_that_only_does_as_told_has_no_schedules(tmp_path: Path) -> None:
    unscheduled = read_dags(tmp_path, HUTONG_UNSCHEDULED="1")
    schedules = [unscheduled["dags"][f"sync__{platform}__{cadence}"]["schedule"] for platform, cadence in SYNCS]
    assert schedules == [None] * len(SYNCS)
    assert unscheduled["dags"]["report"]["assets"]


def test_the_report_waits_for_every_base_dataset(told: dict[str, Any], registry: Registry) -> None:
    report = told["dags"]["report"]
    assert report["assets"] == [f"hutong://base/{dataset.id}" for dataset in registry.base_datasets]
    assert list(report["tasks"]) == ["refresh"]
