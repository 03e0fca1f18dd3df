"""What `hutong check` makes of the parts of a mapping and of the raw record's schema, apart from any file."""

from __future__ import annotations

from typing import Any

import pytest

from hutong.model.mapping import Mapping, Rows
from hutong.registry.check_parts import nowhere, when_problems
from hutong.registry.reach import Misled, misreadings, reached
from hutong.registry.reads import NUMBER, TEXT
from hutong.schema.shape import shape_of
from hutong.schema.stated import stated_units


def mapping(*parts: dict[str, Any]) -> Mapping:
    rows = [Rows.model_validate({"dataset": f"d{n}", "fields": {}} | part) for n, part in enumerate(parts)]
    return Mapping.model_construct(stream="a.b", version=1, rows=rows)


def of(path: str, **values: Any) -> dict[str, Any]:
    return {"when": {"from": path, **values}}


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ([{}], []),
        ([of("k", **{"in": [1]}), {}], []),
        ([of("k", **{"in": [1]}), {"rest": True}], []),
        ([of("k", **{"in": [1, 2]}), of("k", not_in=[1, 2])], []),
        ([of("k", **{"in": [1, 2, 3]}), of("k", not_in=[1, 2])], []),
        ([of("k", not_in=[1, 2]), of("k", not_in=[3])], []),
        ([of("j", **{"in": [9]}), of("k", **{"in": [1]}), of("k", not_in=[1])], []),
        ([of("k", **{"in": [1]})], [0]),
        ([of("k", **{"in": [1]}), of("k", **{"in": [2, None]})], [1]),
        ([of("k", **{"in": [1]}), of("k", not_in=[1, 2])], [1]),
        ([of("k", **{"in": ["1"]}), of("k", not_in=[1])], [1]),
        ([of("k", **{"in": [True]}), of("k", not_in=[1])], [1]),
        ([of("k", **{"in": [1]}), of("j", not_in=[1])], [1]),
        # Elements of one list do not take those of another, nor does the record itself.
        ([{"each": "a[]", **of("k", **{"in": [1]})}, {"each": "b[]"}], [0]),
        ([{"each": "a[]", **of("k", **{"in": [1]})}, {}], [0]),
    ],
)
def test_parts_take_everything_between_them_or_leave_records_nowhere(
    parts: list[dict[str, Any]], where: list[int]
) -> None:
    assert [index for index, _ in nowhere(mapping(*parts))] == where


SHAPE = shape_of(
    {
        "type": "object",
        "$defs": {"place": {"type": "object", "properties": {"lon": {"type": "number"}}}},
        "properties": {
            "place": {"$ref": "#/$defs/place"},
            "either": {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "null"}]},
            "open": {"type": "object"},
            "map": {"type": "object", "additionalProperties": {"type": "integer"}},
            "list": {"type": "array", "items": {"$ref": "#/$defs/place"}},
            "one": {"type": "object", "properties": {"lon": {"type": "integer"}}},
            "kind": {"type": ["string", "null"]},
        },
    }
)


@pytest.mark.parametrize(
    ("way", "types"),
    [
        (("place", "lon"), {"number", "integer"}),
        (("either", "a"), {"string"}),
        (("list", 0, "lon"), {"number", "integer"}),
        (("one", 0, "lon"), {"integer"}),
        (("kind",), {"string", "null"}),
    ],
)
def test_a_path_leads_to_what_the_schema_declares_there(way: tuple[str | int, ...], types: set[str]) -> None:
    assert reached(SHAPE, way).types == types


@pytest.mark.parametrize("way", [("open", "any", "thing"), ("map", "any")])
def test_of_what_the_schema_leaves_open_nothing_is_said(way: tuple[str | int, ...]) -> None:
    assert len(reached(SHAPE, way).types) == 7


@pytest.mark.parametrize(
    "way", [("plaice",), ("place", "lonn"), ("either", "b"), ("kind", "a"), ("kind", 0), ("list", "lon")]
)
def test_a_path_that_cannot_lead_anywhere_says_why(way: tuple[str | int, ...]) -> None:
    with pytest.raises(Misled, match=r"the record has no|is text|is a list"):
        reached(SHAPE, way)


def test_a_rule_and_a_schema_meet_in_one_type_at_least() -> None:
    assert list(misreadings("place.lon", NUMBER, [], SHAPE)) == []
    assert list(misreadings("^.kind", TEXT, [("list", 0)], SHAPE)) == []
    assert list(misreadings("kind", NUMBER, [], SHAPE)) == [
        "'kind' is text, but the rule reads a number; state `as_text: true`"
    ]


def test_null_in_when_stands_for_an_absent_key_of_any_type() -> None:
    (part,) = mapping(of("kind", **{"in": [None]})).rows
    assert list(when_problems(part, SHAPE)) == []


def test_only_a_clause_that_is_a_unit_states_one() -> None:
    stated = [
        "0.02 m/s; 8191 = unavailable",
        "Height above the ellipsoid, 0.1 m",
        "Direction in degrees",
        "速度，单位为km/h",
        "Metres",
    ]
    assert list(stated_units(stated)) == ["0.02 m/s", "0.1 m", "deg", "km/h", "m"]
    mentioned = [
        "at most 35 m",
        "Minute of the UTC year",
        "h",
        "Kind of participant, by name",
        "1 = 500 m to 15 = 0.01 m",
    ]
    assert list(stated_units(mentioned)) == ["h"]
