"""Facts about the committed recording, each computed from its truth."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.strtree import STRtree

from citysim.measure.detectors import detector_flow
from citysim.measure.parked import parking_occupancy
from citysim.measure.traffic import Traffic, traffic
from citysim.measure.violations import SPEEDING_SHARE, violations
from citysim.truth import RECORDING, Truth

LOCAL = "+proj=tmerc +lat_0=29.56 +lon_0=106.55 +k=1 +x_0=0 +y_0=0 +ellps=WGS84"
TO_LOCAL = Transformer.from_crs("EPSG:4326", LOCAL, always_xy=True)
SENSING_M = 150.0
SURELY_SEEN_M = 130.0
MOTOR = ("passenger", "truck", "bus")

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def footprints(truth: Truth) -> STRtree:
    rings = zip(truth.buildings["x_m"].to_pylist(), truth.buildings["y_m"].to_pylist(), strict=True)
    return STRtree([shapely.Polygon(list(zip(x, y, strict=True))) for x, y in rings])


@pytest.fixture(scope="module")
def sensing(truth: Truth) -> list[tuple[float, float]]:
    rows = [row for row in truth.rsus.to_pylist() if row["has_sensing"]]
    return [TO_LOCAL.transform(row["lon"], row["lat"]) for row in rows]


@pytest.fixture(scope="module")
def moving(truth: Truth) -> Traffic:
    return traffic(truth.tracks, truth.stays, truth.participants, truth.lanes)


def _is_clear(footprints: STRtree, pole: tuple[float, float], x_m: Floats, y_m: Floats) -> NDArray[np.bool_]:
    """For each point whether no building stands between it and the pole."""
    start = np.broadcast_to(np.array(pole), (len(x_m), 2))
    lines = shapely.linestrings(np.stack([start, np.column_stack([x_m, y_m])], axis=1))
    clear = np.ones(len(x_m), dtype=bool)
    clear[footprints.query(lines, predicate="intersects")[0]] = False
    return clear


def _stopped(truth: Truth, accident: dict[str, object]) -> Iterator[tuple[Floats, Floats, Floats]]:
    """x, y, speed of each vehicle of an accident while it stands."""
    t_s, who = truth.tracks["t_s"].to_numpy(), truth.tracks["participant"].to_numpy()
    until = accident["cleared_s"] or truth.duration_s
    for vehicle in accident["participants"]:
        rows = np.flatnonzero((who == vehicle) & (t_s >= accident["t_s"]) & (t_s < until))
        yield tuple(truth.tracks[name].to_numpy()[rows] for name in ("x_m", "y_m", "speed_mps"))


def _seeable(truth: Truth, footprints: STRtree, sensing: list[tuple[float, float]], kind: str) -> list[str]:
    """Accidents with a stopped vehicle near a sensing unit that nothing hides."""
    found = []
    for accident in truth.accidents.to_pylist():
        for x_m, y_m, _ in _stopped(truth, accident):
            near = [pole for pole in sensing if np.hypot(x_m[0] - pole[0], y_m[0] - pole[1]) <= SURELY_SEEN_M]
            if accident["kind"] == kind and any(_is_clear(footprints, pole, x_m[:1], y_m[:1]).all() for pole in near):
                found.append(accident["accident"])
                break
    return found


def test_the_folder_is_smaller_than_five_megabytes() -> None:
    assert sum(path.stat().st_size for path in RECORDING.iterdir()) < 5_000_000


def test_the_manifest_says_what_made_it_under_which_licence_and_that_the_city_is_invented(truth: Truth) -> None:
    assert truth.manifest["licence"] == "CC-BY-4.0"
    assert "invented" in truth.manifest["about"]
    assert truth.manifest["made_with"]["sumo"] == "1.28.0"
    assert truth.manifest["seed"] == truth.seed
    assert truth.origin == (106.55, 29.56)


def test_the_traffic_moved(truth: Truth) -> None:
    health = truth.manifest["health"]
    assert health["teleport_share"] < 0.02
    assert health["growth_in_last_10_min"] < 1.1


def test_the_city_has_129_junctions_of_which_forty_sense(truth: Truth) -> None:
    assert truth.junctions.num_rows == truth.rsus.num_rows == 129
    assert sorted(truth.rsus["junction"].to_pylist()) == sorted(truth.junctions["junction"].to_pylist())
    assert sum(truth.rsus["has_sensing"].to_pylist()) == 40
    assert 30 <= sum(truth.junctions["is_signalised"].to_pylist()) <= 45


def test_every_pole_stands_at_a_corner_of_its_junction_outside_of_buildings(truth: Truth, footprints: STRtree) -> None:
    places = {row["junction"]: (row["x_m"], row["y_m"]) for row in truth.junctions.to_pylist()}
    for rsu in truth.rsus.to_pylist():
        pole = TO_LOCAL.transform(rsu["lon"], rsu["lat"])
        assert 10 < np.hypot(pole[0] - places[rsu["junction"]][0], pole[1] - places[rsu["junction"]][1]) < 30
        assert len(footprints.query(shapely.Point(pole), predicate="intersects")) == 0


def test_districts_are_codes_of_the_municipality_and_the_hills_lie_between_150_and_350_m(truth: Truth) -> None:
    for table in (truth.junctions, truth.edges):
        assert set(table["district_code"].to_pylist()) == {"500103", "500105", "500108", "500112"}
        heights = table["elevation_m"].to_numpy()
        assert heights.min() >= 150
        assert heights.max() <= 350
        assert np.ptp(heights) > 60


def test_degrees_and_local_metres_agree_within_a_centimetre(truth: Truth) -> None:
    for table in (truth.tracks, truth.junctions, truth.accidents):
        x_m, y_m = TO_LOCAL.transform(table["lon"].to_numpy()[::37], table["lat"].to_numpy()[::37])
        assert np.abs(x_m - table["x_m"].to_numpy()[::37]).max() < 0.01
        assert np.abs(y_m - table["y_m"].to_numpy()[::37]).max() < 0.01


def test_tracks_have_one_row_per_participant_and_second_sorted_by_time(truth: Truth) -> None:
    t_s, who = truth.tracks["t_s"].to_numpy(), truth.tracks["participant"].to_numpy()
    assert np.all(np.diff(t_s) >= 0)
    assert (t_s[0], t_s[-1]) == (0, truth.duration_s - 1)
    assert len(np.unique(t_s.astype(np.int64) * 100_000 + who)) == len(t_s)
    assert set(np.unique(who).tolist()) == set(truth.participants["participant"].to_pylist())


def test_nobody_is_faster_than_the_roads_and_legs_allow(truth: Truth) -> None:
    kinds = np.array(truth.participants["kind"].to_pylist())[truth.tracks["participant"].to_numpy()]
    speed = truth.tracks["speed_mps"].to_numpy()
    heading = truth.tracks["heading_deg"].to_numpy()
    assert speed.min() >= 0
    assert heading.min() >= 0
    assert heading.max() < 360
    for kind, limit in (("pedestrian", 3.0), ("bicycle", 8.0), ("passenger", 28.0), ("truck", 28.0), ("bus", 25.0)):
        assert 0.5 < speed[kinds == kind].max() <= limit, kind


def test_steps_from_second_to_second_agree_with_the_speeds(truth: Truth) -> None:
    """But for a lane's width: SUMO moves a vehicle sideways at once when it changes lanes."""
    order = np.lexsort((truth.tracks["t_s"].to_numpy(), truth.tracks["participant"].to_numpy()))
    t_s, who, x_m, y_m, speed = (
        truth.tracks[name].to_numpy()[order].astype(float) for name in ("t_s", "participant", "x_m", "y_m", "speed_mps")
    )
    following = (np.diff(who) == 0) & (np.diff(t_s) == 1)
    step = np.hypot(np.diff(x_m), np.diff(y_m))[following]
    expected = ((speed[1:] + speed[:-1]) / 2)[following]
    assert np.mean(np.abs(step - expected) < 1.5) > 0.99
    assert np.abs(step - expected).max() < 9
    assert np.array_equal(following, np.diff(who) == 0)  # and no track has a gap


