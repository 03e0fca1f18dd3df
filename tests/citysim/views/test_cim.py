"""What the city information model shows: where its features are, what they say, and what stands on paper only."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer

from citysim.views import cim
from citysim.views.city import City, Shown, View

GEOD = Geod(ellps="WGS84")
SIGMA_M = {
    "road_segment": 0.3, "intersection": 0.3, "lane": 0.3, "building": 0.5, "building_model": 0.5, "parking_lot": 0.5,
    "roadside_asset": 0.5,
}  # fmt: skip
ALL = tuple(SIGMA_M)
WORDS = {1: "existing", 2: "under_construction", 3: "planned", 9: "abandoned"}


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def view_of(name: str) -> Callable[[City], View]:
    found: Callable[[City], View] = getattr(cim, name)
    return found


def attributes(one: Shown) -> dict[str, Any]:
    found: dict[str, Any] = one.record.get("properties") or one.record["attributes"]
    return found


def corners(one: Shown) -> list[list[float]]:
    """The vertices of a feature in their order; of a solid, those of its ground."""
    geometry = one.record["geometry"]
    if isinstance(geometry, list):
        ground: list[list[float]] = geometry[0]["boundaries"][0][0][0]
        return ground
    coordinates = geometry["coordinates"]
    found: list[list[float]] = {"Point": [coordinates], "LineString": coordinates, "Polygon": coordinates[0]}[
        geometry["type"]
    ]
    return found


@pytest.mark.parametrize("stream", ALL)
def test_features_are_where_the_truth_says_but_for_the_noise_drawn(clean: City, stream: str) -> None:
    back = Transformer.from_crs("EPSG:4545", "EPSG:4490", always_xy=True)
    noise: list[float] = []
    for one in view_of(stream)(clean).shown:
        first, origin = corners(one)[0], one.origin
        assert origin.noise_m is not None
        distance = GEOD.inv(*back.transform(first[0], first[1]), origin.lon, origin.lat)[2]
        assert distance == pytest.approx(np.hypot(*origin.noise_m), abs=0.02)
        noise += origin.noise_m
    assert np.std(noise) == pytest.approx(SIGMA_M[stream], rel=6 / np.sqrt(2 * len(noise)))


@pytest.mark.parametrize("stream", ALL)
def test_what_is_on_paper_has_no_truth_and_everything_else_has_one(clean: City, stream: str) -> None:
    shown = view_of(stream)(clean).shown
    lifecycles = Counter(attributes(one)["status"] for one in shown)
    assert lifecycles[2] > 0
    assert lifecycles[3] > 0
    assert stream in ("intersection", "parking_lot") or lifecycles[9] > 0
    assert lifecycles[1] > 0.8 * len(shown)
    for one in shown:
        said = attributes(one)
        # Of the assets that are said to stand some are not there.
        assert (one.origin.truth_id is None) == (said["status"] != 1) or stream == "roadside_asset"
        assert one.origin.values["lifecycle"] == WORDS[said["status"]]
        assert said["updateDate"] == one.origin.values["observed_at"].date().isoformat()


def test_roads_on_paper_lead_out_of_the_city_and_old_ones_lay_beside_todays(clean: City) -> None:
    plane, table = clean.plane(), clean.truth.edges
    streets = shapely.MultiLineString(
        [
            np.column_stack(plane.to_metres(np.array(lon), np.array(lat)))
            for lon, lat in zip(table.column("lon").to_pylist(), table.column("lat").to_pylist(), strict=True)
        ]
    )
    for one in cim.road_segment(clean).shown:
        if one.origin.truth_id is None:
            line = shapely.LineString(np.column_stack(plane.to_metres(*np.array(one.origin.values["geometry"]).T)))
            end = streets.distance(shapely.Point(line.coords[-1]))
            if one.origin.values["lifecycle"] == "abandoned":
                assert 5 < end < 40
            else:
                assert end > 100
                assert streets.distance(line) < 2


def test_three_per_cent_of_the_edges_are_missing_or_renamed(clean: City) -> None:
    names = dict(zip(*(clean.truth.edges.column(name).to_pylist() for name in ("edge", "name_zh")), strict=True))
    built = [one for one in cim.road_segment(clean).shown if one.origin.truth_id is not None]
    missing = len(names) - len(built)
    renamed = sum(one.record["properties"]["name"] != names[one.origin.truth_id] for one in built)
    assert missing > 0
    assert renamed > 0
    assert (missing + renamed) / len(names) == pytest.approx(0.03, abs=0.02)


def test_codes_have_sixteen_digits_and_are_unique(clean: City) -> None:
    collections = [stream for stream in ALL if stream != "building_model"]
    codes = [one.record_id for stream in collections for one in view_of(stream)(clean).shown]
    assert len(set(codes)) == len(codes)
    assert all(len(code) == 16 and code.isdigit() for code in codes)
    assert all(one.record["id"] == one.record["properties"]["entityCode"] for one in cim.road_segment(clean).shown)


def test_properties_are_in_the_units_of_the_platform(clean: City) -> None:
    for one in cim.road_segment(clean).shown:
        properties = one.record["properties"]
        assert properties["roadGrade"] in ("快速路", "主干路", "次干路", "支路")
        assert 20 <= properties["designSpeed"] <= 120
        assert 100 < properties["elevation85"] < 500
        easting, northing, height = one.record["geometry"]["coordinates"][0]
        assert height == pytest.approx(properties["elevation85"], abs=2)
        assert 300_000 < easting < 400_000
        assert 3_200_000 < northing < 3_300_000


def test_buildings_stand_on_their_outlines_in_whole_storeys(clean: City) -> None:
    floors = dict(
        zip(*(clean.truth.buildings.column(name).to_pylist() for name in ("building", "floors")), strict=True)
    )
    shown = cim.building(clean).shown
    assert {one.origin.truth_id for one in shown} - {None} == set(floors)
    for one in shown:
        said = one.record["properties"]
        if one.origin.truth_id is not None:
            assert said["floors"] == floors[one.origin.truth_id]
        assert said["buildingHeight"] == pytest.approx(3 * said["floors"], abs=1.2)
        (ring,) = one.record["geometry"]["coordinates"]
        outline = shapely.Polygon(ring)
        assert outline.is_valid
        assert shapely.is_ccw(outline.exterior)


def test_the_solids_are_the_same_buildings_drawn_up(clean: City) -> None:
    flat = {one.record_id: one for one in cim.building(clean).shown}
    solid = cim.building_model(clean).shown
    assert [one.record_id for one in solid] == sorted(flat)
    for one in solid:
        (geometry,) = one.record["geometry"]
        ((ground,), (roof,), *walls) = geometry["boundaries"][0]
        (ring,) = flat[one.record_id].record["geometry"]["coordinates"]
        assert len(ground) == len(roof) == len(walls) == len(ring) - 1
        assert np.array(ground[0])[:2] == pytest.approx(np.array(ring[0])[:2], abs=0.01)
        height = flat[one.record_id].record["properties"]["buildingHeight"]
        assert roof[0][2] - ground[0][2] == pytest.approx(height, abs=0.051)
        # Each edge is used once in each direction, so that the surfaces close.
        edges = Counter(
            tuple(map(tuple, pair))
            for surface in geometry["boundaries"][0]
            for around in surface
            for pair in zip(around, [*around[1:], around[0]], strict=True)
        )
        assert set(edges.values()) == {1}
        assert all((second, first) in edges for first, second in edges)


def test_lanes_belong_to_roads_that_the_model_knows_and_lie_on_them(clean: City) -> None:
    roads = {one.record_id: one for one in cim.road_segment(clean).shown}
    shown = cim.lane(clean).shown
    for one in shown:
        said, road = one.record["properties"], roads[one.record["properties"]["roadCode"]]
        assert said["status"] == road.record["properties"]["status"]
        line, lane = (
            shapely.LineString(np.array(each.record["geometry"]["coordinates"])[:, :2]) for each in (road, one)
        )
        assert line.hausdorff_distance(lane) < 30
    motor = Counter(
        one.record["properties"]["roadCode"] for one in shown if one.record["properties"]["laneType"] == "机动车道"
    )
    assert motor == {code: road.record["properties"]["laneCount"] for code, road in roads.items()}


def test_assets_are_missing_and_haunted_in_the_shares_stated_and_hang_on_poles(clean: City) -> None:
    shown = cim.roadside_asset(clean).shown
    true = {row["asset"]: row for row in clean.truth.assets.to_pylist()}
    standing = {one.origin.truth_id: one for one in shown if one.origin.truth_id is not None}
    ghosts = [one for one in shown if one.origin.truth_id is None and one.record["properties"]["status"] == 1]
    assert 1 - len(standing) / len(true) == pytest.approx(0.06, abs=0.02)
    assert len(ghosts) / len(true) == pytest.approx(0.02, abs=0.01)
    by_code = {one.record_id: one for one in shown}
    for truth_id, one in standing.items():
        mount, said = true[truth_id]["mount"], one.record["properties"]
        if mount is None or mount not in standing:
            assert said["mountCode"] is None
        else:
            assert by_code[said["mountCode"]] is standing[mount]
            assert said["elevation85"] > standing[mount].record["properties"]["elevation85"]
        assert one.origin.values["facility_kind"] == true[truth_id]["kind"]


def test_car_parks_cover_the_ground_that_they_cover(clean: City) -> None:
    names = dict(zip(*(clean.truth.parkings.column(name).to_pylist() for name in ("parking", "name_zh")), strict=True))
    shown = cim.parking_lot(clean).shown
    assert {one.origin.truth_id for one in shown} - {None} == set(names)
    for one in shown:
        (ring,) = one.record["geometry"]["coordinates"]
        assert shapely.Polygon(ring).is_valid
        assert one.origin.truth_id is None or one.record["properties"]["name"] == names[one.origin.truth_id]


def easting_and_northing(city: City, variant: str, **changes: Any) -> list[float]:
    there = replace(city, variants={**city.variants, "cim": variant}, **changes)
    coordinates: list[float] = cim.intersection(there).shown[0].record["geometry"]["coordinates"]
    return coordinates[:2]


def test_a_variant_changes_the_order_or_puts_the_zone_in_front(clean: City) -> None:
    easting, northing = easting_and_northing(clean, "standard")
    assert easting_and_northing(clean, "northing_easting") == [northing, easting]
    assert easting_and_northing(clean, "zone_prefixed") == [easting + 36_000_000, northing]


def test_another_city_has_the_zone_of_its_own(clean: City) -> None:
    easting, _ = easting_and_northing(clean, "standard")
    west, _ = easting_and_northing(clean, "standard", gk_epsg=4544)
    # Three degrees at this latitude, less what the projection stretches.
    assert west - easting == pytest.approx(3 * math.pi / 180 * 6_378_137 * math.cos(math.radians(29.56)), rel=0.003)
    assert cim.epsg(replace(clean, gk_epsg=4546, variants={"cim": "zone_prefixed"})) == 4525


@pytest.mark.parametrize("stream", ALL)
def test_bad_features_are_counted_and_the_same_again(city: City, stream: str) -> None:
    view = view_of(stream)
    assert len(view(city).faults) >= 3
    assert view(replace(city)).shown == view(city).shown
