"""Accidents planned into the demand: where, when, and how they stand among the other trips."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from citysim.record.buildings import build
from citysim.record.city import LANES, City, edge_id, metres_between, plan
from citysim.record.incidents import APART_M, COUNT, SEEN_WITHIN_M, Incident, add, along, choose, passages
from citysim.record.network import Edge
from citysim.record.sensing import Sight, poles

ROUTES = """<routes>
  <vType id="car"/><vType id="suv"/>
  <vehicle id="m0" type="car" depart="1.00"><route edges="a b c"/></vehicle>
  <vehicle id="m1" type="car" depart="9.00"><route edges="a b c d"/></vehicle>
  <vehicle id="bus0" type="bus" depart="20.00"><route edges="a b"/></vehicle>
</routes>"""


@pytest.fixture(scope="module")
def city() -> City:
    return plan(7, 12, 11)


@pytest.fixture(scope="module")
def network(city: City) -> dict[str, Edge]:
    """The plan's streets, as if netconvert had cut 20 m off each end."""
    edges = {}
    for link in city.links:
        for start, end in ((link.start, link.end), (link.end, link.start)):
            line = tuple(city.bend.line(start, end))
            length = sum(metres_between(a, b) for a, b in pairwise(line))
            lanes = tuple(str(lane) for lane in range(LANES[link.road_class]))
            edges[edge_id(start, end)] = Edge(edge_id(start, end), length, line, lanes)
    return edges


@pytest.fixture(scope="module")
def planned(city: City, network: dict[str, Edge]) -> list[Incident]:
    onward = {(before, after): (after, "x", "y") for before in network for after in network if before[6:] == after[1:5]}
    return choose(city, network, poles(city, {}), Sight(build(city)), Counter(), onward, begin_s=600)


def test_passages_count_cars_and_keep_the_longest_way_on(tmp_path: Path) -> None:
    (tmp_path / "routes.xml").write_text(ROUTES)
    uses, onward = passages(tmp_path / "routes.xml")
    assert uses == {"a": 2, "b": 2, "c": 2, "d": 1}
    assert onward[("a", "b")] == ("b", "c", "d")


def test_incidents_come_one_after_the_other_on_edges_of_three_lanes(
    city: City, network: dict[str, Edge], planned: list[Incident]
) -> None:
    assert 10 <= len(planned) <= COUNT
    assert [one.depart_s for one in planned] == sorted(one.depart_s for one in planned)
    assert all(len(network[one.edge].motor_lanes) == 3 for one in planned)


def test_incidents_lie_in_sight_of_a_sensing_unit_and_apart(
    city: City, network: dict[str, Edge], planned: list[Incident]
) -> None:
    sight = Sight(build(city))
    sensing = [unit for unit in poles(city, {}) if unit.has_sensing]
    places = [along(network[one.edge], one.place_m) for one in planned]
    for place in places:
        near = [unit for unit in sensing if metres_between(unit.point, place) <= SEEN_WITHIN_M]
        assert any(sight.is_clear(place, unit.point) for unit in near)
    starts = [city.point((int(one.edge[1:3]), int(one.edge[3:5]))) for one in planned]
    assert all(metres_between(a, b) >= APART_M for n, a in enumerate(starts) for b in starts[:n])


def test_added_vehicles_stand_in_order_of_departure_after_the_types(tmp_path: Path) -> None:
    (tmp_path / "routes.xml").write_text(ROUTES)
    incident = Incident("i0", "b", depart_s=5.0, lanes=(1, 2), place_m=50.0, duration_s=400.0, route=("b", "c"))
    add(tmp_path / "routes.xml", [incident], tmp_path / "traffic.xml")
    nodes = list(ElementTree.parse(tmp_path / "traffic.xml").getroot())
    assert [node.get("id") for node in nodes] == ["car", "suv", "m0", "i0a", "i0b", "m1", "bus0"]
    stops = [stop.attrib for node in nodes for stop in node.iter("stop")]
    assert [stop["lane"] for stop in stops] == ["b_2", "b_3"]  # the sidewalk is lane 0
    assert {stop["duration"] for stop in stops} == {"400"}


def test_a_point_along_an_edge_is_measured_from_where_it_begins() -> None:
    edge = Edge("e", 20.0, ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0)), ("e_1",))
    assert along(edge, 4.0) == (4.0, 0.0)
    assert along(edge, 13.0) == pytest.approx((10.0, 3.0))
    assert along(edge, 99.0) == (10.0, 10.0)
