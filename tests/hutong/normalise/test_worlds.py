"""The fast path and the reference path say the same of generated schemas, mappings and records."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hutong.normalise.both_paths import page, plan, same
from tests.hutong.normalise.generated import (
    REALS,
    RULES,
    WHOLES,
    WORDS,
    World,
    said,
    worlds,
)

from hutong.errors import StoreError
from hutong.normalise import Plan
from hutong.normalise.shown import keys_shown
from hutong.pages import records_of


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_generated_records_come_out_the_same_on_both_paths(world: World) -> None:
    try:
        list(records_of(world.pages, world.of.stream))
    except StoreError:
        # Such a page never lands.
        return
    same(world.pages, world.of)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_what_a_pull_shows_is_the_same_by_columns_and_record_by_record(world: World) -> None:
    try:
        by_columns = keys_shown(world.pages, world.of)
    except StoreError:
        return
    one_by_one = keys_shown(world.pages, replace(world.of, keys=dict.fromkeys(world.of.keys)))
    assert by_columns.unreadable == one_by_one.unreadable
    assert {name: (keys.schema, set(keys.rows())) for name, keys in by_columns.keys.items()} == {
        name: (keys.schema, set(keys.rows())) for name, keys in one_by_one.keys.items()
    }


VALUES = {"string": WORDS, "integer": WHOLES, "number": st.one_of(REALS, WHOLES), "boolean": st.booleans()}
BY_RULE = [(name, kind) for name, _, _, wanted in RULES for kind in VALUES if kind in wanted]


@functools.cache
def of_rule(name: str, kind: str) -> Plan:
    """A plan with one rule over one value of `kind`."""
    rule, column = next((rule, column) for named, rule, column, _ in RULES if named == name)
    field = rule | {"from": ["v"] if rule["rule"] == "pseudonym" else "v"}
    schema = {"type": "object", "properties": {"v": {"type": kind}}}
    rows = [{"dataset": "one", "fields": {name: field}}]
    return plan(schema, rows, {"one": {name: column, "kind_raw": "string"}})


@pytest.mark.parametrize(("name", "kind"), BY_RULE)
def test_a_rule_reads_a_column_as_it_reads_each_value(name: str, kind: str) -> None:
    of = of_rule(name, kind)
    assert of.bulk is not None
    assert of.bulk.gate is not None

    @settings(max_examples=8, suppress_health_check=list(HealthCheck))
    @given(st.lists(VALUES[kind], min_size=20, max_size=60))
    def check(values: list[Any]) -> None:
        records = ", ".join(f'{{"v": {said(value, escapes=False)}}}' for value in values)
        same([page(f'{{"rows": [{records}]}}'.encode())], of)

    check()
