from collections import defaultdict
from dataclasses import replace

import pytest

from citysim.views.city import City
from citysim.views.connected import BSM_EVERY_S, ID_LIFE_S, bsm, bsm_messages, cloud_reports


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_about_one_passenger_car_in_twelve_is_connected(clean: City) -> None:
    table = clean.truth.participants
    kinds = dict(zip(*(table.column(name).to_pylist() for name in ("participant", "kind")), strict=True))
    heard = {int(str(one.origin.truth_id)) for one in bsm(clean).shown}
    telling = {int(str(one.origin.truth_id)) for one in cloud_reports(clean).shown}
    cars = [number for number, kind in kinds.items() if kind == "passenger"]
    assert len(heard) == pytest.approx(0.08 * len(cars), rel=0.25)
    assert {kinds[number] for number in heard | telling} == {"passenger"}
    assert 0 < len(telling) < len(heard)
    # The same vehicles, by different draws of noise.
    assert len(telling & heard) > 0.8 * len(telling)


def test_a_temporary_id_lives_two_minutes_and_is_no_other_vehicle_s(clean: City) -> None:
    spoken: dict[str, set[tuple[str, float]]] = defaultdict(set)
    for one in bsm(clean).shown:
        spoken[one.record["id"]].add((str(one.origin.truth_id), one.stamp_s))
    for said in spoken.values():
        assert len({vehicle for vehicle, _ in said}) == 1
        times = sorted(t_s for _, t_s in said)
        assert times[-1] - times[0] < ID_LIFE_S
    assert len(spoken) > len({vehicle for said in spoken.values() for vehicle, _ in said})


def test_a_message_may_be_sent_on_in_the_minute_after_it_was_spoken(clean: City) -> None:
    found = bsm_messages(clean)
    assert all(one.body["bsms"] for one in found)
    off_ms = {(one.body["timestamp"] - part["secMark"]) % 60_000 for one in found for part in one.body["bsms"]}
    assert off_ms == {150}
    assert all(one.stamp_s % 1 == 0 for one in found)
    assert BSM_EVERY_S > 1


def test_a_report_to_the_cloud_names_a_vehicle_for_good(clean: City) -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for one in cloud_reports(clean).shown:
        names[str(one.origin.truth_id)].add(one.record["vehicleId"])
    assert all(len(name) == 1 for name in names.values())
    assert len({next(iter(name)) for name in names.values()}) == len(names)
