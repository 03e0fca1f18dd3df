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