def test_pedestrians_and_bicycles_each_make_five_percent_of_what_sensing_sees(
    truth: Truth, footprints: STRtree, sensing: list[tuple[float, float]]
) -> None:
    x_m, y_m, who = (truth.tracks[name].to_numpy()[::5] for name in ("x_m", "y_m", "participant"))
    kinds = np.array(truth.participants["kind"].to_pylist())[who]
    seen: Counter[str] = Counter()
    for pole in sensing:
        near = np.flatnonzero((x_m - pole[0]) ** 2 + (y_m - pole[1]) ** 2 <= SENSING_M**2)
        seen.update(kinds[near[_is_clear(footprints, pole, x_m[near], y_m[near])]].tolist())
    assert seen["pedestrian"] / seen.total() >= 0.05
    assert seen["bicycle"] / seen.total() >= 0.05


def test_buildings_hide_a_little_of_what_is_near(
    truth: Truth, footprints: STRtree, sensing: list[tuple[float, float]]
) -> None:
    x_m, y_m = (truth.tracks[name].to_numpy()[::25] for name in ("x_m", "y_m"))
    clear = []
    for pole in sensing:
        near = np.flatnonzero((x_m - pole[0]) ** 2 + (y_m - pole[1]) ** 2 <= SENSING_M**2)
        clear.append(_is_clear(footprints, pole, x_m[near], y_m[near]))
    assert 0.005 < 1 - np.concatenate(clear).mean() < 0.2


