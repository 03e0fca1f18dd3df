import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyproj import Geod

from citysim.clock import BEIJING
from citysim.faults import KINDS
from citysim.views import cloud_control
from citysim.views.city import City
from citysim.views.cloud_control import rsm, rsm_timestamps, rsus, serials, truth_of

GEOD = Geod(ellps="WGS84")
MINUTE = 2


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def participants(city: City, minute: int) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    """(envelope, participant, record id) of a minute without faults."""
    found = []
    for one in rsm(city, minute).envelopes:
        envelope = json.loads(one.text)
        bodies = [body for message in envelope["rsms"] for body in message["participants"]]
        found += [(envelope, body, record_id) for body, record_id in zip(bodies, one.record_ids, strict=True)]
    return found


def test_the_registry_lists_every_rsu_and_the_ones_that_were_swapped(city: City) -> None:
    records = [one.record for one in rsus(replace(city, fault_share=0.0)).shown]
    table = city.truth.rsus
    swapped = [record for record in records if record["rsuStatus"] == 0]
    assert len(records) - len(swapped) == table.num_rows
    assert len(swapped) == round(0.03 * table.num_rows)
    assert len({record["rsuEsn"] for record in records}) == len(records)
    assert sum(record["sensing"] for record in records) == 40
    assert all(len(record["rsuEsn"]) == 9 for record in records)
    # The swapped device stood at the same junction as the one that works there now.
    origins = truth_of(city, "rsus")
    for record in swapped:
        rsu = origins[record["rsuEsn"]].truth_id
        assert rsu is not None
        assert serials(city)[rsu] != record["rsuEsn"]


def test_registry_positions_are_off_by_the_noise_that_was_drawn(clean: City) -> None:
    origins = truth_of(clean, "rsus")
    noise = []
    for one in rsus(clean).shown:
        origin = origins[one.record_id]
        position = one.record["position"]
        distance = GEOD.inv(origin.lon, origin.lat, position["lon"] / 1e7, position["lat"] / 1e7)[2]
        assert origin.noise_m is not None
        assert distance == pytest.approx(np.hypot(*origin.noise_m), abs=0.02)
        noise += origin.noise_m
    assert np.std(noise) == pytest.approx(2.0, rel=0.2)


def test_participants_are_where_the_truth_says_but_for_the_noise_drawn(clean: City) -> None:
    origins = truth_of(clean, "rsm", MINUTE * 60, MINUTE * 60 + 60)
    seen = participants(clean, MINUTE)
    assert {record_id for _, _, record_id in seen} == set(origins)
    pairs = [(body["pos"], origins[record_id]) for _, body, record_id in seen]
    drawn = np.array([np.hypot(*(origin.noise_m or (np.inf, np.inf))) for _, origin in pairs])
    lon, lat = (np.array([place[axis] / 1e7 for place, _ in pairs]) for axis in ("lon", "lat"))
    true_lon, true_lat = (np.array([getattr(origin, axis) for _, origin in pairs]) for axis in ("lon", "lat"))
    distance = np.array(GEOD.inv(lon, lat, true_lon, true_lat)[2])
    assert np.abs(distance - drawn).max() < 0.02
    assert np.sqrt((drawn**2).mean() / 2) == pytest.approx(0.7, rel=0.03)


def test_truth_positions_lie_on_the_participants_track(clean: City) -> None:
    tracks = clean.truth.tracks
    t_s, number, lon, lat = (tracks.column(name).to_numpy() for name in ("t_s", "participant", "lon", "lat"))
    minute = (t_s >= MINUTE * 60 - 1) & (t_s <= MINUTE * 60 + 60)
    columns = zip(t_s[minute].tolist(), number[minute].tolist(), lon[minute], lat[minute], strict=True)
    places = {(t, participant): (x, y) for t, participant, x, y in columns}
    for origin in list(truth_of(clean, "rsm", MINUTE * 60, MINUTE * 60 + 60).values())[::50]:
        assert origin.t_s is not None
        assert origin.truth_id is not None
        before = places.get((int(origin.t_s), int(origin.truth_id)))
        after = places.get((int(origin.t_s) + 1, int(origin.truth_id)))
        if before and after:
            detour = sum(GEOD.inv(origin.lon, origin.lat, *end)[2] for end in (before, after))
            assert detour <= GEOD.inv(*before, *after)[2] + 1.0


def test_an_envelope_keeps_the_limits_of_the_standard(clean: City) -> None:
    for one in rsm(clean, MINUTE).envelopes:
        envelope = json.loads(one.text)
        assert envelope["timestamp"] == one.timestamp_ms
        for message in envelope["rsms"]:
            assert 1 <= len(message["participants"]) <= 16
            assert 0 <= message["msgCnt"] <= 127
            assert bytes.fromhex(message["id"]).decode() == envelope["rsuEsn"][1:]
            for body in message["participants"]:
                assert body["ptcType"] in ("motor", "non_motor", "pedestrian")
                assert ("vehicleClass" in body) == (body["ptcType"] == "motor")
                assert 0 <= body["secMark"] < 60000
                assert 0 <= body["speed"] <= 8191
                assert 0 <= body["heading"] <= 28800
                assert 0 <= body["size"]["height"] <= 127


def test_a_participant_sampled_before_the_minute_rolled_over_keeps_its_old_millisecond(clean: City) -> None:
    crossed = 0
    for envelope, body, record_id in participants(clean, MINUTE):
        lag = envelope["timestamp"] - int(record_id.rpartition("/")[2])
        assert 0 <= lag <= 300
        assert body["secMark"] == (envelope["timestamp"] - lag) % 60000
        crossed += envelope["timestamp"] % 60000 < lag
    assert crossed > 10


