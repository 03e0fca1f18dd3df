"""The fast path and the reference path say the same of every trap that was met."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.hutong.normalise.both_paths import AT, RUN, page, plan, same
from tests.hutong.normalise.generated import (
    PATTERNS,
    STRANGE,
    said,
)

from hutong.errors import StoreError
from hutong.model.rows import Normalised
from hutong.normalise import Plan, normalise
from hutong.normalise.typed import Unknown, python_pattern
from hutong.pages import records_of

PARTICIPANT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "speed"],
    "properties": {
        "id": {"type": "string"},
        "speed": {"type": "integer", "minimum": 0},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "note": {"type": "string"},
        "pos": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}},
        "parts": {"type": "array", "items": {"type": "integer"}},
    },
}
FIELDS = {
    "source_id": {"rule": "id", "from": "id"},
    "speed_mps": {"rule": "quantity", "from": "speed", "unit": "0.02 m/s", "missing": [8191]},
    "vehicle_count": {"rule": "number", "from": "count"},
    "share": {"rule": "number", "from": "share"},
    "note": {"rule": "text", "from": "note"},
    "x": {"rule": "number", "from": "pos.x"},
}
COLUMNS = {
    "source_id": "string",
    "speed_mps": ("double", "m/s"),
    "vehicle_count": "long",
    "share": "double",
    "note": "string",
    "x": "double",
}
GOOD = '{"id": "a", "speed": 50}'
DEEP = "[" * 60 + "]" * 60

TRAPS: dict[str, tuple[str, dict[str, Any] | str]] = {
    "numeric text": ('{"id": "a", "speed": "50"}', "speed_type"),
    "numeric text in a text": ('{"id": "50", "speed": 50}', {"source_id": "50"}),
    "a number in a text": ('{"id": 50, "speed": 50}', "id_type"),
    "5.0 for an integer": ('{"id": "a", "speed": 50.0}', {"speed_mps": 1.0}),
    "5.5 for an integer": ('{"id": "a", "speed": 50.5}', "speed_type"),
    "an exponent for an integer": ('{"id": "a", "speed": 5e1}', {"speed_mps": 1.0}),
    "an integer of 64 bits": ('{"id": "a", "speed": 1, "count": 9223372036854775807}', {"vehicle_count": 2**63 - 1}),
    "an integer beyond 64 bits": ('{"id": "a", "speed": 1, "count": 9223372036854775808}', "vehicle_count_unreadable"),
    "a whole number that no double is": ('{"id": "a", "speed": 1, "share": 9007199254740993}', {"share": 2.0**53}),
    "a fraction of many digits": (
        '{"id": "a", "speed": 1, "share": 0.10000000000000000555}',
        {"share": 0.1},
    ),
    "minus zero": ('{"id": "a", "speed": 1, "share": -0.0}', {"share": -0.0}),
    "true for 1": ('{"id": "a", "speed": true}', "speed_type"),
    "null for an absent member": ('{"id": "a", "speed": 50, "note": null}', "note_type"),
    "an absent member": (GOOD, {"note": None, "x": None}),
    "null for a needed member": ('{"id": "a", "speed": null}', "speed_type"),
    "a name that stands twice": ('{"id": "a", "speed": 50, "speed": 51}', "record_required"),
    "a name that stands twice with one value": ('{"id": "a", "speed": 50, "speed": 50}', "record_required"),
    "a name that stands twice within": ('{"id": "a", "speed": 1, "pos": {"x": 1, "x": 1}}', "pos_type"),
    "a name spelled in two ways": ('{"id": "a", "speed": 50, "sp\\u0065ed": 51}', "record_required"),
    "a name that stands twice beside a spelled colon": (
        '{"id": "\\u003a", "speed": 50, "speed": 5}',
        "record_required",
    ),
    "colons in a text": ('{"id": ":::", "speed": 50}', {"source_id": ":::"}),
    "a name that stands twice beside a spelled mark": (
        '{"id": "\\u0022\\u0022", "speed": 50, "speed": 5}',
        "record_required",
    ),
    "half a surrogate pair": ('{"id": "\\ud83d", "speed": 50}', "source_id_unreadable"),
    "the other half": ('{"id": "\\ude00", "speed": 50}', "source_id_unreadable"),
    "an astral character": ('{"id": "😀", "speed": 50}', {"source_id": "😀"}),
    "an astral character as a pair": ('{"id": "\\ud83d\\ude00", "speed": 50}', {"source_id": "😀"}),
    "an empty text": ('{"id": "a", "speed": 50, "note": ""}', {"note": ""}),
    "an empty identity": ('{"id": "", "speed": 50}', "source_id_unreadable"),
    "deep nesting": ('{"id": "a", "speed": 50, "parts": ' + DEEP + "}", "parts[]_type"),
    "deep nesting in what nobody declared": ('{"id": "a", "speed": 50, "more": ' + DEEP + "}", {"speed_mps": 1.0}),
    "a name that nobody declared": ('{"id": "a", "speed": 50, "more": 1}', {"speed_mps": 1.0}),
    "a list of one as its element": ('{"id": "a", "speed": 50, "parts": 5}', "parts_type"),
    "an object as a list of one": ('{"id": "a", "speed": 50, "pos": [{"x": 1}]}', "pos_type"),
    "a record that is no object": ("[1]", "record_required"),
    "an unavailable value": ('{"id": "a", "speed": 8191}', {"speed_mps": None}),
    "spaces and line ends": ('{\n "id"\t:\r "a" , "speed" :50 }', {"speed_mps": 1.0}),
}


@pytest.fixture(scope="module")
def participants() -> Plan:
    return plan(PARTICIPANT, [{"dataset": "one", "fields": FIELDS}], {"one": COLUMNS})


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_the_same_on_both_paths_and_costs_no_other_record(trap: str, participants: Plan) -> None:
    text, outcome = TRAPS[trap]
    found = same([page(f'{{"rows": [{GOOD}, {text}, {GOOD}]}}'.encode())], participants)
    rows = found.frames["one"].to_dicts()
    assert [row["record"] for row in rows if row["record"] != 1] == [0, 2]
    if isinstance(outcome, str):
        (refused,) = found.refused
        assert refused.record.number == 1
        assert outcome in {finding.rule for finding in refused.findings}
    else:
        (row,) = (row for row in rows if row["record"] == 1)
        assert {name: repr(row[name]) for name in outcome} == {name: repr(value) for name, value in outcome.items()}


def test_the_gate_passes_what_is_good_and_nothing_else(participants: Plan) -> None:
    bulk = participants.bulk
    assert bulk is not None
    assert bulk.gate is not None
    # With half of a surrogate pair on it, msgspec leaves the whole page to others.
    texts = {trap: text for trap, (text, _) in TRAPS.items() if "half" not in trap and "the other" not in trap}
    piece = bulk.gate.split(page(f'{{"rows": [{GOOD}, {", ".join(texts.values())}]}}'.encode()))
    assert piece is not None
    passed = {["good", *texts][place] for place in bulk.gate.sift(piece.raws).places}
    assert passed == {
        "good",
        "numeric text in a text",
        "an integer of 64 bits",
        "colons in a text",
        "a fraction of many digits",
        "minus zero",
        "an absent member",
        "an astral character",
        "an astral character as a pair",
        "an empty text",
        "an empty identity",
        "an unavailable value",
        "spaces and line ends",
    }


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_json_does_not_have_fails_the_page_on_both_paths(text: str, participants: Plan) -> None:
    pages = [page(f'{{"rows": [{{"id": "a", "speed": 1, "share": {text}}}]}}'.encode())]
    with pytest.raises(StoreError, match="cannot be read"):
        list(records_of(pages, participants.stream))
    with pytest.raises(StoreError, match="cannot be read"):
        normalise(pages, RUN, 1, participants, lambda values: {})


@pytest.mark.parametrize(
    ("pattern", "is_known"),
    [(one, True) for one in PATTERNS]
    + [(one, False) for one in STRANGE]
    + [("[a-z--b]", False), ("^[^0-9]{2,}$", True)],
)
def test_a_pattern_is_taken_only_where_both_languages_read_it_alike(pattern: str, is_known: bool) -> None:
    if is_known:
        python_pattern(pattern)
    else:
        with pytest.raises(Unknown):
            python_pattern(pattern)


def read_by(rule: Mapping[str, Any], column: Any, values: Sequence[Any], **members: Any) -> Normalised:
    """What both paths make of `values`, each the `v` of a record whose schema has `members`."""
    schema = {"type": "object", "properties": members}
    columns = {"x": column, "x_raw": "string", "lon": "double", "lat": "double", "source_crs": "string"}
    of = plan(schema, [{"dataset": "one", "fields": {"x": rule}}], {"one": columns})
    records = ", ".join(said(value if isinstance(value, dict) else {"v": value}, escapes=False) for value in values)
    return same([page(f'{{"rows": [{records}]}}'.encode())], of)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "string", "minLength": 1.0, "maxLength": 2.0},
        {"type": "array", "items": {"type": "integer"}, "minItems": 1.0},
        {"type": "integer", "exclusiveMinimum": 2**63 - 1},
        {"type": "integer", "exclusiveMaximum": -(2**63)},
        {"type": "integer", "minimum": 0.0, "exclusiveMaximum": 1e3},
    ],
)
def test_a_bound_may_be_written_as_a_float_and_lie_anywhere(part: dict[str, Any]) -> None:
    values = ["", "a", "abc", [], [1], 0, -1, 999, 1000, 2**63 - 1, -(2**63)]
    read_by({"rule": "number", "from": "w"}, "double", [{"w": 1, "v": value} for value in values], v=part, w={})


WIDE = [2**53 - 1, 2**53, 2**53 + 1, 2.0**53, 2**63, 2**70, 1e300, -0.0, 0, 1]


@pytest.mark.parametrize("stated", [[1, 1.0], [2**70, 1e300, -1.5], [2**53], [2**53 + 1, True, "a"], [0.0]])
@pytest.mark.parametrize("schema", [{"type": "integer"}, {"type": "number"}, {"type": "number", "not": {"const": "z"}}])
def test_stated_values_of_any_size_and_spelling_are_met_exactly(schema: dict[str, Any], stated: list[Any]) -> None:
    read_by({"rule": "number", "from": "v", "missing": stated}, "double", WIDE, v=schema)
    read_by({"rule": "id", "from": "v", "missing": stated}, "string", WIDE, v=schema)
    read_by({"rule": "flag", "from": "v", "true": stated, "false": [2**64]}, "boolean", WIDE, v=schema)


def test_minus_zero_is_not_the_zero_beside_it() -> None:
    rule = {"rule": "point", "from": ["v", "w"], "crs": {"from": "c", "table": {"w": "EPSG:4326"}}, "axes": "lon_lat"}
    values = [{"v": v, "w": 1, "c": "w"} for v in (0.0, -0.0, 0.0)]
    found = read_by(rule, "string", values, v={"type": "number"}, w={"type": "number"}, c={"type": "string"})
    assert repr(found.frames["one"]["lon"].to_list()) == "[0.0, -0.0, 0.0]"


@pytest.mark.parametrize("name", ["#record", "#received_at", "#unsure", "elements", "__class__", "field_0", "a.b", ""])
def test_a_member_may_have_any_name(name: str) -> None:
    members = {name: {"type": "integer"}, "v": {"type": "integer"}}
    values = [{name: 1, "v": 2}, {"v": 3}, {name: 1.0}, {}]
    read_by({"rule": "id", "from": ["v", name] if name else "v"}, "string", values, **members)


@pytest.mark.parametrize("carry", [{"pos": "^.pos"}, {"a.b": "^.at"}, {"undeclared": "^.at"}])
def test_what_is_carried_may_be_an_object_or_have_any_name(carry: dict[str, str]) -> None:
    inner = {"type": "object", "properties": {"x": {"type": "number"}, "b": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"pos": inner, "a.b": {"type": "integer"}, "a": inner, "v": {}}}
    fields = {"x": {"rule": "number", "from": "pos.x"}, "y": {"rule": "number", "from": "a.b"}}
    of = plan(schema, [{"dataset": "one", "fields": fields}], {"one": {"x": "double", "y": "long"}}, carry=carry)
    same([page(b'{"at": 1, "pos": {"x": 2}, "rows": [{"v": 1}, {"v": 2, "pos": 5}, 5]}')], of)


@pytest.mark.parametrize("text", ["2016-12-31T23:59:60Z", "2026-03-18T08:12:60.123+08:00", "9999-12-31T23:59:59Z"])
def test_a_leap_second_and_the_end_of_all_dates_are_refused_and_cost_no_other_record(text: str) -> None:
    schema = {"type": "object", "properties": {"v": {"type": "string"}}}
    rows = [{"dataset": "one", "fields": {"observed_at": {"rule": "time", "form": "iso", "from": "v"}}}]
    of = plan(schema, rows, {"one": {"observed_at": "timestamp", "date": "date"}})
    found = same([page(json.dumps({"rows": [{"v": "2026-03-18T08:12:37Z"}, {"v": text}]}).encode())], of)
    (refused,) = found.refused
    assert [finding.rule for finding in refused.findings] == ["observed_at_unreadable"]
    assert found.frames["one"].height == 1


@pytest.mark.parametrize("near", [2**61, -(2**61), 2**62, -1, 0, 2**63 - 1])
def test_an_instant_far_away_settles_no_year(near: int) -> None:
    close, moy = int(AT.timestamp() * 1000), 109_456
    rule = {"rule": "time", "form": "moy_secmark", "from": ["m", "s"], "near": "n"}
    members = {name: {"type": "integer"} for name in ("m", "s", "n")}
    values = [{"m": m, "s": 5, "n": n} for m in (moy, 527_040) for n in (near, near + close if near < 2**62 else near)]
    read_by(rule, "timestamp", values, **members)


@pytest.mark.parametrize("as_text", [False, True])
def test_an_offset_is_added_to_its_base_and_a_place_of_its_own_is_not(as_text: bool) -> None:
    rule = {
        "rule": "point", "from": ["pos.x", "pos.y"], "base": ["ref.x", "ref.y"], "scale": 1e-7, "as_text": as_text,
        "offsets": [["near.x", "near.y"], ["far.x", "far.y"]], "missing": [1800000001, 900000001, "1800000001", "-"],
        "crs": "EPSG:4326", "axes": "lon_lat",
    }  # fmt: skip
    number = {"type": "string" if as_text else "integer"}
    pair = {"type": "object", "properties": {"x": number, "y": number}}
    base, places = {"x": 1065516000, "y": 295630000}, {"x": 1065514750, "y": 295630842}
    values: list[Any] = [
        {"ref": base, "near": {"x": -1250, "y": 842}},
        {"ref": base, "far": {"x": 125000, "y": -84200}},
        {"ref": base, "pos": places},
        {"pos": places},
        {"near": {"x": 1, "y": 1}},
        {"ref": base},
        {"ref": base, "near": {"x": 1, "y": 1}, "pos": {"x": None, "y": 1}},
        {"ref": base, "near": {"x": 1, "y": 1}, "far": {"x": 2, "y": 2}},
        {"ref": base, "near": {"x": 1}},
        {"ref": base, "pos": {"x": 1800000001, "y": 900000001}},
        {"ref": {"x": 2**53, "y": 1}, "near": {"x": 1, "y": 1}},
    ]
    if as_text:
        values = [
            {
                name: {axis: None if one is None else str(one) for axis, one in place.items()}
                for name, place in each.items()
            }
            for each in values
        ]
        values += [{"ref": {"x": "a", "y": "1"}, "near": {"x": "1", "y": "2"}}, {"pos": {"x": "-", "y": "1.5"}}]
    found = read_by(rule, "string", values, ref=pair, near=pair, far=pair, pos=pair)
    lons = found.frames["one"]["lon"].to_list()
    assert lons[:3] == [106.551475, 106.5641, 106.551475]
    assert len(found.refused) == (3 if as_text else 2)


def test_a_minute_and_its_milliseconds_may_be_text() -> None:
    rule = {"rule": "time", "form": "moy_secmark", "from": ["m", "s"], "near": "n", "as_text": True, "missing": ["-"]}
    members = {"m": {"type": "integer"}, "s": {"type": "string"}, "n": {"type": "integer"}}
    at = int(AT.timestamp() * 1000)
    marks = ["27300", "59999", "60000", " 5 ", "-1", "1.0", "1.5", "", "-", "abc", "007", "9" * 19, None]
    values = [{"m": 109_456, "s": mark, "n": at} for mark in marks]
    found = read_by(rule, "timestamp", values, **members)
    assert found.frames["one"]["x"][0] is not None
    epoch = {"rule": "time", "form": "epoch_ms", "from": "s", "as_text": True}
    read_by(epoch, "timestamp", [{"s": str(at)}, {"s": "-5"}, {"s": "1e3"}, {"s": "9" * 17}], s={"type": "string"})