def test_roadside_sensing_could_see_at_least_ten_scripted_accidents(
    truth: Truth, footprints: STRtree, sensing: list[tuple[float, float]]
) -> None:
    """Eight are promised in all; some collisions come on top."""
    assert len(_seeable(truth, footprints, sensing, "scripted")) >= 10
    assert len(_seeable(truth, footprints, sensing, "collision")) >= 1


def test_the_vehicles_of_an_accident_stand_still_within_some_metres_of_one_another(truth: Truth) -> None:
    for accident in truth.accidents.to_pylist():
        places = []
        for x_m, y_m, speed in _stopped(truth, accident):
            assert speed.max() <= 0.15, accident["accident"]
            assert np.ptp(x_m) + np.ptp(y_m) < 0.5, accident["accident"]
            places.append((x_m[0], y_m[0]))
        assert len(places) == 2
        assert np.hypot(places[0][0] - places[1][0], places[0][1] - places[1][1]) <= 12.0
        for place in places:
            assert np.hypot(place[0] - accident["x_m"], place[1] - accident["y_m"]) <= 6.5


def test_scripted_accidents_last_six_minutes_or_more_with_time_before_and_after(truth: Truth) -> None:
    for accident in truth.accidents.to_pylist():
        if accident["kind"] == "scripted":
            assert 240 <= accident["t_s"] <= 1380
            assert (accident["cleared_s"] or truth.duration_s) - accident["t_s"] >= 340


def test_scripted_accidents_block_three_lane_roads_far_from_the_next_stop_line(truth: Truth) -> None:
    edges = {row["edge"]: row for row in truth.edges.to_pylist()}
    for accident in truth.accidents.to_pylist():
        if accident["kind"] == "scripted":
            edge = edges[accident["edge"]]
            stop_line = TO_LOCAL.transform(edge["lon"][-1], edge["lat"][-1])
            assert edge["lane_count"] == 3
            assert np.hypot(stop_line[0] - accident["x_m"], stop_line[1] - accident["y_m"]) >= 90


