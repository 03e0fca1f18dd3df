from datetime import timedelta
from typing import Any

import pytest
import yaml
from tests.conftest import ROOT

from hutong.schema.contract import Contract, to_dataset

DECLARED: dict[str, Any] = yaml.safe_load((ROOT / "schemas" / "traffic_flow.odcs.yaml").read_text())


def retention_of(*stated: dict[str, Any]) -> timedelta | None:
    return to_dataset(Contract.model_validate({**DECLARED, "slaProperties": list(stated)}), "").retention


def test_retention_is_read_in_days_and_years_and_is_for_ever_when_none_is_stated() -> None:
    assert retention_of({"property": "retention", "value": 90, "unit": "d"}) == timedelta(days=90)
    assert retention_of({"property": "retention", "value": 3, "unit": "y"}) == timedelta(days=3 * 365)
    assert retention_of({"property": "latency", "value": 1, "unit": "d"}) is None


@pytest.mark.parametrize("wrong", [{"value": 0}, {"value": "90"}, {"value": 1.5}, {"value": True}, {"unit": "month"}])
def test_a_retention_that_is_no_whole_number_of_days_or_years_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="state whole days or years"):
        retention_of({"property": "retention", "value": 90, "unit": "d", **wrong})
