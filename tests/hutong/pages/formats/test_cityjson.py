import json
from typing import Any

import pytest

from hutong.pages import Garbled, records
from tests.hutong.making import stream
from tests.hutong.pages.formats.reading import read

TRANSFORM = {"scale": [0.001, 0.001, 0.01], "translate": [85000.1, 446000.7, -3.0]}
HOUSE = {
    "type": "Building",
    "attributes": {"height": 7.5, "owner": "somebody"},
    "geometry": [{"type": "MultiSurface", "lod": "1.2", "boundaries": [[[0, 1, 2]]]}],
}
VERTICES = [[0, 0, 0], [1, 0, 0], [123, 456, 789]]


def city(**changes: Any) -> dict[str, Any]:
    whole = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": TRANSFORM,
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4490"},
        "CityObjects": {"house-1": HOUSE},
        "vertices": VERTICES,
    }
    return whole | changes


def test_a_city_object_is_a_record_with_its_coordinates_exact_to_the_digit() -> None:
    (house,) = read(json.dumps(city()).encode(), "cityjson")
    assert (house["id"], house["type"], house["attributes"]["height"]) == ("house-1", "Building", 7.5)
    assert house["geometry"][0]["boundaries"] == [
        [[[85000.1, 446000.7, -3.0], [85000.101, 446000.7, -3.0], [85000.223, 446001.156, 4.89]]]
    ]


def test_a_record_can_carry_the_coordinate_system_of_its_file() -> None:
    asked = stream(format="cityjson", data_selector="CityObjects", carry={"crs": "^.metadata.referenceSystem"})
    (house,) = records(json.dumps(city()).encode(), "", asked)
    assert house["crs"].endswith("4490")


def test_each_line_of_a_sequence_has_vertices_of_its_own() -> None:
    feature = {"type": "CityJSONFeature", "id": "a", "CityObjects": {"a": HOUSE}, "vertices": VERTICES}
    moved = {**feature, "CityObjects": {"b": HOUSE}, "vertices": [[5, 5, 5], *VERTICES[1:]]}
    lines = [city(CityObjects={}, vertices=[]), feature, moved]
    found = read("\n".join(map(json.dumps, lines)).encode(), "cityjson")
    assert [one["id"] for one in found] == ["a", "b"]
    assert [one["geometry"][0]["boundaries"][0][0][0][0] for one in found] == [85000.1, 85000.105]


def test_a_template_is_turned_and_moved_to_where_it_stands() -> None:
    tree = {
        "type": "SolitaryVegetationObject",
        "geometry": [
            {
                "type": "GeometryInstance",
                "template": 0,
                "boundaries": [0],
                "transformationMatrix": [0, -2, 0, 1, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1],
            }
        ],
    }
    templates = {
        "templates": [{"type": "MultiPoint", "lod": "1", "boundaries": [0]}],
        "vertices-templates": [[1.0, 2.0, 3.0]],
    }
    (found,) = read(json.dumps(city(CityObjects={"t": tree}, **{"geometry-templates": templates})).encode(), "cityjson")
    shape = found["geometry"][0]
    assert (shape["type"], shape["lod"]) == ("MultiPoint", "1")
    assert shape["boundaries"] == [pytest.approx([85000.1 - 4 + 1, 446000.7 + 2, -3 + 6])]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": "1.0"}, r"no CityJSON 1\.1"),
        ({"type": "Other"}, "no CityJSON"),
        ({"transform": None}, "no transform"),
        ({"vertices": [[0, 0]]}, "vertex that is not three numbers"),
        ({"vertices": []}, "none of the 0"),
        ({"CityObjects": []}, "no CityObjects"),
    ],
)
def test_what_breaks_the_format_is_garbled(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Garbled, match=said):
        read(json.dumps(city(**changes)).encode(), "cityjson")


def test_templates_that_would_fill_the_memory_are_refused() -> None:
    many = {
        "type": "GeometryInstance",
        "template": 0,
        "boundaries": [0],
        "transformationMatrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
    }
    templates = {
        "templates": [{"type": "MultiPoint", "boundaries": [0] * 2000}],
        "vertices-templates": [[1, 2, 3]],
    }
    objects = {"t": {"type": "Other", "geometry": [many] * 2000}}
    body = json.dumps(city(CityObjects=objects, **{"geometry-templates": templates})).encode()
    with pytest.raises(Garbled, match="written out"):
        read(body, "cityjson", answer_bytes=len(body) + 1_000_000)