def test_most_scripted_accidents_dent_the_speed_of_their_section(truth: Truth) -> None:
    speeds: dict[str, dict[int, float]] = defaultdict(dict)
    for row in truth.section_flow.to_pylist():
        if row["speed_mps"] is not None:
            speeds[row["section"]][row["interval_end_s"]] = row["speed_mps"]
    scripted = [row for row in truth.accidents.to_pylist() if row["kind"] == "scripted"]
    dented = [row for row in scripted if row["dip_section"] is not None]
    assert len(dented) >= 0.7 * len(scripted)
    for row in dented:
        of_section = speeds[row["dip_section"]]
        before = [speed for end, speed in of_section.items() if end <= row["t_s"]]
        during = [s for end, s in of_section.items() if end > row["t_s"] and end - 300 < (row["cleared_s"] or 1800)]
        assert min(during) <= 0.75 * float(np.mean(before))


def test_sections_join_two_to_four_edges_of_one_street_end_to_end(truth: Truth) -> None:
    edges = {row["edge"]: row for row in truth.edges.to_pylist()}
    for section in truth.sections.to_pylist():
        assert 2 <= len(section["edges"]) <= 4
        assert {edges[edge]["name_zh"] for edge in section["edges"]} == {section["name_zh"]}
        for first, second in pairwise(section["edges"]):
            assert edges[first]["to_junction"] == edges[second]["from_junction"]


def test_edges_run_from_their_first_junction_to_their_last(truth: Truth) -> None:
    places = {row["junction"]: (row["x_m"], row["y_m"]) for row in truth.junctions.to_pylist()}
    for edge in truth.edges.to_pylist():
        x_m, y_m = TO_LOCAL.transform(edge["lon"], edge["lat"])
        for place, junction in ((0, "from_junction"), (-1, "to_junction")):
            centre = places[edge[junction]]
            assert np.hypot(x_m[place] - centre[0], y_m[place] - centre[1]) < 45
        assert np.hypot(np.diff(x_m), np.diff(y_m)).sum() == pytest.approx(edge["length_m"], rel=0.05)


def test_section_flow_covers_every_section_and_period_with_sound_values(truth: Truth) -> None:
    flow = truth.section_flow
    ends = range(300, truth.duration_s + 1, 300)
    assert {(row["section"], row["interval_end_s"]) for row in flow.to_pylist()} == {
        (section, end) for section in truth.sections["section"].to_pylist() for end in ends
    }
    speed = flow["speed_mps"].drop_null().to_numpy()
    assert speed.min() >= 0
    assert speed.max() < 25
    occupancy = flow["occupancy"].to_numpy()
    assert occupancy.min() >= 0
    assert occupancy.max() <= 1
    assert np.all(flow["heavy_vehicle_count"].to_numpy() <= flow["vehicle_count"].to_numpy())


def test_section_flow_agrees_with_the_tracks_near_its_edges(truth: Truth) -> None:
    """Counted again from positions alone, on the busiest section."""
    counts: Counter[str] = Counter()
    for row in truth.section_flow.to_pylist():
        counts[row["section"]] += row["vehicle_count"]
    busiest = counts.most_common(1)[0][0]
    section = next(row for row in truth.sections.to_pylist() if row["section"] == busiest)
    inside = _rows_on(truth, section["edges"])
    t_s, who, speed = (truth.tracks[name].to_numpy()[inside] for name in ("t_s", "participant", "speed_mps"))
    _, first = np.unique(who, return_index=True)  # the rows are sorted by time
    for row in truth.section_flow.to_pylist():
        if row["section"] == busiest:
            start, end = row["interval_end_s"] - 300, row["interval_end_s"]
            came = np.count_nonzero((t_s[first] > start) & (t_s[first] <= end))
            assert came == pytest.approx(row["vehicle_count"], rel=0.12, abs=4)
            assert speed[(t_s >= start) & (t_s < end)].mean() == pytest.approx(row["speed_mps"], rel=0.12)


