from typing import Any

import pytest

from citysim.faults import KINDS, Kind, Weaknesses, as_text, chosen_for, damage, one_of, whole

WEAK = Weaknesses(
    stream="things",
    fields=("id", "at", "at.lon", "speed", "name"),
    sentinels={"speed": (-1, 255)},
    impossible={"speed": whole((300, 999))},
    codes={"name": one_of("Z")},
)
RECORD: dict[str, Any] = {"id": "7", "at": {"lon": 106.5, "lat": 29.5}, "speed": 40, "name": "A"}


def test_the_same_records_are_chosen_again_and_others_under_another_seed() -> None:
    ids = [str(number) for number in range(2000)]
    assert chosen_for(1, "things", ids, 0.005) == chosen_for(1, "things", ids, 0.005)
    assert set(chosen_for(1, "things", ids, 0.005)) != set(chosen_for(2, "things", ids, 0.005))
    assert len(chosen_for(1, "things", ids, 0.005)) == 10


def test_a_small_stream_gets_three_faults_of_three_kinds() -> None:
    chosen = chosen_for(1, "things", [str(number) for number in range(50)], 0.005)
    assert len(chosen) == 3
    assert len(set(chosen.values())) == 3


def test_an_element_of_a_list_is_broken_in_its_place() -> None:
    weak = Weaknesses("things", ("at.1.lon",), {}, {}, {})
    record = {"at": [{"lon": 1}, {"lon": 2}, {"lon": 3}]}
    broken, fault = damage(5, weak, "7", "missing_key", record)
    assert (broken, fault.field) == ({"at": [{"lon": 1}, {}, {"lon": 3}]}, "at.1.lon")
    assert record == {"at": [{"lon": 1}, {"lon": 2}, {"lon": 3}]}


def test_a_share_of_nothing_chooses_nothing() -> None:
    assert chosen_for(1, "things", ["1", "2"], 0.0) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_changes_the_named_field_and_nothing_else(kind: Kind) -> None:
    for number in range(60):
        record, fault = damage(5, WEAK, str(number), kind, RECORD)
        assert (record, fault) == damage(5, WEAK, str(number), kind, RECORD)
        if kind == "duplicate":
            assert record == RECORD
            assert fault.field is None
            continue
        assert fault.field is not None
        assert record != RECORD
        *parents, last = fault.field.split(".")
        broken: Any = record
        good: Any = RECORD
        for parent in parents:
            broken, good = broken[parent], good[parent]
        if kind == "missing_key":
            assert last not in broken
        else:
            assert broken[last] == fault.value != good[last]
            if kind == "wrong_type":
                assert type(fault.value) is not type(good[last])
        assert {key: value for key, value in broken.items() if key != last} == {
            key: value for key, value in good.items() if key != last
        }
    assert RECORD["at"] == {"lon": 106.5, "lat": 29.5}


def test_a_number_of_the_wrong_type_is_never_a_number_written_as_text() -> None:
    for number in range(200):
        _, fault = damage(5, WEAK, str(number), "wrong_type", RECORD)
        if fault.field == "speed" and isinstance(fault.value, str):
            assert not fault.value.isnumeric()


def test_where_all_is_text_faults_are_text() -> None:
    text = Weaknesses("texts", ("n",), {"n": ("-",)}, {"n": as_text(whole((300, 999)))}, {"n": one_of("X")}, True)
    for kind in ("wrong_type", "sentinel", "impossible_value", "unknown_code"):
        record, _ = damage(5, text, "1", kind, {"n": "4"})
        assert isinstance(record["n"], str)
    assert damage(5, text, "1", "wrong_type", {"n": "4"})[0]["n"].isdigit() is False


def test_a_sentinel_is_not_planted_where_it_already_stands() -> None:
    weak = Weaknesses("things", (), {"speed": (-1,), "name": ("-",)}, {}, {})
    for number in range(20):
        _, fault = damage(5, weak, str(number), "sentinel", {"speed": -1, "name": "A"})
        assert fault.field == "name"
