"""The fast path and the reference path say the same: of generated schemas, mappings and records, and of every trap."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hutong.errors import StoreError
from hutong.model.batch import Sequence as Run
from hutong.model.connector import Connector
from hutong.model.dataset import Dataset, Field, FieldType
from hutong.model.declared import Words
from hutong.model.mapping import Mapping as Declared
from hutong.model.rows import Normalised
from hutong.normalise import Plan, Pseudonymiser, compile_source, normalise, normalise_records
from hutong.normalise.typed import Unknown, python_pattern
from hutong.pages import records_of
from hutong.registry import Source
from hutong.store.landing import LandedPage

RUN = Run("cim", "lamp", "500000")
KEY = Pseudonymiser.from_hex("ab" * 32)
AT = datetime(2026, 3, 18, 0, 16, tzinfo=UTC)
WALK = {"kind": {"motor": "motor", "1": "motor", "2": "walker", "true": "yes", "": "empty", "0.5": "half"}}
ENGINE: dict[str, FieldType] = {
    "city": "string",
    "source_platform": "string",
    "source_stream": "string",
    "batch": "long",
    "run": "string",
    "record": "int",
    "received_at": "timestamp",
}


def page(body: bytes, number: int = 0) -> LandedPage:
    at = AT + timedelta(seconds=number)
    return LandedPage(number, body, "application/json", at, 0.1, 1, 1, "proven", "")


def plan(
    schema: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    columns: Mapping[str, Mapping[str, Any]],
    **stream: Any,
) -> Plan:
    """rows: parts of a mapping. columns: dataset -> column -> its type, or type and unit."""
    words = {"zh": "灯", "en": "lamp"}
    connector = Connector.model_validate(
        {
            "platform": "cim",
            "title": words,
            "owner": "somebody",
            "tier": "regional",
            "cities": ["500000"],
            "address": "http://127.0.0.1",
            "streams": {"lamp": {"title": words, "endpoint": "/lamps", "data_selector": "rows", **stream}},
        }
    )
    datasets = {name: dataset(name, of) for name, of in columns.items()}
    mapping = Declared.model_validate({"stream": "cim.lamp", "version": 1, "rows": rows})
    source = Source(connector, "lamp", connector.streams["lamp"], dict(schema), mapping, "digest", datasets, WALK, {})
    return compile_source(source, KEY)


def dataset(name: str, columns: Mapping[str, Any]) -> Dataset:
    said = {
        column: kind if isinstance(kind, tuple) else (kind, None) for column, kind in (ENGINE | dict(columns)).items()
    }
    words = Words(zh="甲", en="a")
    fields = tuple(Field(column, words, "", kind, False, unit) for column, (kind, unit) in said.items())
    return Dataset(name, "1.0.0", words, "", fields, (), (), "append", None, (), (), {}, "digest")


def both(pages: Sequence[LandedPage], of: Plan) -> tuple[Normalised, Normalised]:
    """What the fast path makes of `pages`, and what the reference path does."""
    records = list(records_of(pages, of.stream))
    return normalise(pages, RUN, 7, of, lambda values: {}), normalise_records(records, RUN, 7, of)


def same(pages: Sequence[LandedPage], of: Plan) -> Normalised:
    """What both paths make of `pages`; fails where they differ in anything at all."""
    fast, reference = both(pages, of)
    assert fast.received == reference.received
    assert fast.refused == reference.refused
    assert (fast.withheld, list(fast.drift), fast.is_frozen) == (
        reference.withheld,
        list(reference.drift),
        reference.is_frozen,
    )
    assert set(fast.frames) == set(reference.frames)
    for name, frame in fast.frames.items():
        assert frame.schema == reference.frames[name].schema
        # By their representation, so that -0.0 is not 0.0.
        assert repr(frame.rows()) == repr(reference.frames[name].rows())
    for number in range(fast.received):
        assert fast.record(number) == reference.record(number)
    return fast


SPACES = st.sampled_from(["", " ", "\t", "\u3000", "\x1c", "\x85", "\u200b"])
WORDS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ["", " ", "-", "motor", "1", "1.0", "007", "+5", "-0", " 12.50 ", "1e3", ".5", "5.", "nan", "inf", "1_000", "٣"]
    ),
    st.sampled_from(
        [
            "2026-03-18 08:12:37",
            "2026-03-18 24:00:00",
            "1988-04-10 00:30:00",
            "2026/3/5 8:4:3",
            "25:35:00",
            "2026-02-30 00:00:00",
            "2026-10-25 01:30:00",
            "2026-03-29 01:30:00",
            "2026-06-01 12:00:00",
            "2026-06-01 12:00:00.5",
            "2026-06-01 12:00:00.000001",
            "2026-06-01 12:00:00.1234567",
            "2026-03-18T08:12:37.05Z",
            "2026-03-18T08:12:37Z",
            "2026-03-18T08:12:37.123+08:00",
            "2026-03-18T08:12:37.123456-14:59",
            "0001-01-01T00:00:00+08:00",
            "2026-03-18",
        ]
    ),
    st.builds("{}{}{}".format, SPACES, st.sampled_from(["motor", "12", "甲", "😀", '"', "\\", "\n", "\x00"]), SPACES),
)
WHOLES = st.one_of(
    st.integers(-10, 10),
    st.integers(),
    st.sampled_from([-1, 8191, 2**31, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30]),
    st.integers(1_400_000_000_000, 2_100_000_000_000),
)
REALS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.floats(-400, 400),
    st.sampled_from([0.0, -0.0, 5.0, -360.0, 360.0, 1e22, 9007199254740993.0, 5e-324]),
)
ANY = st.one_of(
    st.none(), st.booleans(), WHOLES, REALS, WORDS, st.just("\ud800"), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(), max_size=2),
)  # fmt: skip

PATTERNS = {
    "^[a-z]+$": ["motor", "walker"],
    r"^\d{1,3}$": ["1", "007"],
    "^(motor|walker)?$": ["", "motor"],
    "[0-9]": ["1", " 12.25\x1c", "0.1", "x5 ", "-7", "2026-03-18 08:12:37", "2026-03-18T08:12:37Z"],
    "^20[0-9]{2}-": ["2026-03-18 08:12:37", "2026-03-18T08:12:37.123+08:00", "2026-03-18"],
}
"""Patterns that the gate takes, with texts that have them."""
STRANGE = ["^.*$", r"\w", r"^\S+$", "^a^", r"(a)\1", "a{2}{3}", "a++"]
"""Patterns that it leaves to others."""


@st.composite
def leaf_schemas(draw: st.DrawFn, *, is_plain: bool) -> dict[str, Any]:
    """The schema of a value that a rule may read. is_plain: only words that the gate knows."""
    kinds = ["string", "integer", "number", "boolean", "enum"]
    kind = draw(st.sampled_from(kinds if is_plain else [*kinds, "any", "several"]))
    if kind == "enum":
        plain = [{"enum": ["motor", "walker", "1"]}, {"type": "integer", "enum": [0, 1, 2]}, {"const": "motor"}]
        return draw(st.sampled_from(plain if is_plain else [*plain, {"enum": [1, "1"]}, {"const": True}]))
    if kind == "any":
        return {}
    if kind == "several":
        return {"type": draw(st.sampled_from([["integer", "string"], ["number", "string", "null"]]))}
    found: dict[str, Any] = {"type": draw(st.sampled_from([kind, kind, [kind, "null"]]))}
    if kind == "string":
        lengths = {"minLength": st.integers(0, 3), "maxLength": st.integers(3, 30), "format": st.just("date-time")}
        patterns = list(PATTERNS) if is_plain else [*PATTERNS, *STRANGE[:3]]
        words = st.one_of(
            st.just({}),
            st.fixed_dictionaries({"pattern": st.sampled_from(patterns)}),
            st.fixed_dictionaries({}, optional=lengths),
        )
        found |= draw(words)
    if kind in ("integer", "number"):
        low = [-1000, -1, 0, -(2**52)] if is_plain else [-1000, 0.5, -(2**60)]
        high = [100, 2**31, 2500000000000, 2**52] if is_plain else [100, 2.5e12, 2**53, 2**64]
        bounds = {"minimum": st.sampled_from(low), "maximum": st.sampled_from(high)}
        if not is_plain:
            bounds |= {"exclusiveMinimum": st.sampled_from([-5, -(2**53)]), "multipleOf": st.just(1)}
        found |= draw(st.fixed_dictionaries({}, optional=bounds))
    return found


GONE = {"missing": [-1, "-", "", True, 8191]}
SYSTEM = {"crs": "GCJ-02", "axes": "lon_lat", "missing": [1800000001]}
TEXT, NUMBERS = {"string"}, {"integer", "number"}
ANY_NUMBER, SCALARS = TEXT | NUMBERS, TEXT | NUMBERS | {"boolean"}
RULES: list[tuple[str, dict[str, Any], Any, set[str]]] = [
    ("as_text", {"rule": "text"} | GONE, "string", TEXT),
    ("masked", {"rule": "text", "mask": True}, "string", TEXT),
    ("whole", {"rule": "number"} | GONE, "long", NUMBERS),
    ("small", {"rule": "number"}, "int", NUMBERS),
    ("real", {"rule": "number", "as_text": True} | GONE, "double", ANY_NUMBER),
    ("speed", {"rule": "quantity", "unit": "km/h"} | GONE, ("double", "m/s"), NUMBERS),
    ("steps", {"rule": "quantity", "unit": "0.02 m/s", "as_text": True}, ("double", "m/s"), ANY_NUMBER),
    ("feet", {"rule": "quantity", "unit": "[ft_i]"}, ("double", "m"), NUMBERS),
    ("heading", {"rule": "angle", "convention": "north_clockwise"} | GONE, ("double", "deg"), NUMBERS),
    ("leg", {"rule": "angle", "convention": "approach_leg", "unit": "0.0125 deg"}, ("double", "deg"), NUMBERS),
    (
        "turned",
        {"rule": "angle", "convention": "east_counter_clockwise", "as_text": True},
        ("double", "deg"),
        NUMBERS | TEXT,
    ),
    ("kind", {"rule": "code", "list": "kind"} | GONE, "string", TEXT | {"integer", "boolean"}),
    (
        "is_so",
        {"rule": "flag", "true": [1, "1", True], "false": [0, "-", False]},
        "boolean",
        TEXT | NUMBERS | {"boolean"},
    ),
    ("is_set", {"rule": "bit", "at": 1} | GONE, "boolean", NUMBERS),
    ("lasts", {"rule": "duration"} | GONE, ("int", "s"), TEXT),
    ("id", {"rule": "id"} | GONE, "string", ANY_NUMBER),
    ("secret", {"rule": "pseudonym", "domain": "d"}, "string", ANY_NUMBER),
    ("second", {"rule": "time", "form": "epoch_s"} | GONE, "timestamp", NUMBERS),
    ("millisecond", {"rule": "time", "form": "epoch_ms"}, "timestamp", NUMBERS),
    ("civil", {"rule": "time", "form": "local", "zone": "Europe/London"} | GONE, "timestamp", TEXT),
    ("observed_at", {"rule": "time", "form": "iso", "zone": "Europe/London"} | GONE, "timestamp", TEXT),
]
"""Rules: name of the column, rule, type of the column (and unit), types of the values that it is for."""


def types_of(schema: Mapping[str, Any]) -> set[str]:
    """The types that `schema` names."""
    named = schema.get("type", "string")
    return {named} if isinstance(named, str) else set(named)


@dataclass(frozen=True)
class World:
    """Pages and the plan that they are read by; `told` is what of it a failure shows."""

    pages: list[LandedPage]
    of: Plan
    told: Any

    def __repr__(self) -> str:
        return repr(([one.body for one in self.pages], self.told))


class Said(str):
    """Text that is JSON already."""


def said(value: Any, *, escapes: bool) -> str:
    """`value` as JSON."""
    if isinstance(value, Said):
        return value
    text = json.dumps(value, ensure_ascii=escapes)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


def values_for(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """What the schema wants."""
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    named = schema.get("type", "string")
    kind = named if isinstance(named, str) else named[0]
    if kind == "object":
        return members(schema["properties"], schema["required"], is_wild=False)
    low, high = schema.get("minimum", -(2**62)), schema.get("maximum", 2**62)
    fitting: dict[str, st.SearchStrategy[Any]] = {
        "string": st.sampled_from(PATTERNS[schema["pattern"]]) if schema.get("pattern") in PATTERNS else WORDS,
        "integer": WHOLES.filter(lambda value: low <= value <= high),
        "number": st.one_of(REALS, WHOLES).filter(lambda value: low <= value <= high),
        "boolean": st.booleans(),
    }
    return fitting[kind] if isinstance(named, str) else st.one_of(fitting[kind], st.none())


@st.composite
def members(draw: st.DrawFn, properties: Mapping[str, Any], required: Sequence[str], *, is_wild: bool) -> str:
    """An object as JSON. is_wild: with names that stand twice or that nobody declared, and values of any kind."""
    names = [name for name in properties if name in required or draw(st.booleans())]
    if is_wild:
        names = draw(st.sampled_from([names, names, [*names, "more"], [*names, *names[:1]], names[1:]]))
    space = draw(st.sampled_from(["", "", " ", "\n\t"]))
    escapes = draw(st.booleans())
    parts = []
    for name in draw(st.permutations(names)):
        strange = is_wild and draw(st.sampled_from([False, False, True]))
        value = draw(ANY if strange else values_for(properties.get(name, {})))
        parts.append(said(name, escapes=escapes) + space + ":" + space + said(value, escapes=escapes))
    return Said("{" + ("," + space).join(parts) + "}")


@st.composite
def bodies(draw: st.DrawFn, schema: Mapping[str, Any]) -> bytes:
    """A page with records under `rows`, most of them good, and sometimes one that is no object."""
    properties, required = schema["properties"], schema["required"]
    good, wild = (members(properties, required, is_wild=is_wild) for is_wild in (False, True))
    records = draw(st.lists(st.one_of(good, good, good, wild, wild, st.just(Said("5"))), min_size=3, max_size=9))
    envelope = draw(st.sampled_from(["7", "1773792927300", "1773792927300", "null"]))
    return f'{{"at": {envelope}, "rows": [{", ".join(records)}], "more": {{"a": 1}}}}'.encode()


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Pages, and a plan for them."""
    is_plain = draw(st.sampled_from([True, True, True, False]))
    schemas = leaf_schemas(is_plain=is_plain)
    names = st.lists(
        st.sampled_from(["a", "b", "c d", "行"] if is_plain else ["a", 'e"f']), min_size=1, max_size=3, unique=True
    )
    leaves = {name: draw(schemas) for name in draw(names)}
    inner = {"x": draw(schemas), "y": draw(schemas)}
    properties: dict[str, Any] = {**leaves, "at": {"type": draw(st.sampled_from(["integer", ["integer", "null"]]))}}
    properties["pos"] = {
        "type": "object",
        "properties": inner,
        "required": draw(st.sampled_from([[], ["x"], ["x", "y"]])),
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": draw(st.lists(st.sampled_from(sorted(properties)), unique=True)),
        **draw(st.sampled_from([{}, {"additionalProperties": True}, {"additionalProperties": False}])),
    }
    fields: dict[str, dict[str, Any]] = {}
    columns: dict[str, Any] = {"observed_at": "timestamp", "date": "date", "kind_raw": "string"}
    read = {**leaves, "pos.x": inner["x"], "pos.y": inner["y"], "at": properties["at"]}
    for name, rule, kind, wanted in draw(
        st.lists(st.sampled_from(RULES), min_size=3, max_size=9, unique_by=lambda one: one[0])
    ):
        fitting = [path for path, of in read.items() if wanted & types_of(of)]
        path = draw(
            st.sampled_from(fitting if fitting and draw(st.sampled_from([True, True, True, False])) else [*read])
        )
        fields[name] = rule | {"from": [path] if rule["rule"] == "pseudonym" else path}
        columns[name] = kind
    fields |= draw(
        st.sampled_from([{}, {}, {"place": {"rule": "point", "from": ["pos.x", "pos.y"], "scale": 1e-7} | SYSTEM}])
    )
    columns |= {"lon": "double", "lat": "double", "source_crs": "string"}
    when = draw(st.sampled_from([None, None, {"from": next(iter(leaves)), "in": ["motor", 1, True, None]}]))
    rows = [{"dataset": "one", "fields": fields, **({"when": when} if when else {})}]
    if when:
        rows.append({"dataset": "two", "rest": True, "fields": fields})
    stream = {
        "carry": draw(st.sampled_from([{}, {"at": "^.at"}])),
        "drift": draw(st.sampled_from(["evolve", "discard_value", "discard_row", "quarantine_row", "freeze"])),
    }
    of = plan(schema, rows, {"one": columns, "two": columns} if when else {"one": columns}, **stream)
    pages = [page(draw(bodies(schema)), number) for number in range(draw(st.integers(1, 2)))]
    return World(pages, of, (schema, rows, stream))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_generated_records_come_out_the_same_on_both_paths(world: World) -> None:
    try:
        list(records_of(world.pages, world.of.stream))
    except StoreError:
        # Such a page never lands.
        return
    same(world.pages, world.of)


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

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(VALUES[kind], min_size=20, max_size=60))
    def check(values: list[Any]) -> None:
        records = ", ".join(f'{{"v": {said(value, escapes=False)}}}' for value in values)
        same([page(f'{{"rows": [{records}]}}'.encode())], of)

    check()


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
