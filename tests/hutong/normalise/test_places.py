"""Areas, and points that are an offset from a reference or a place of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import shapely

from hutong.normalise.reading import Unreadable
from hutong.normalise.rules import MisfitRule

Compile = Callable[..., Callable[..., Any]]

# The sample of the platforms' reference: T/CSAE 53, positions as offsets from the unit's own.
OFFSET = {
    "rule": "point",
    "from": ["pos.position-LatLon.lon", "pos.position-LatLon.lat"],
    "base": ["refPos.lon", "refPos.lat"],
    "offsets": [[f"pos.position-LL{n}.lon", f"pos.position-LL{n}.lat"] for n in (1, 3)],
    "scale": 1e-7,
    "crs": "EPSG:4326",
    "axes": "lon_lat",
    "missing": [1800000001, 900000001],
}
UNIT = {"lat": 295630000, "lon": 1065516000}


class TestPointFromABase:
    def test_an_offset_is_added_and_an_absolute_place_is_not(self, reader: Compile) -> None:
        read = reader(OFFSET)
        offset = read({"refPos": UNIT, "pos": {"position-LL3": {"lon": -1250, "lat": 842}}})
        assert (offset["lon"], offset["lat"]) == (106.551475, 29.5630842)
        absolute = read({"refPos": UNIT, "pos": {"position-LatLon": {"lon": 1065516001, "lat": 295630001}}})
        assert (absolute["lon"], absolute["lat"]) == (106.5516001, 29.5630001)

    def test_a_mark_for_unavailable_a_lost_reference_and_no_form_at_all_are_no_place(self, reader: Compile) -> None:
        read = reader(OFFSET)
        nowhere = {"lon": None, "lat": None, "source_crs": None}
        unavailable = {"position-LatLon": {"lon": 1800000001, "lat": 900000001}}
        assert read({"refPos": UNIT, "pos": unavailable}) == nowhere
        assert read({"refPos": None, "pos": {"position-LL1": {"lon": 1, "lat": 1}}}) == nowhere
        assert read({"refPos": UNIT, "pos": {"position-LL1": {"lon": 1}}}) == nowhere
        assert read({"refPos": UNIT, "pos": {}}) == nowhere

    def test_two_forms_at_once_are_unreadable(self, reader: Compile) -> None:
        both = {"position-LatLon": {"lon": 1, "lat": 1}, "position-LL3": {"lon": 2, "lat": 2}}
        with pytest.raises(Unreadable) as met:
            reader(OFFSET)({"refPos": UNIT, "pos": both})
        assert (met.value.place, met.value.value) == ("pos.position-LL3.lon", 2)

    @pytest.mark.parametrize("change", [{"offsets": []}, {"base": None}, {"from": ["pos"]}, {"from": ["a", "b", "c"]}])
    def test_half_a_declaration_does_not_compile(self, reader: Compile, change: dict[str, Any]) -> None:
        with pytest.raises(MisfitRule):
            reader(OFFSET | change)


class TestLineOfObjects:
    RULE: ClassVar = {
        "rule": "line", "from": "points", "form": "objects", "scale": 1e-7, "crs": "EPSG:4326", "axes": "lon_lat",
        "vertex": ["at.lon", "at.lat"], "base": ["refPos.lon", "refPos.lat"], "offsets": [["by.lon", "by.lat"]],
        "missing": [1800000001],
    }  # fmt: skip

    def test_each_vertex_is_an_offset_or_a_place_of_its_own(self, reader: Compile) -> None:
        points = [{"by": {"lon": -1250, "lat": 842}}, {"at": {"lon": 1065516001, "lat": 295630001}}]
        found = reader(self.RULE, column="place")({"refPos": UNIT, "points": points})
        line = shapely.from_wkb(found["geometry"])
        assert list(line.coords) == [(106.551475, 29.5630842), (106.5516001, 29.5630001)]
        assert (found["lon"], found["lat"], found["source_crs"]) == (106.5516001, 29.5630001, "EPSG:4326")

    @pytest.mark.parametrize(
        "vertex",
        [
            {},
            5,
            {"at": {"lon": 1800000001, "lat": 1}},
            {"at": {"lon": 1, "lat": 1}, "by": {"lon": 1, "lat": 1}},
            {"by": {"lon": "1", "lat": 1}},
        ],
    )
    def test_a_line_with_a_vertex_that_is_nowhere_is_unreadable(self, reader: Compile, vertex: Any) -> None:
        points = [{"at": {"lon": 1065516001, "lat": 295630001}}, vertex]
        with pytest.raises(Unreadable) as met:
            reader(self.RULE, column="place")({"refPos": UNIT, "points": points})
        assert (met.value.place, met.value.value) == ("points", points)

    @pytest.mark.parametrize(
        "change", [{"vertex": None}, {"form": "array"}, {"base": None}, {"form": "text", "base": None, "offsets": []}]
    )
    def test_half_a_declaration_does_not_compile(self, reader: Compile, change: dict[str, Any]) -> None:
        with pytest.raises(MisfitRule):
            reader(self.RULE | change, column="place")


class TestArea:
    RING = ([106.5, 29.5, 245.0], [106.6, 29.5], [106.6, 29.6], [106.5, 29.6])

    def area(self, reader: Compile, form: str, **changes: Any) -> Callable[..., Any]:
        rule = {"rule": "area", "from": "a", "form": form, "crs": "EPSG:4326", "axes": "lon_lat"}
        return reader(rule | changes, column="geometry", kind="binary")

    def test_holes_stay_holes_and_the_point_lies_within(self, reader: Compile) -> None:
        hole = [[106.54, 29.54], [106.56, 29.54], [106.56, 29.56], [106.54, 29.56], [106.54, 29.54]]
        found = self.area(reader, "rings")({"a": [list(self.RING), hole]})
        area = shapely.from_wkb(found["geometry"])
        assert (len(area.interiors), area.has_z) == (1, False)
        assert area.contains(shapely.Point(found["lon"], found["lat"]))

    def test_a_text_and_a_system_of_its_own_are_read(self, reader: Compile) -> None:
        read = self.area(reader, "text", crs="EPSG:4545", axes="north_east", missing=[""])
        found = read({"a": "3272547.9,359633.3;3272647.9,359633.3;3272647.9,359733.3"})
        assert (round(found["lon"], 2), round(found["lat"], 2)) == (106.55, 29.56)
        assert read({"a": ""})["geometry"] is None

    @pytest.mark.parametrize(
        "value",
        [
            [],
            "106.5,29.5",
            [[106.5, 29.5], [106.6, 29.5]],
            [[106.5, 29.5], [106.6, 29.6], [106.6, 29.5], [106.5, 29.6]],
            [[1, 1], [1, 1], [1, 1]],
            [[1, 1], [2, "2"], [3, 1]],
            [[1, 1], [2, True], [3, 1]],
            {"a": 1},
            7,
        ],
        ids=str,
    )
    def test_what_is_no_ring_or_crosses_itself_is_unreadable(self, reader: Compile, value: Any) -> None:
        with pytest.raises(Unreadable) as met:
            self.area(reader, "ring")({"a": value})
        assert (met.value.place, met.value.how) == ("a", "area")


def box(west: float, south: float, east: float, north: float, height: float) -> list[list[list[float]]]:
    """A level surface, as a CityJSON has it: one ring, its last corner left out."""
    return [[[west, south, height], [east, south, height], [east, north, height], [west, north, height]]]


def wall(west: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, north, 0.0], [east, north, 0.0], [east, north, 9.0], [west, north, 9.0]]]


class TestSurfaces:
    """Areas that bodies cover."""

    def read(self, reader: Compile, form: str, value: Any) -> Any:
        rule = {"rule": "area", "from": "a", "form": form, "crs": "EPSG:4490", "axes": "lon_lat"}
        return shapely.from_wkb(reader(rule, column="geometry", kind="binary")({"a": value})["geometry"])

    def test_a_block_covers_its_ground_and_its_walls_cover_nothing(self, reader: Compile) -> None:
        block = [box(106.5, 29.5, 106.6, 29.6, 0.0), box(106.5, 29.5, 106.6, 29.6, 9.0), wall(106.5, 106.6, 29.6)]
        found = self.read(reader, "solid", [block])
        assert list(found.exterior.coords)[:2] == [(106.5, 29.5), (106.6, 29.5)]
        assert found.equals(shapely.box(106.5, 29.5, 106.6, 29.6))
        assert self.read(reader, "surfaces", block).equals(found)

    def test_surfaces_side_by_side_are_one_area_and_apart_are_two(self, reader: Compile) -> None:
        first, second, third = (box(west, 29.5, west + 0.125, 29.625, 9.0) for west in (106.5, 106.625, 107.5))
        found = self.read(reader, "solid", [[first, second]])
        assert found.equals(shapely.box(106.5, 29.5, 106.75, 29.625))
        assert self.read(reader, "solid", [[first], [third]]).geom_type == "MultiPolygon"

    def test_a_hole_in_a_surface_stays_open_unless_another_one_covers_it(self, reader: Compile) -> None:
        court = [*box(106.5, 29.5, 106.8, 29.8, 0.0), *box(106.6, 29.6, 106.7, 29.7, 0.0)]
        assert len(self.read(reader, "surfaces", [court]).interiors) == 1
        roofed = [court, box(106.5, 29.5, 106.8, 29.8, 9.0)]
        assert len(self.read(reader, "surfaces", roofed).interiors) == 0

    @pytest.mark.parametrize(
        "value",
        [
            [],
            [[]],
            [[[]]],
            [[[[]]]],
            [7],
            "106.5,29.5",
            [wall(106.5, 106.6, 29.6)],
            [[wall(106.5, 106.6, 29.6)]],
            box(106.5, 29.5, 106.6, 29.6, 0.0),
            [[[[[106.5, 29.5], [106.6, 29.7], [106.6, 29.5], [106.5, 29.6]]]]],
            [[box(106.5, 29.5, 106.6, 29.6, 0.0), [[[1, 1], [2, 2]]]]],
        ],
        ids=str,
    )
    def test_a_body_that_covers_nothing_or_is_none_is_unreadable(self, reader: Compile, value: Any) -> None:
        with pytest.raises(Unreadable) as met:
            self.read(reader, "solid", value)
        assert (met.value.place, met.value.how) == ("a", "area")