def _rows_on(truth: Truth, names: list[str]) -> NDArray[np.int64]:
    """Track rows of motor vehicles on the carriageway of these edges, driving their way."""
    is_motor = np.isin(np.array(truth.participants["kind"].to_pylist()), MOTOR)[truth.tracks["participant"].to_numpy()]
    x_m, y_m, heading = (truth.tracks[name].to_numpy() for name in ("x_m", "y_m", "heading_deg"))
    found = np.zeros(len(x_m), dtype=bool)
    for edge in truth.edges.to_pylist():
        if edge["edge"] in names:
            line_x, line_y = TO_LOCAL.transform(edge["lon"], edge["lat"])
            way = np.degrees(np.arctan2(line_x[-1] - line_x[0], line_y[-1] - line_y[0]))
            road = shapely.LineString(np.column_stack([line_x, line_y])).buffer(
                edge["lane_count"] * 1.6, cap_style="flat"
            )
            same_way = np.abs((heading - way + 180) % 360 - 180) < 50
            near = np.flatnonzero(is_motor & same_way)
            found[near[shapely.contains_xy(road, x_m[near], y_m[near])]] = True
    return np.flatnonzero(found)


def test_lanes_count_from_the_centre_line_and_agree_with_their_edges(truth: Truth) -> None:
    edges = {row["edge"]: row for row in truth.edges.to_pylist()}
    of_edge: dict[str, list[dict[str, object]]] = defaultdict(list)
    for lane in truth.lanes.to_pylist():
        of_edge[lane["edge"]].append(lane)
    assert of_edge.keys() == edges.keys()
    for edge, lanes in of_edge.items():
        assert [lane["lane_no"] for lane in lanes] == list(range(1, len(lanes) + 1))
        assert [lane["is_motor"] for lane in lanes] == [True] * edges[edge]["lane_count"] + [False]
        first, last = (
            shapely.LineString(list(zip(lane["x_m"], lane["y_m"], strict=True))) for lane in lanes[:: len(lanes) - 1]
        )
        # People drive on the right, so the sidewalk lies to the right of the lane at the centre line.
        assert first.offset_curve(-2.0).distance(last.centroid) < first.offset_curve(2.0).distance(last.centroid)


def test_movements_lead_over_one_junction_and_turn_the_way_they_say(truth: Truth) -> None:
    edges = {row["edge"]: row for row in truth.edges.to_pylist()}
    signalised = {row["junction"]: row["is_signalised"] for row in truth.junctions.to_pylist()}
    for one in truth.movements.to_pylist():
        start, end = edges[one["from_edge"]], edges[one["to_edge"]]
        assert start["to_junction"] == one["junction"] == end["from_junction"]
        assert (one["signal_group"] is not None) == signalised[one["junction"]]
        turned = (_way(end, 0) - _way(start, -2) + 180) % 360 - 180
        assert {"straight": -40 < turned < 40, "right": 40 < turned < 140, "left": -140 < turned < -40}[one["turn"]]


def _way(edge: dict[str, list[float]], piece: int) -> float:
    x_m, y_m = TO_LOCAL.transform(edge["lon"][piece : piece + 2 or None], edge["lat"][piece : piece + 2 or None])
    return float(np.degrees(np.arctan2(x_m[1] - x_m[0], y_m[1] - y_m[0])))


def test_lights_of_a_group_follow_one_another_without_a_gap_from_the_first_second_to_the_last(truth: Truth) -> None:
    shown: dict[tuple[str, int], list[dict[str, object]]] = defaultdict(list)
    for light in truth.signals.to_pylist():
        shown[light["junction"], light["signal_group"]].append(light)
    movements = truth.movements.to_pylist()
    assert shown.keys() == {(m["junction"], m["signal_group"]) for m in movements if m["signal_group"] is not None}
    after = {"red": {"permissive_green", "protected_green"}, "yellow": {"red"}}
    for lights in shown.values():
        assert lights[0]["t_s"] == 0
        assert lights[-1]["until_s"] is None
        for light, following in pairwise(lights):
            assert light["until_s"] == following["t_s"] > light["t_s"]
            assert following["light"] in after.get(str(light["light"]), {"yellow"})


