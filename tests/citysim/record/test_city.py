"""The plan of the city, for several seeds: what every city of ours has."""

from collections import Counter

import pytest
import shapely
from shapely.strtree import STRtree

from citysim.record.buildings import build
from citysim.record.city import LANES, City, metres_between, plan
from citysim.record.sensing import SENSING_COUNT, Sight, poles


@pytest.fixture(scope="module", params=[2, 3, 7])
def city(request: pytest.FixtureRequest) -> City:
    return plan(request.param, 12, 11)


def test_the_same_seed_gives_the_same_city_and_another_seed_another() -> None:
    assert plan(7, 12, 11) == plan(7, 12, 11)
    assert plan(7, 12, 11) != plan(8, 12, 11)


def test_a_twelve_by_eleven_city_has_129_junctions(city: City) -> None:
    assert len(city.sites) == 129


def test_every_junction_has_at_least_two_streets_and_a_signal_at_least_three(city: City) -> None:
    streets = Counter(site for link in city.links for site in (link.start, link.end))
    assert all(streets[site] >= 2 for site in city.sites)
    assert all(streets[site] >= 3 for site in city.signalised)


def test_the_river_is_crossed_on_some_bridges_only(city: City) -> None:
    row = city.bend.river_row
    bridges = [link for link in city.links if (link.start[1], link.end[1]) == (row, row + 1)]
    assert 3 <= len(bridges) < city.bend.columns - 3


def test_arterials_have_three_lanes_and_all_classes_occur(city: City) -> None:
    assert {link.road_class for link in city.links} == set(LANES)
    assert LANES["arterial"] == 3


def test_streets_are_named_once_each_and_junctions_after_two_of_them(city: City) -> None:
    names = city.column_names + city.row_names
    assert len(set(names)) == len(names)
    assert len({city.junction_name(site) for site in city.sites}) == len(city.sites)


def test_no_building_stands_on_a_carriageway(city: City) -> None:
    footprints = STRtree([shapely.Polygon(building.ring) for building in build(city)])
    for link in city.links:
        road = shapely.LineString(city.bend.line(link.start, link.end, pieces=8)).buffer(LANES[link.road_class] * 3.2)
        assert len(footprints.query(road, predicate="intersects")) == 0


def test_buildings_are_closed_rings_counter_clockwise_that_do_not_overlap(city: City) -> None:
    polygons = [shapely.Polygon(building.ring) for building in build(city)]
    assert all(polygon.is_valid and polygon.exterior.is_ccw for polygon in polygons)
    pairs = STRtree(polygons).query(polygons, predicate="overlaps")
    assert pairs.shape[1] == 0


def test_the_busiest_junctions_with_signals_sense_before_any_other(city: City) -> None:
    units = poles(city, {site: float(number) for number, site in enumerate(city.sites)})
    sensing = {unit.site for unit in units if unit.has_sensing}
    assert len(sensing) == SENSING_COUNT
    assert city.signalised <= sensing or sensing < city.signalised


def test_a_building_between_two_points_hides_one_from_the_other(city: City) -> None:
    building = build(city)[0]
    sight = Sight([building])
    (west, south), (east, north) = building.ring[0], building.ring[2]
    assert not sight.is_clear((west - 5, south - 5), (east + 5, north + 5))
    assert sight.is_clear((west - 5, south - 5), (west - 5, north + 5))


@pytest.mark.parametrize("size", [(5, 11), (12, 5), (17, 11)])
def test_a_size_that_cannot_be_is_refused_with_the_limits(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="each side must be 6 to 16"):
        plan(7, *size)


def test_distance_is_in_metres() -> None:
    assert metres_between((0, 0), (3, 4)) == 5