def test_a_share_of_sizes_speeds_and_headings_is_unknown_without_being_a_fault(clean: City) -> None:
    bodies = [body for _, body, _ in participants(clean, MINUTE)]
    assert sum(body["size"]["length"] == 0 for body in bodies) / len(bodies) == pytest.approx(0.02, abs=0.01)
    assert sum(body["speed"] == 8191 for body in bodies) / len(bodies) == pytest.approx(0.01, abs=0.005)
    assert sum(body["heading"] == 28800 for body in bodies) / len(bodies) == pytest.approx(0.01, abs=0.005)
    assert not rsm(clean, MINUTE).faults


def test_speeds_and_sizes_are_those_of_the_participant(clean: City) -> None:
    tracks = clean.truth.tracks
    t_s, number, speed = (tracks.column(name).to_numpy() for name in ("t_s", "participant", "speed_mps"))
    known = {(t, one): value for t, one, value in zip(t_s.tolist(), number.tolist(), speed.tolist(), strict=True)}
    length = dict(
        zip(*(clean.truth.participants.column(name).to_pylist() for name in ("participant", "length_m")), strict=True)
    )
    origins = truth_of(clean, "rsm", MINUTE * 60, MINUTE * 60 + 60)
    errors = []
    for envelope, body, record_id in participants(clean, MINUTE):
        truth_id = origins[record_id].truth_id
        assert truth_id is not None
        second = (envelope["timestamp"] - round(clean.recording_start.timestamp() * 1000)) // 1000
        if body["speed"] != 8191:
            errors.append(body["speed"] * 0.02 - known[second, int(truth_id)])
        if body["size"]["length"]:
            assert body["size"]["length"] / 100 == pytest.approx(length[int(truth_id)], rel=0.12)
    assert np.median(np.abs(errors)) < 0.35


def test_bad_participants_are_counted_and_of_every_kind(city: City) -> None:
    answers = [rsm(city, minute) for minute in range(4)]
    records = sum(len(one.record_ids) for one in answers)
    faults = [fault for one in answers for fault in one.faults]
    assert len(faults) == pytest.approx(0.005 * records, rel=0.35)
    assert {fault.kind for fault in faults} == set(KINDS)
    served = [record_id for answer in answers for one in answer.envelopes for record_id in one.record_ids]
    doubled = {fault.record_id for fault in faults if fault.kind == "duplicate"}
    assert len(served) == records + len(doubled)
    assert {one for answer in answers for e in answer.envelopes for one in e.fault_ids} == {
        fault.record_id for fault in faults
    }


def test_a_duplicate_is_equal_to_the_byte(city: City) -> None:
    doubled = {fault.record_id for fault in rsm(city, MINUTE).faults if fault.kind == "duplicate"}
    assert doubled
    for envelope in rsm(city, MINUTE).envelopes:
        for record_id in doubled & set(envelope.record_ids):
            temporary = f'"ptcId":{record_id.split("/")[1]},'
            texts = [piece for piece in envelope.text.split('{"ptcType"') if temporary in piece]
            assert len(texts) == 2 == envelope.record_ids.count(record_id)
            assert texts[0].rstrip(",]}").startswith(texts[1].rstrip(",]}")[:150])


def test_a_minute_is_the_same_whenever_it_is_asked_for(city: City) -> None:
    again = replace(city)
    assert rsm(again, MINUTE).envelopes == rsm(city, MINUTE).envelopes
    assert rsm_timestamps(again, MINUTE) == [one.timestamp_ms for one in rsm(city, MINUTE).envelopes]


def test_ten_hertz_of_all_rsus_gives_frames_a_tenth_of_a_second_apart(city: City) -> None:
    dense = replace(city, hz=10, is_all_sensing=True, fault_share=0.0)
    stamps = rsm_timestamps(dense, 0)
    assert {stamp % 1000 for stamp in stamps} == set(range(0, 1000, 100))
    assert len(stamps) > 15 * len(rsm_timestamps(city, 0))


def test_the_minute_of_the_year_is_that_of_the_envelope_over_new_year(city: City) -> None:
    # 08:00 in Beijing is midnight in UTC.
    turning = replace(city, recording_start=datetime(2026, 1, 1, 7, 59, tzinfo=BEIJING), fault_share=0.0)
    last, first = (json.loads(rsm(turning, minute).envelopes[0].text)["moy"] for minute in (0, 1))
    assert (last, first) == (525599, 0)
    early = json.loads(rsm(turning, 1).envelopes[0].text)
    assert early["rsms"][0]["participants"][0]["secMark"] > 59000


def test_no_second_of_silence_gives_an_envelope(clean: City) -> None:
    end = clean.recording_start + timedelta(seconds=clean.truth.duration_s)
    assert all(one.record_ids for one in rsm(clean, MINUTE).envelopes)
    assert cloud_control.rsm_timestamps(clean, clean.truth.duration_s // 60) == []
    assert rsm_timestamps(clean, 29)[-1] < end.timestamp() * 1000


def test_half_an_hour_holds_some_hundred_thousand_participants(city: City) -> None:
    fresh = replace(city)
    records = sum(len(rsm(fresh, minute).record_ids) for minute in range(city.truth.duration_s // 60))
    assert 200_000 < records < 500_000
