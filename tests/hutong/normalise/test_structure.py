"""What a record is refused for does not depend on how much of its schema the reference implementation is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hutong.making import stream
from tests.hutong.normalise.generated import leaf_schemas, members

from hutong.normalise.showing import Shower
from hutong.normalise.structure import compile_structure
from hutong.normalise.typed import Unknown, python_pattern

NAMES = ["a", "b", "c"]
LEAVES = leaf_schemas(is_plain=False)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Words that stand beside `properties` and say something of the whole record."""
    part = st.builds(
        lambda name, leaf, needed: {"properties": {name: leaf}, **({"required": [needed]} if needed else {})},
        st.sampled_from(NAMES),
        LEAVES,
        st.sampled_from([None, *NAMES]),
    )
    several = st.lists(part, min_size=1, max_size=2)
    words = {
        "if": part,
        "then": part,
        "else": part,
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": part,
        "dependentRequired": st.just({"a": ["b"]}),
        "dependentSchemas": st.fixed_dictionaries({"b": part}),
    }
    return draw(st.fixed_dictionaries({}, optional=words))


@settings(max_examples=400)
@given(st.data(), conditions())
def test_members_and_conditions_that_are_surely_right_are_left_out_and_nothing_else_changes(
    data: st.DataObject, beside: dict[str, Any]
) -> None:
    properties = {name: data.draw(LEAVES) for name in NAMES}
    required = data.draw(st.lists(st.sampled_from(NAMES), unique=True))
    schema = {"type": "object", "properties": properties, "required": required, **beside}
    # A word that the narrowing does not know: here the reference implementation is asked for all of it.
    whole = {**schema, "$defs": {}}
    shower = Shower(stream())
    narrowed, asked = (compile_structure(one, "cim.lamp", shower, is_typed=True).findings for one in (schema, whole))
    for _ in range(3):
        content = json.loads(data.draw(members(properties, required, is_wild=True)))
        assert narrowed(content) == asked(content)


def test_patterns_are_those_of_ecma_and_none_takes_for_ever() -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "pattern": r"^\p{L}+$"}, "code": {"pattern": "^(a+)+$"}},
    }
    findings = compile_structure(schema, "cim.lamp", Shower(stream()), is_typed=True).findings
    assert findings({"name": "灯"}) == []
    found = findings({"name": "灯7", "code": "a" * 60 + "!"})
    assert [(one.place, one.rule) for one in found] == [("$.name", "name_pattern"), ("$.code", "code_pattern")]


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|ab)*$", "^((a?b?)c*)+$", "^(a{1,9}){2,}$", "^(a+){10,20}$"])
def test_the_gate_takes_no_pattern_whose_ways_multiply(pattern: str) -> None:
    with pytest.raises(Unknown):
        python_pattern(pattern)


@pytest.mark.parametrize("pattern", ["^(ab)+$", "^(-|[0-9]+)?$", "^([0-9]+(,[0-9]*)?){3}$", "^(a|b){1,4}$"])
def test_a_few_ways_are_no_harm(pattern: str) -> None:
    assert python_pattern(pattern) == pattern.replace("$", r"\Z")
