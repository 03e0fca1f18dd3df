import json
from dataclasses import replace
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from hutong.model.batch import GateResult, Published, Sequence
from hutong.orchestrate.alerts import AlreadyTold
from hutong.orchestrate.plan import Place
from hutong.orchestrate.refusing import all_came, mark, tell
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
        "refused": {},
        "refused_batches": 0,
    }


def refused(number: int, *gates: GateResult) -> Published:
    return replace(batch(number), fates={"refused": 10}, rows={}, gates=gates)


def test_a_receipt_says_which_batches_were_refused_and_by_what() -> None:
    critical = GateResult("junction", "lon_in_city", "critical", False, "20/20")
    warning = GateResult("junction", "volume_is_usual", "warning", False, "3")
    receipt = summed(SEQUENCE, [batch(4), refused(5, critical, warning), batch(6), refused(7)])
    assert receipt["refused"] == {
        "cim/junction/500000#5": ["junction.lon_in_city"],
        "cim/junction/500000#7": ["drift"],
    }
    assert mark(receipt) == " · 拒绝 refused: drift, junction.lon_in_city"
    many = [GateResult("junction", f"gate_{number}", "critical", False, "0") for number in range(5)]
    assert mark(summed(SEQUENCE, [refused(8, *many)])) == " · 拒绝 refused: junction.gate_0, junction.gate_1 +3"
    assert len(summed(SEQUENCE, [refused(number, critical) for number in range(1, 500)])["refused"]) == 3


def test_a_run_in_which_a_batch_was_refused_fails_once_and_names_gate_batch_and_next_step() -> None:
    critical = GateResult("junction", "lon_in_city", "critical", False, "20/20")
    came = [None, summed(SEQUENCE, [batch(4)]), summed(SEQUENCE, [refused(n, critical) for n in (5, 6, 7, 8)])]
    with pytest.raises(AirflowFailException) as failed:
        tell(came, is_whole=False)
    said = str(failed.value)
    assert "cim/junction/500000#5 by junction.lon_in_city" in said
    assert "1 more of cim/junction/500000" in said
    assert "`hutong gates accept|reject BATCH" in said


def test_a_run_in_which_nothing_was_refused_is_left_as_it_is() -> None:
    receipt = summed(SEQUENCE, [batch(4, passed=False)])
    tell([receipt], is_whole=all_came([1], [receipt]))
    tell([], is_whole=all_came([], []))
    assert mark(receipt) == ""


def test_a_run_in_which_something_failed_before_fails_and_tells_nobody_again() -> None:
    receipt = summed(SEQUENCE, [batch(4)])
    for planned, came in (([1, 2], [receipt, None]), ([1, 2], [receipt]), (None, [])):
        with pytest.raises(AlreadyTold, match="a task before this one failed"):
            tell(came, is_whole=all_came(planned, came))


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
        land(registry, Place(name="junction", sequence="cim/junction/500000", window=None))