def test_vehicles_pass_stop_lines_on_green_or_yellow_but_for_the_red_light_violations(
    truth: Truth, moving: Traffic
) -> None:
    """Some thousands pass with a signal; were tracks and lights of two runs, every second one would run a red."""
    watched = sum(1 for row in truth.assets.to_pylist() if row["kind"] == "enforcement_camera")
    red = [row for row in truth.violations.to_pylist() if row["kind"] == "red_light"]
    approaches = {m["from_edge"] for m in truth.movements.to_pylist() if m["signal_group"] is not None}
    edges = np.array([line.edge for line in moving.lanes])
    leaves = (moving.lane[:-1] >= 0) & (moving.lane[1:] != moving.lane[:-1]) & (moving.who[1:] == moving.who[:-1])
    passages = np.count_nonzero(np.isin(edges[moving.lane[:-1][leaves]], sorted(approaches)))
    assert watched == len(approaches)
    assert 15 <= len(red) < 0.005 * passages


def test_measuring_the_stored_tracks_again_gives_the_stored_measurements(truth: Truth, moving: Traffic) -> None:
    seen = violations(moving, truth.lanes, truth.movements, truth.signals, truth.assets)
    assert seen.drop_columns(["x_cm", "y_cm"]).equals(truth.violations.drop_columns(["lon", "lat"]))
    assert detector_flow(moving, truth.assets, truth.duration_s).equals(truth.detector_flow)
    assert parking_occupancy(moving, truth.parkings, truth.duration_s, truth.seed).equals(truth.parking_occupancy)


def test_speeders_drive_a_tenth_over_the_limit_where_a_camera_stands(truth: Truth) -> None:
    cameras = {row["asset"]: row for row in truth.assets.to_pylist()}
    kinds = dict(zip(*(truth.participants[name].to_pylist() for name in ("participant", "kind")), strict=True))
    speeding = [row for row in truth.violations.to_pylist() if row["kind"] == "speeding"]
    assert len(speeding) >= 100
    for row in speeding:
        assert row["speed_mps"] > SPEEDING_SHARE * row["limit_mps"] - 0.01
        assert cameras[row["asset"]]["edge"] == row["edge"]
        assert kinds[row["participant"]] in MOTOR


def test_stays_say_where_the_tracks_are(truth: Truth, moving: Traffic) -> None:
    on_lane = np.flatnonzero(moving.lane >= 0)[::997]
    for row in on_lane.tolist():
        lane = moving.lanes[moving.lane[row]]
        line = shapely.LineString(np.column_stack([lane.x_m, lane.y_m]))
        assert line.distance(shapely.Point(moving.x_m[row], moving.y_m[row])) < 9


def test_about_six_things_stand_at_every_junction_beside_the_detectors_and_none_in_a_building(
    truth: Truth, footprints: STRtree
) -> None:
    assets = [row for row in truth.assets.to_pylist() if row["kind"] not in ("detector", "pole")]
    assert 5 <= len(assets) / truth.junctions.num_rows <= 9
    points = shapely.points(*TO_LOCAL.transform(truth.assets["lon"].to_numpy(), truth.assets["lat"].to_numpy()))
    assert footprints.query(points, predicate="within").shape[1] == 0


def test_what_hangs_on_a_pole_is_where_the_pole_is_and_an_rsu_where_its_antenna_is(truth: Truth) -> None:
    by_id = {row["asset"]: row for row in truth.assets.to_pylist()}
    rsus = {row["rsu"]: row for row in truth.rsus.to_pylist()}
    assert len(by_id) == truth.assets.num_rows
    hanging = [row for row in by_id.values() if row["mount"] is not None]
    assert {row["kind"] for row in hanging} >= {"rsu", "camera", "signal_head", "enforcement_camera", "checkpoint"}
    for row in hanging:
        pole = by_id[row["mount"]]
        assert pole["kind"] == "pole"
        assert (row["lon"], row["lat"]) == (pole["lon"], pole["lat"])
        assert row["height_m"] <= pole["height_m"]
    for rsu in rsus.values():
        assert by_id[rsu["rsu"]]["junction"] == rsu["junction"]
        assert by_id[rsu["rsu"]]["lon"] == rsu["lon"]


