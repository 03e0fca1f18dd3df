import json
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from hutong.model.batch import GateResult, Published, Sequence
from hutong.orchestrate.tasks import land, summed
from hutong.pauses import pause
from hutong.registry import Registry
from hutong.store.paths import Store
from tests.dags.conftest import ROOT

SEQUENCE = Sequence("cim", "junction", "500000")


def batch(number: int, *, passed: bool = True) -> Published:
    return Published(
        sequence=SEQUENCE.id,
        batch=number,
        received=10,
        fates={"published": 7, "quarantined": 3},
        rows={"junction": {"written": 7}},
        gates=(GateResult("junction", "many_enough", "warning", passed, "7"),),
    )


def test_receipts_of_several_batches_are_summed() -> None:
    assert summed(SEQUENCE, [batch(4), batch(5, passed=False), batch(6, passed=False)]) == {
        "sequence": "cim/junction/500000",
        "first": 4,
        "last": 6,
        "received": 30,
        "fates": {"published": 21, "quarantined": 9},
        "rows": {"junction": {"written": 21}},
        "gates": {"junction.many_enough": 2},
    }


def test_a_run_that_found_nothing_new_announces_no_dataset() -> None:
    receipt = summed(SEQUENCE, [])
    assert (receipt["first"], receipt["last"], receipt["received"], receipt["rows"]) == (None, None, 0, {})


def test_a_receipt_of_many_batches_stays_small() -> None:
    assert len(json.dumps(summed(SEQUENCE, [batch(number) for number in range(1, 500)]))) < 500


def test_a_paused_platform_is_not_landed_and_that_is_no_failure(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause("cim", "works on the line", registry, Store(str(tmp_path / "lake")))
    for name, value in (("ROOT", ROOT), ("LAKE", tmp_path / "lake"), ("BUDGET", tmp_path / "budget")):
        monkeypatch.setenv(f"HUTONG_{name}", str(value))
    with pytest.raises(AirflowSkipException, match=r"cim.junction: paused since .* \(works on the line\)"):
        land("cim", "junction", "500000")
