from datetime import timedelta
from typing import Any

import pytest
import yaml
from tests.conftest import ROOT

from hutong.model.dataset import Dataset, RowRule
from hutong.schema.contract import Contract, to_dataset

DECLARED: dict[str, Any] = yaml.safe_load((ROOT / "schemas" / "traffic_flow.odcs.yaml").read_text())


def retention_of(*stated: dict[str, Any]) -> timedelta | None:
    return to_dataset(Contract.model_validate({**DECLARED, "slaProperties": list(stated)}), "").retention


def test_retention_is_read_in_days_and_years_and_is_for_ever_when_none_is_stated() -> None:
    assert retention_of({"property": "retention", "value": 90, "unit": "d"}) == timedelta(days=90)
    assert retention_of({"property": "retention", "value": 3, "unit": "y"}) == timedelta(days=3 * 365)
    assert retention_of({"property": "latency", "value": 1, "unit": "d"}) is None


def test_frequency_and_latency_are_read_and_nothing_is_promised_when_none_is_stated() -> None:
    stated = [
        {"property": "frequency", "value": 5, "unit": "min"},
        {"property": "latency", "value": 1, "unit": "d"},
    ]
    read = to_dataset(Contract.model_validate({**DECLARED, "slaProperties": stated}), "")
    assert (read.frequency, read.latency) == (timedelta(minutes=5), timedelta(days=1))
    assert to_dataset(Contract.model_validate({**DECLARED, "slaProperties": []}), "").latency is None


def test_a_latency_in_a_unit_that_hutong_does_not_know_is_refused() -> None:
    stated = [{"property": "latency", "value": 3, "unit": "months"}]
    with pytest.raises(ValueError, match="latency is 3 'months'; state a whole number of min, s, h, d"):
        to_dataset(Contract.model_validate({**DECLARED, "slaProperties": stated}), "")


@pytest.mark.parametrize("wrong", [{"value": 0}, {"value": "90"}, {"value": 1.5}, {"value": True}, {"unit": "month"}])
def test_a_retention_that_is_no_whole_number_of_days_or_years_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"retention is .*; state a whole number of d, y"):
        retention_of({"property": "retention", "value": 90, "unit": "d", **wrong})


def rule(**implementation: Any) -> dict[str, Any]:
    return {"type": "custom", "engine": "hutong", "name": "mine", "description": "", "implementation": implementation}


def with_rule(**implementation: Any) -> Dataset:
    table = {**DECLARED["schema"][0], "quality": [rule(**implementation)]}
    return to_dataset(Contract.model_validate({**DECLARED, "schema": [table]}), "")


def test_rules_across_fields_are_read_with_their_words() -> None:
    assert with_rule(within=["observed_at", "received_at"], above=300).rules[-1] == RowRule(
        "mine", "within", ("observed_at", "received_at"), (None, 300)
    )
    assert with_rule(required_if=["tpi", "target_kind"], **{"is": ["section"]}).rules[-1] == RowRule(
        "mine", "required_if", ("tpi", "target_kind"), ("section",)
    )
    jump = with_rule(jump=["tpi", "occupancy", "observed_at"], of=["target_id"], max_speed_mps=70, slack_m=5)
    assert jump.rules[-1] == RowRule("mine", "jump", ("tpi", "occupancy", "observed_at", "target_id"), (70, 5))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "None; known: before, not_above, together, within, required_if, jump"),
        ({"befor": ["period_start", "period_end"]}, "'befor'; known: before"),
        ({"before": ["period_start"]}, r"before takes 2 fields, such as \{before"),
        ({"together": "tpi"}, "together takes several fields"),
        ({"before": ["period_start", "speed_mps"]}, "before compares timestamp with double; name two numbers"),
        ({"within": ["target_id", "source_id"], "above": 1}, "within compares string with string"),
        ({"within": ["tpi", "occupancy"], "abve": 3}, "within has no 'abve'; did you mean 'above'?"),
        ({"within": ["tpi", "occupancy"], "above": "3"}, "'above' is '3', but takes a number"),
        ({"required_if": ["tpi", "target_kind"], "is": "section"}, "'is' is 'section', but takes texts"),
        (
            {"jump": ["tpi", "occupancy", "observed_at"], "of": ["target_id"], "slack_m": 5},
            "jump needs 'max_speed_mps'",
        ),
        (
            {"jump": ["tpi", "occupancy", "date"], "of": ["target_id"], "max_speed_mps": 70, "slack_m": 5},
            "'date' is of type date, jump needs a timestamp there",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_so_is_refused_with_what_would_be_right(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        with_rule(**wrong)
