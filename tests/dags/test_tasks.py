import json

from hutong.model.batch import GateResult, Published, Sequence
from hutong.orchestrate.tasks import summed

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
