"""Lists, lines and dates in other spellings come out the same on both paths, whichever way their records go."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hutong.normalise.both_paths import RUN, page, plan, same
from tests.hutong.normalise.generated import ANY, said

from hutong.normalise import Plan, normalise

METRES = st.one_of(st.floats(3e5, 4e5).map(lambda x: round(x, 2)), st.integers(300_000, 400_000))
NUMBERS = st.one_of(METRES, METRES, st.sampled_from([0, -0.0, 1e9, -1e300, 2**53, 2**60]))
GOOD = st.lists(st.lists(METRES, min_size=2, max_size=3), min_size=2, max_size=5)
VALUES = st.one_of(GOOD, GOOD, GOOD, st.lists(st.lists(NUMBERS, max_size=4), max_size=3), st.none(), ANY)
GEOMETRY = {"lon": "double", "lat": "double", "source_crs": "string", "geometry": "binary"}
LINE = {"rule": "line", "from": "v", "form": "array", "crs": "EPSG:4545", "axes": "east_north"}
NESTED = {"type": ["array", "null"], "items": {"type": "array", "items": {"type": "number"}}}


NAMED = {"crs": {"from": "crs", "table": {"plain": "EPSG:4545", "next": "EPSG:4544"}}}
SYSTEMS = st.sampled_from(['"plain"', '"plain"', '"next"', '"else"', '""', "null", "4545"])
POINT = {"rule": "point", "from": ["v"], "axes": "east_north", "missing": [0]}
PLACES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "lines": (NESTED, LINE),
    "lines in named systems": (NESTED, LINE | NAMED),
    "points in named systems": (NESTED["items"], POINT | NAMED),
}


def of(schema: dict[str, Any], rule: dict[str, Any], columns: dict[str, Any], *, is_gated: bool) -> Plan:
    """A plan with one rule over `v`. A schema with `not` has no gate."""
    properties = {"v": schema, "crs": {"type": ["string", "null"]}}
    whole = {"type": "object", "properties": properties} | ({} if is_gated else {"not": {"required": ["never"]}})
    found = plan(whole, [{"dataset": "one", "fields": {"x": rule}}], {"one": {"x": "string", **columns}})
    assert found.bulk is not None
    assert (found.bulk.gate is not None) == is_gated
    return found


def lines(*, is_gated: bool) -> Plan:
    """The plan that reads lines of metres."""
    return of(NESTED, LINE, GEOMETRY, is_gated=is_gated)


@pytest.mark.parametrize("is_gated", [True, False])
@pytest.mark.parametrize("places", PLACES)
def test_places_in_lists_come_out_the_same_on_both_paths(places: str, is_gated: bool) -> None:
    schema, rule = PLACES[places]
    plan_of_places = of(schema, rule, GEOMETRY, is_gated=is_gated)
    values = VALUES if rule["rule"] == "line" else st.one_of(GOOD.map(lambda line: line[0]), st.none(), ANY)

    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(values, SYSTEMS), min_size=6, max_size=10))
    def check(found: list[tuple[Any, str]]) -> None:
        records = ", ".join(f'{{"v": {said(value, escapes=False)}, "crs": {system}}}' for value, system in found)
        same([page(f'{{"rows": [{records}]}}'.encode())], plan_of_places)

    check()


@pytest.mark.parametrize("is_gated", [True, False])
def test_good_lines_need_no_second_look(is_gated: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would come out the same, but a hundred times slower."""
    asked: list[int] = []
    plan_of_lines = lines(is_gated=is_gated)
    body = b'{"rows": [{"v": [[359000, 3272000.5], [359100.25, 3272100, 240]]}, {"v": null}, {"v": [[1]]}]}'
    found = same([page(body)], plan_of_lines)
    assert [one.record.number for one in found.refused] == [2]
    monkeypatch.setattr(
        "hutong.normalise.reference.Reference.read", lambda self, record, content: asked.append(record.number)
    )
    normalise([page(body)], RUN, 7, plan_of_lines, lambda values: {})
    assert asked == [2]


@pytest.mark.parametrize("form", ["local", "iso"])
def test_dates_in_other_spellings_are_read_as_each_alone(form: str) -> None:
    rule = {"rule": "time", "from": "v", "form": form, "zone": "Asia/Shanghai"}
    texts = [
        "2025-11-30",
        "2025/3/5 8:4:3",
        "20260318081237",
        "2026-03-18T08:12",
        "2026-02-30",
        "",
        "2026-03-18 08:12:37",
    ]
    found = same(
        [page(f'{{"rows": [{", ".join(said({"v": text}, escapes=False) for text in texts * 3)}]}}'.encode())],
        of({"type": "string"}, rule, {"x": "timestamp"}, is_gated=True),
    )
    assert {"local": 9, "iso": 12}[form] == len(found.refused)