def test_every_lane_of_a_signalised_approach_has_a_detector_that_counts_what_the_tracks_say(truth: Truth) -> None:
    approaches = {m["from_edge"] for m in truth.movements.to_pylist() if m["signal_group"] is not None}
    lanes = {(lane["edge"], lane["lane_no"]) for lane in truth.lanes.to_pylist() if lane["is_motor"]}
    loops = [row for row in truth.assets.to_pylist() if row["kind"] == "detector"]
    assert {(row["edge"], row["lane_no"]) for row in loops} == {lane for lane in lanes if lane[0] in approaches}
    flow = truth.detector_flow
    assert flow.num_rows == len(loops) * truth.duration_s // 300
    for row in flow.to_pylist():
        assert (row["speed_mps"] is None) == (row["vehicle_count"] == 0)
        assert (row["headway_s"] is None) == (row["vehicle_count"] < 2)
        assert 0 <= row["occupancy"] <= 1
        assert row["heavy_vehicle_count"] <= row["vehicle_count"] <= 200


def test_parking_lies_beside_its_street_on_free_ground_and_is_never_fuller_than_it_is_large(
    truth: Truth, footprints: STRtree
) -> None:
    parkings = {row["parking"]: row for row in truth.parkings.to_pylist()}
    assert len(parkings) >= 20
    for row in parkings.values():
        ring = shapely.Polygon(list(zip(row["ring_x_m"], row["ring_y_m"], strict=True)))
        assert ring.is_valid
        assert ring.exterior.is_ccw
        assert ring.contains(shapely.Point(row["x_m"], row["y_m"]))
        assert len(footprints.query(ring, predicate="intersects")) == 0
        assert 0 <= row["charging_space_count"] < row["capacity"]
    counts: dict[str, set[int]] = defaultdict(set)
    for row in truth.parking_occupancy.to_pylist():
        assert 0 <= row["occupied"] <= parkings[row["parking"]]["capacity"]
        counts[row["parking"]].add(row["occupied"])
    assert counts.keys() == parkings.keys()
    assert sum(len(seen) > 1 for seen in counts.values()) > 20


def test_buses_of_a_line_pass_its_stops_in_their_order(truth: Truth, moving: Traffic) -> None:
    stops = {row["stop"]: row for row in truth.bus_stops.to_pylist()}
    calls: dict[tuple[str, int], list[dict[str, object]]] = defaultdict(list)
    for call in truth.bus_line_stops.to_pylist():
        calls[call["line"], call["direction"]].append(call)
    lines = truth.bus_lines.to_pylist()
    assert len(lines) == len(calls) >= 16
    for line in lines:
        of_line = calls[line["line"], line["direction"]]
        assert [call["stop_seq"] for call in of_line] == list(range(1, len(of_line) + 1))
        assert all(first["offset_s"] < second["offset_s"] for first, second in pairwise(of_line))
        places = [line["edges"].index(stops[call["stop"]]["edge"]) for call in of_line]
        assert places == sorted(places)
        for bus in line["participants"]:
            assert truth.participants["kind"][bus].as_py() == "bus"
            driven = [moving.lanes[lane].edge for lane in moving.lane[(moving.who == bus) & (moving.lane >= 0)]]
            assert set(driven) <= set(line["edges"])


def test_nobody_drives_into_a_street_while_it_is_closed(truth: Truth) -> None:
    edges = truth.lanes["edge"].to_numpy(zero_copy_only=False)[truth.stays["lane"].to_numpy()]
    first_s = truth.stays["first_s"].to_numpy()
    closures = [row for row in truth.controls.to_pylist() if row["kind"] == "closure"]
    assert sum(0 <= row["from_s"] < truth.duration_s for row in closures) >= 3
    for row in closures:
        assert not ((edges == row["edge"]) & (first_s >= row["from_s"]) & (first_s < row["to_s"])).any()
