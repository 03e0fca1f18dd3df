from typing import Any

import pytest

DUTIES = {"maintain": "15 3 * * *", "release": None, "check_registry": "5 * * * *", "freshness": "*/10 * * * *"}


def test_each_duty_runs_when_it_should_in_the_citys_time(told: dict[str, Any]) -> None:
    assert {name: told["dags"][name]["schedule"] for name in DUTIES} == DUTIES
    assert {told["dags"][name]["zone"] for name, cron in DUTIES.items() if cron} == {"Asia/Shanghai"}


def test_no_duty_runs_twice_at_a_time_or_for_the_past(told: dict[str, Any]) -> None:
    dags = [told["dags"][name] for name in DUTIES]
    assert {(dag["max_active_runs"], dag["catchup"]) for dag in dags} == {(1, False)}


def test_every_run_that_fails_is_told_of_with_what_its_tasks_noted(told: dict[str, Any]) -> None:
    assert {name: dag["tells"] for name, dag in told["dags"].items()} == dict.fromkeys(told["dags"], "failed")
    notes = [task["notes"] for dag in told["dags"].values() for task in dag["tasks"].values()]
    assert notes
    assert all(noted == ["note"] for noted in notes)


@pytest.mark.parametrize(("cadence", "longest_s"), [("live", 3600), ("daily", 7 * 3600)])
def test_a_sync_that_does_not_end_is_told_of_by_its_cadence(
    told: dict[str, Any], cadence: str, longest_s: float
) -> None:
    found = {tuple(dag["deadlines_s"]) for name, dag in told["dags"].items() if name.endswith(f"__{cadence}")}
    assert found == {(longest_s,)}


def test_the_duties_say_what_they_do_in_both_languages(told: dict[str, Any]) -> None:
    for name in DUTIES:
        words = told["dags"][name]["words"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in words)
        assert "hutong" in words
