"""Cities derived from the recording: each is a city of its own, true to itself."""

import numpy as np
import pytest

from citysim.cities import DEFAULT, UnknownCity, member, members
from citysim.derived import change_of, city, derive, truth_of
from citysim.measure.detectors import detector_flow
from citysim.measure.section_flow import section_flow
from citysim.measure.traffic import Traffic, traffic
from citysim.measure.violations import violations
from citysim.planes import CityPlane
from citysim.truth import Truth
from citysim.views.city import PLATFORMS

from .conftest import RECORDING_START

SANYA = "460200"


@pytest.fixture(scope="module")
def sanya() -> Truth:
    return derive(member(SANYA))


@pytest.fixture(scope="module")
def moving(sanya: Truth) -> Traffic:
    return traffic(sanya.tracks, sanya.stays, sanya.participants, sanya.lanes)


def test_the_members_of_twenty_pilots_are_known_by_their_codes() -> None:
    assert len(members()) == 24
    assert len({one.pilot for one in members().values()}) == 20
    consortium = [one.code for one in members().values() if one.pilot == "haikou-sanya-qionghai"]
    assert consortium == ["460100", "460200", "469002"]
    with pytest.raises(UnknownCity, match="there are 500000, 110000"):
        member("990000")


def test_every_city_lies_in_its_zone_and_its_districts_in_its_prefecture() -> None:
    for one in members().values():
        meridian = 3 * (one.gk_epsg - 4545) + 108
        assert abs(one.lon - meridian) < 1.6, one.name_en
        prefix = 2 if one.code.endswith("0000") else 4 if one.code.endswith("00") else 6
        assert one.districts
        assert {district[:prefix] for district in one.districts} == {one.code[:prefix]}


def test_every_dialect_of_every_platform_is_spoken_somewhere() -> None:
    spoken = {platform: {one.variants[platform] for one in members().values()} for platform in PLATFORMS}
    assert spoken == {
        "cloud_control": {"standard", "device"},
        "traffic_safety": {"standard", "gat1049"},
        "transport_info": {"standard", "vendor"},
        "cim": {"standard", "northing_easting", "zone_prefixed"},
    }
    assert set(member(DEFAULT).variants.values()) == {"standard"}
    assert "standard" not in member(SANYA).variants.values()


def test_the_recorded_city_is_the_recording_itself(truth: Truth) -> None:
    recorded = city(DEFAULT, RECORDING_START)
    assert recorded.truth.manifest == truth.manifest
    assert recorded.seed == truth.seed
    assert recorded.recording_start == RECORDING_START
    assert not recorded.is_derived


def test_all_of_a_derived_city_lies_around_its_own_centre(sanya: Truth) -> None:
    anchor = member(SANYA)
    assert sanya.origin == (anchor.lon, anchor.lat)
    plane = CityPlane(*sanya.origin)
    for name in ("tracks", "junctions", "rsus", "assets", "bus_stops", "parkings", "violations", "accidents"):
        table = getattr(sanya, name)
        x_m, y_m = plane.to_metres(table["lon"].to_numpy(), table["lat"].to_numpy())
        assert np.hypot(x_m, y_m).max() < 2000, name
        if "x_m" in table.column_names:
            assert np.abs(x_m - table["x_m"].to_numpy()).max() < 0.01, name


def test_a_derived_city_says_so_and_has_its_own_seed_and_time(sanya: Truth, truth: Truth) -> None:
    assert sanya.manifest["derived"]["city"] == SANYA
    assert "derived" in sanya.manifest["about"]
    shown = city(SANYA, RECORDING_START, seed=5)
    assert shown.is_derived
    assert shown.seed == 5_460200
    assert sanya.seed != truth.seed
    assert shown.truth.tracks.equals(sanya.tracks), "deriving twice gives the same"
    assert shown.truth.violations.equals(sanya.violations)
    earlier_s = (RECORDING_START - shown.recording_start).total_seconds()
    assert earlier_s in range(300, 1501, 300)


def test_no_two_cities_are_derived_alike() -> None:
    assert len({change_of(one, 7) for one in members().values()}) == 24


def test_no_street_and_no_district_of_the_recorded_city_is_left(sanya: Truth, truth: Truth) -> None:
    old = set(truth.edges["name_zh"].to_pylist())
    for name in ("edges", "junctions", "sections", "bus_stops", "parkings", "assets"):
        texts = getattr(sanya, name)["name_zh"].to_pylist()
        assert not [text for text in texts if any(street in text for street in old)], name
    for name in ("edges", "junctions", "sections", "parkings"):
        assert set(getattr(sanya, name)["district_code"].to_pylist()) <= set(member(SANYA).districts), name
    streets = dict(zip(truth.edges["edge"].to_pylist(), truth.edges["name_zh"].to_pylist(), strict=True))
    own = dict(zip(sanya.edges["edge"].to_pylist(), sanya.edges["name_zh"].to_pylist(), strict=True))
    assert len({(streets[edge], own[edge]) for edge in own}) == len(old), "a street has one name from end to end"


