"""What a JSON Schema declares, however it says it; and that its strict form refuses what is not declared, no more."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.normalise.drift import stray_of
from hutong.schema.shape import shape_of, strict, untyped

POINT = {"type": "object", "properties": {"x": {"type": "number"}, "y": {"type": ["number", "null"]}}}
NAMED = {"properties": {"name": {"type": "string"}}}

ODD = {"$defs": {"a/b": POINT}, "properties": {"at": {"$ref": "#/$defs/a~1b"}}}
BY_REFERENCE = {"$defs": {"p": POINT}, "properties": {"at": {"$ref": "#/$defs/p"}}}
BEHIND = {"properties": {"l": {"prefixItems": [{}], "items": POINT}}}

# schema, content, new fields, fields of another type
DECLARED: dict[str, tuple[dict[str, Any], Any, list[str], list[str]]] = {
    "a field": ({"properties": {"a": {}}}, {"a": 1, "b": 2}, ["b"], []),
    "nested": ({"properties": {"at": POINT}}, {"at": {"x": 1, "z": 2}}, ["at.z"], []),
    "in a list": ({"properties": {"l": {"items": POINT}}}, {"l": [{"x": 1}, {"q": 1}, {"q": 2}]}, ["l.0.q"], []),
    "by place": ({"properties": {"l": {"prefixItems": [POINT, {}]}}}, {"l": [{"q": 1}, {"q": 2}]}, ["l.0.q"], []),
    "behind places": (BEHIND, {"l": [5, {"x": ""}]}, [], ["l.0.x"]),
    "by reference": (BY_REFERENCE, {"at": {"x": "", "z": 1}}, ["at.z"], ["at.x"]),
    "by an escaped reference": (ODD, {"at": {"z": 1}}, ["at.z"], []),
    "elsewhere": ({"properties": {"at": {"$ref": "https://example.org/p"}}}, {"at": {"z": 1}}, [], []),
    "of itself": ({"properties": {"in": {"$ref": "#"}}}, {"in": {"b": 1}}, [], []),
    "together": ({"allOf": [POINT, NAMED]}, {"x": 1, "name": 2, "z": 3}, ["z"], ["name"]),
    "the narrower type": ({"allOf": [POINT, {"properties": {"y": {"type": "number"}}}]}, {"y": None}, [], ["y"]),
    "one or the other": ({"oneOf": [POINT, NAMED]}, {"x": "", "name": 2, "z": 3}, ["z"], []),
    "or null": ({"properties": {"a": {"anyOf": [{"type": "number"}, {"type": "null"}]}}}, {"a": "1"}, [], ["a"]),
    "if so": ({"properties": {"x": {}}, "if": NAMED, "then": POINT}, {"x": "", "y": 1, "name": 1, "z": 1}, ["z"], []),
    "dependent": ({"dependentSchemas": {"a": NAMED}, "properties": {"a": {}}}, {"a": 1, "name": 1, "z": 1}, ["z"], []),
    "by a pattern": ({"properties": {"a": {}}, "patternProperties": {"^x_": {}}}, {"x_1": 1, "b": 1}, [], []),
    "by what they hold": ({"properties": {}, "additionalProperties": {"type": "string"}}, {"b": "1"}, [], []),
    "any field": ({"properties": {"a": {"type": "object"}}}, {"a": {"b": {"c": 1}}}, [], []),
    "anything": ({"properties": {"a": True, "b": False}}, {"a": {"c": 1}}, [], []),
    "a whole number": ({"properties": {"a": {"type": "integer"}}}, {"a": 5.0}, [], []),
    "a number": ({"properties": {"a": {"type": "number"}, "b": {"type": "integer"}}}, {"a": 5, "b": 5.5}, [], ["b"]),
    "truth is no number": ({"properties": {"a": {"type": "number"}}}, {"a": True}, [], ["a"]),
    "below another type": ({"properties": {"at": POINT}}, {"at": [{"z": 1}]}, [], ["at"]),
}


def dotted(paths: Any) -> list[str]:
    return [".".join(str(key) for key in path) for path in paths]


@pytest.mark.parametrize(("schema", "content", "new", "retyped"), DECLARED.values(), ids=DECLARED)
def test_what_is_declared(schema: dict[str, Any], content: Any, new: list[str], retyped: list[str]) -> None:
    found = stray_of(content, shape_of(schema))
    assert (dotted(found.new), dotted(found.retyped)) == (new, retyped)


def test_a_stray_names_a_place_where_it_was_met() -> None:
    found = stray_of({"l": [{"x": 1}, {"q": 1}, {"q": 2}]}, shape_of({"properties": {"l": {"items": POINT}}}))
    assert list(found.new.values()) == [("l", 1, "q")]


def test_in_xml_only_fields_drift() -> None:
    shape = untyped(shape_of({"properties": {"at": POINT, "l": {"items": POINT}}}))
    assert not stray_of({"at": "", "l": "text"}, shape)
    assert dotted(stray_of({"at": {"x": "5", "z": "1"}, "l": [{"q": ""}]}, shape).new) == ["at.z", "l.0.q"]


NAMES = st.sampled_from(["a", "b", "c"])
TYPES = st.sampled_from(["string", "integer", "number", "null", "object", "array", "boolean"])
LEAF: st.SearchStrategy[Any] = st.one_of(st.just({}), st.just(True), TYPES.map(lambda kind: {"type": kind}))
PART = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=3).map(lambda fields: {"properties": fields}),
        st.tuples(st.dictionaries(NAMES, inner, max_size=2), TYPES, inner).map(
            lambda parts: {
                "properties": parts[0],
                "type": sorted({parts[1], "object"}),
                "additionalProperties": parts[2],
            }
        ),
        st.tuples(st.sampled_from(["allOf", "anyOf", "oneOf"]), st.lists(inner, min_size=1, max_size=2)).map(
            lambda parts: {parts[0]: parts[1]}
        ),
        st.tuples(inner, inner).map(lambda parts: {"if": parts[0], "then": parts[1]}),
        st.tuples(inner, inner).map(lambda parts: {"prefixItems": [parts[0]], "items": parts[1]}),
        st.just({"$ref": "#/$defs/point"}),
    ),
    max_leaves=8,
)
SCHEMA = st.tuples(st.dictionaries(NAMES, PART, min_size=1), PART, st.booleans()).map(
    lambda parts: {
        "$defs": {"point": {"type": "object", "properties": {"a": {"type": "number"}}}},
        "type": "object",
        "properties": parts[0],
        "allOf": [parts[1]],
        "unevaluatedProperties": parts[2],
    }
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.just(0.5) | st.just("x"),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)


@given(SCHEMA, st.dictionaries(NAMES, VALUE))
def test_the_strict_schema_passes_what_is_valid_and_holds_nothing_undeclared(
    schema: dict[str, Any], content: dict[str, Any]
) -> None:
    shape = shape_of(schema)
    valid = jsonschema_rs.Draft202012Validator(schema).is_valid(content)
    stray = stray_of(content, shape)
    assert jsonschema_rs.Draft202012Validator(strict(schema, shape)).is_valid(content) == (valid and not stray.new)
    # A value is of another type only where the schema refuses it too.
    assert not (valid and stray.retyped)


def test_of_an_object_that_may_be_null_the_fields_are_declared_all_the_same() -> None:
    place = {"type": "object", "properties": {"lon": {"type": "number", "maximum": 180}}}
    shape = shape_of({"type": "object", "properties": {"place": {"anyOf": [place, {"type": "null"}]}}})
    found = (shape.fields or {})["place"]
    assert found.types == {"object", "null"}
    assert (found.fields or {})["lon"].types == {"number", "integer"}
    assert (found.fields or {})["lon"].high == 180


def test_values_are_those_that_every_reading_allows() -> None:
    schema = {"type": "object", "properties": {"k": {"anyOf": [{"enum": [1, 2]}, {"const": "x"}, {"type": "null"}]}}}
    assert (shape_of(schema).fields or {})["k"].values == (1, 2, "x", None)
    both = {"type": "object", "properties": {"k": {"allOf": [{"enum": [1, True, 2]}, {"enum": [1, 3]}]}}}
    assert (shape_of(both).fields or {})["k"].values == (1,)
