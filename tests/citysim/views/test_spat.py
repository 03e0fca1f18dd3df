from dataclasses import replace

import numpy as np
import pytest

from citysim.views.city import City
from citysim.views.map_messages import map_nodes
from citysim.views.map_nodes import phases
from citysim.views.spat import END_SIGMA_S, LIGHTS, STEP_S, UNKNOWN_MARK, spat, spat_messages


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_each_change_of_a_light_at_a_connected_crossing_is_shown_once(clean: City) -> None:
    shown = spat(clean).shown
    junctions = {str(one.origin.truth_id).partition("/")[0] for one in shown}
    signals = clean.truth.signals
    signalised = set(signals.column("junction").to_pylist())
    assert len(junctions) == -(-len(signalised) // 3)
    numbers = phases(clean)
    true = {
        (f"{junction}/{numbers[junction, group]}", t_s, LIGHTS[light])
        for junction, group, t_s, light in zip(
            *(signals.column(name).to_pylist() for name in ("junction", "signal_group", "t_s", "light")), strict=True
        )
        if junction in junctions
    }
    assert {(one.origin.truth_id, one.stamp_s, one.record["light"]) for one in shown} == true
    assert len({one.record_id for one in shown}) == len(shown) == len(true)


def test_the_countdown_runs_until_the_next_change_give_or_take_the_forecast(clean: City) -> None:
    follows: dict[str, float] = {}
    off = []
    for one in reversed(spat(clean).shown):
        phase, counting = str(one.origin.truth_id), one.record["timing"]["counting"]
        if phase in follows:
            off.append(counting["likelyEndTime"] * STEP_S - (follows[phase] - one.stamp_s))
        else:
            # Nobody knows when the last light of the recording ends.
            assert counting["likelyEndTime"] == UNKNOWN_MARK
        follows[phase] = one.stamp_s
    # Short lights are never forecast to end in the past, which pushes their end a little later.
    assert np.median(off) == pytest.approx(0.0, abs=0.05)
    assert np.std(off) == pytest.approx(END_SIGMA_S, rel=0.1)


def test_maps_and_signals_join_by_node_and_phase(clean: City) -> None:
    mapped = {
        (one.record["id"]["id"], way["phaseId"])
        for one in map_nodes(clean).shown
        for link in one.record["inLinks"]
        for lane in link["lanes"]
        for way in lane["connectsTo"]
        if "phaseId" in way
    }
    for message in spat_messages(clean):
        (state,) = message.body["intersections"]
        for phase in state["phases"]:
            assert (state["intersectionId"]["id"], phase["phaseId"]) in mapped
    assert any(phase == 0 for _, phase in mapped)


def test_one_message_holds_what_changed_at_one_crossing_at_one_instant(city: City) -> None:
    messages = spat_messages(city)
    keys = [(one.stamp_s, one.body["intersections"][0]["intersectionId"]["id"]) for one in messages]
    assert len(set(keys)) == len(keys)
    for one in messages[:200]:
        assert len(one.record_ids) == len(one.body["intersections"][0]["phases"])
        assert one.body["timestamp"] % 60_000 == one.body["intersections"][0]["timeStamp"]
    assert {record for one in messages for record in one.fault_ids} == {one.record_id for one in spat(city).faults}