def test_people_drive_on_the_right_and_tracks_turn_with_the_streets(sanya: Truth, moving: Traffic) -> None:
    on_lane = np.flatnonzero((moving.lane >= 0) & moving.is_motor & (moving.speed_mps > 3))[::211]
    assert len(on_lane) > 300
    for row in on_lane.tolist():
        lane = moving.lanes[moving.lane[row]]
        east, north = lane.x_m[-1] - lane.x_m[0], lane.y_m[-1] - lane.y_m[0]
        way = np.degrees(np.arctan2(east, north))
        assert abs((moving.heading_deg[row] - way + 180) % 360 - 180) < 45
    first, second = (sanya.lanes.filter(np.array(sanya.lanes["lane_no"]) == number) for number in (1, 2))
    middles = dict(
        zip(
            second["edge"].to_pylist(),
            zip(second["x_m"].to_pylist(), second["y_m"].to_pylist(), strict=True),
            strict=True,
        )
    )
    for edge, x_m, y_m in zip(*(first[name].to_pylist() for name in ("edge", "x_m", "y_m")), strict=True):
        other_x, other_y = middles[edge]
        cross = (x_m[-1] - x_m[0]) * (other_y[0] - y_m[0]) - (y_m[-1] - y_m[0]) * (other_x[0] - x_m[0])
        assert cross < 0, "the lane nearer to the kerb lies to the right"


def test_a_tenth_to_two_fifths_of_the_road_users_are_gone_and_numbers_have_no_gap(sanya: Truth, truth: Truth) -> None:
    kept = sanya.participants.num_rows / truth.participants.num_rows
    assert 0.55 < kept < 0.95
    assert sanya.participants["participant"].to_pylist() == list(range(sanya.participants.num_rows))
    assert set(np.unique(sanya.tracks["participant"].to_numpy())) == set(range(sanya.participants.num_rows))
    assert sanya.accidents.num_rows == truth.accidents.num_rows
    kinds = sanya.participants["kind"].to_pylist()
    buses = [number for among in sanya.bus_lines["participants"].to_pylist() for number in among]
    assert {kinds[number] for number in buses} == {"bus"}
    who = sanya.tracks["participant"].to_numpy()
    for accident in sanya.accidents.to_pylist():
        for number in accident["participants"]:
            rows = np.flatnonzero((who == number) & (sanya.tracks["t_s"].to_numpy() == int(accident["t_s"])))
            x_m, y_m = (sanya.tracks[name].to_numpy()[rows[0]] for name in ("x_m", "y_m"))
            assert np.hypot(x_m - accident["x_m"], y_m - accident["y_m"]) < 8


def test_what_is_measured_is_measured_on_those_who_are_left(sanya: Truth, truth: Truth, moving: Traffic) -> None:
    assert section_flow(moving, sanya.sections, sanya.edges, sanya.duration_s).equals(sanya.section_flow)
    assert detector_flow(moving, sanya.assets, sanya.duration_s)["vehicle_count"].equals(
        sanya.detector_flow["vehicle_count"]
    )
    seen = violations(moving, sanya.lanes, sanya.movements, sanya.signals, sanya.assets)
    assert seen["participant"].equals(sanya.violations["participant"])
    mine, whole = (sum(one.section_flow["vehicle_count"].to_pylist()) for one in (sanya, truth))
    assert 0.5 * whole < mine < 0.95 * whole
    capacity = dict(zip(*(sanya.parkings[name].to_pylist() for name in ("parking", "capacity")), strict=True))
    assert all(0 <= row["occupied"] <= capacity[row["parking"]] for row in sanya.parking_occupancy.to_pylist())


def test_section_flow_measured_on_the_packed_tracks_is_that_of_the_run(truth: Truth) -> None:
    """But for the last digit of speeds, which the run measured on longer numbers."""
    moved = traffic(truth.tracks, truth.stays, truth.participants, truth.lanes)
    again = section_flow(moved, truth.sections, truth.edges, truth.duration_s)
    for name in ("section", "interval_end_s", "vehicle_count", "heavy_vehicle_count", "occupancy"):
        assert again[name].to_pylist() == truth.section_flow[name].to_pylist()
    pairs = zip(again["speed_mps"].to_pylist(), truth.section_flow["speed_mps"].to_pylist(), strict=True)
    assert all(a == b if a is None or b is None else abs(a - b) < 0.002 for a, b in pairs)


def test_the_truth_of_the_recorded_city_is_not_derived(truth: Truth) -> None:
    assert truth_of(member(DEFAULT)).tracks.equals(truth.tracks)
