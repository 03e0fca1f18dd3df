"""Generated worlds: schemas, mappings and pages, most of which agree with each other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from tests.hutong.normalise.both_paths import page, plan

from hutong.normalise import Plan
from hutong.store.landing import LandedPage

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
    decides = st.sampled_from([next(iter(leaves)), "pos.x"])
    stated = st.sampled_from([["motor", 1, True, None], ["motor", 1, True]])
    when = draw(st.sampled_from([None, None, {"from": draw(decides), "in": draw(stated)}]))
    rows = [{"dataset": "one", "fields": fields, **({"when": when} if when else {})}]
    if when:
        rows.append({"dataset": "two", "rest": True, "fields": fields})
    stream = {
        "carry": draw(st.sampled_from([{}, {"at": "^.at"}])),
        "drift": draw(st.sampled_from(["evolve", "discard_value", "discard_row", "quarantine_row", "freeze"])),
    }
    keys = st.lists(st.sampled_from(sorted({*fields} - {"place"})), min_size=1, max_size=2, unique=True)
    key = draw(keys)
    of = plan(schema, rows, {"one": columns, "two": columns} if when else {"one": columns}, key, **stream)
    pages = [page(draw(bodies(schema)), number) for number in range(draw(st.integers(1, 2)))]
    return World(pages, of, (schema, rows, key, stream))
