"""What a mask calls sure, the rules let pass: both forms of every kind over values that are known to part them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.model.dataset import FieldType, RowRule, RuleKind
from hutong.schema.masks import _ALIKE, doubtful
from hutong.schema.rules import compile_rows

Row = dict[str, Any]
START = datetime(2026, 3, 18, tzinfo=UTC)
TYPES: dict[FieldType, pl.DataType] = {
    "int": pl.Int32(),
    "long": pl.Int64(),
    "double": pl.Float64(),
    "string": pl.String(),
    "timestamp": pl.Datetime("us", "UTC"),
}
CODES = {"list": frozenset({"a", "b", "日", ""})}
BOUNDS = (-1e30, -9007199254740993.0, -1.5, 0.0, 0.1, 3.0, 9007199254740992.0, 1e30)

floats = st.one_of(
    st.sampled_from([float("nan"), float("inf"), -float("inf"), -0.0, 0.1, 0.30000000000000004, 3.0, 5e-324, 1e308]),
    st.floats(-5, 5),
)
VALUES: dict[FieldType, st.SearchStrategy[Any]] = {
    "int": st.one_of(st.sampled_from([-(2**31), 2**31 - 1]), st.integers(-4, 4)),
    "long": st.one_of(
        st.sampled_from([-(2**63), 2**63 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**52 + 1]), st.integers(-4, 4)
    ),
    "double": floats,
    "string": st.one_of(
        st.sampled_from(["", "a", "b", "日", "a\n", "A", "é", "e\u0301", "٣", "3"]), st.text("ab日é.\n", max_size=3)
    ),
    "timestamp": st.integers(-3_000_001, 3_000_001).map(lambda n: START + timedelta(microseconds=n)),
}
NUMBERS: tuple[FieldType, ...] = ("int", "long", "double")
bounds = st.one_of(st.none(), st.sampled_from(BOUNDS))
PATTERNS = (
    "[a-z]", "a|b", "[A-Za-z0-9_.-]{0,2}", ".", ".*", r"\d", r"\w+", "(a|b)?", "a$", "^a", r"a\b", "[^a]", "é", "(?i)a",
    "a*+", "a{,2}", r"\Z", "a{1,2}?", r"[\d]", r"\.", "日", "x{2}|", "[一-鿿][a-z]?", "[^日]", "[日é-]+",
)  # fmt: skip


@st.composite
def cases(draw: st.DrawFn) -> tuple[RowRule, dict[str, FieldType]]:
    """A rule of any kind but `jump`, and the types of its fields."""
    kind: RuleKind = draw(st.sampled_from([one for one in get_args(RuleKind) if one != "jump"]))
    any_type: st.SearchStrategy[FieldType] = st.sampled_from(sorted(TYPES))
    one, other = draw(any_type), draw(any_type)
    args: tuple[Any, ...] = ()
    if kind == "range":
        one, args = draw(st.sampled_from(NUMBERS)), (draw(bounds), draw(bounds))
    elif kind == "pattern":
        one, args = "string", (draw(st.sampled_from(PATTERNS)),)
    elif kind == "code":
        one, args = "string", ("list",)
    elif kind in ("before", "not_above"):
        one, other = (
            (draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(NUMBERS))) if draw(st.booleans()) else (one, one)
        )
    elif kind == "within":
        pair = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS))
        one, other = draw(pair | st.just(("timestamp", "timestamp")))
        tolerances = st.one_of(st.none(), st.sampled_from([0.0, 0.1, 1, 1.0000005, 3.0]))
        args = (draw(tolerances), draw(tolerances))
    elif kind == "required_if":
        args = draw(st.sampled_from([(), ("a", "")]))
        other = "string" if args else other
    fields = ("x",) if kind in ("required", "range", "pattern", "code") else ("x", "y")
    return RowRule(f"x_{kind}", kind, fields, args), {"x": one, "y": other}


@st.composite
def tables(draw: st.DrawFn) -> tuple[RowRule, pl.DataFrame]:
    rule, types = draw(cases())
    values = {name: st.none() | VALUES[kind] for name, kind in types.items()}
    rows = draw(st.lists(st.fixed_dictionaries(values), min_size=1, max_size=12))
    schema = {name: TYPES[kind] for name, kind in types.items()}
    return rule, framed(rows, schema)


def framed(rows: Sequence[Row], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    numbered = [{**row, "record": number} for number, row in enumerate(rows)]
    return pl.DataFrame(numbered, schema={**schema, "record": pl.Int32()}, orient="row")


def wrong_and_doubted(rule: RowRule, frame: pl.DataFrame) -> tuple[set[int], set[int]]:
    """Records that the rule refuses when asked about every row, and those that the mask leaves in doubt."""
    findings = compile_rows([rule], CODES)(frame.to_dicts())
    doubted = doubtful(frame, [rule], CODES)
    among = compile_rows([rule], CODES)(doubted.to_dicts())
    wrong = {record for record, found in enumerate(findings) if found}
    # Asked about the doubted rows alone, it says word for word the same.
    assert [one for one in findings if one] == [one for one in among if one]
    return wrong, set(doubted["record"])


@given(tables())
def test_a_row_that_breaks_a_rule_is_always_in_doubt(case: tuple[RowRule, pl.DataFrame]) -> None:
    wrong, doubted = wrong_and_doubted(*case)
    assert wrong <= doubted


BIG, MOST, LEAST = 2**53, 2**63 - 1, -(2**63)
NAN = float("nan")
MUCH = START + timedelta(microseconds=1_000_001)
TRAPS: dict[str, tuple[RowRule, tuple[FieldType, ...], tuple[Any, ...]]] = {
    "polars has NaN above every bound": (RowRule("r", "range", ("x",), (0.0, None)), ("double",), (NAN,)),
    "NaN where no bound is": (RowRule("r", "range", ("x",), (None, None)), ("double",), (NAN,)),
    "2^53 + 1 is 2^53 as a float": (RowRule("r", "range", ("x",), (None, float(BIG))), ("long",), (BIG + 1,)),
    "bounds between integers": (RowRule("r", "range", ("x",), (0.5, 1.5)), ("int",), (2,)),
    "before NaN": (RowRule("r", "before", ("x", "y")), ("double", "double"), (1.0, NAN)),
    "not above NaN": (RowRule("r", "not_above", ("x", "y")), ("double", "double"), (1.0, NAN)),
    "a long is coarser as a float": (
        RowRule("r", "not_above", ("x", "y")), ("long", "double"), (BIG + 1, float(BIG)),
    ),
    "a difference beyond 64 bits": (RowRule("r", "within", ("x", "y"), (None, 5)), ("long", "long"), (MOST, LEAST)),
    "a difference that is no number": (
        RowRule("r", "within", ("x", "y"), (None, None)), ("double", "double"), (float("inf"), float("inf")),
    ),
    "a microsecond": (
        RowRule("r", "within", ("x", "y"), (0, 1)), ("timestamp", "timestamp"), (MUCH, START),
    ),
    "a line's end": (RowRule("r", "pattern", ("x",), ("a",)), ("string",), ("a\n",)),
    "digits of another script": (RowRule("r", "pattern", ("x",), ("[0-9]+",)), ("string",), ("٣",)),
    "an empty text is no code": (RowRule("r", "code", ("x",), ("few",)), ("string",), ("",)),
}  # fmt: skip


@pytest.mark.parametrize("trap", TRAPS)
def test_a_value_that_both_read_otherwise_is_refused_all_the_same(trap: str) -> None:
    rule, types, values = TRAPS[trap]
    names = ("x", "y")[: len(types)]
    frame = framed([dict(zip(names, values, strict=True))], {n: TYPES[t] for n, t in zip(names, types, strict=True)})
    codes = {"few": frozenset({"a"})}
    assert compile_rows([rule], codes)(frame.to_dicts()) != [[]]
    assert doubtful(frame, [rule], codes).height == 1


@given(tables())
def test_a_row_of_ordinary_values_that_keeps_its_rule_is_never_in_doubt(case: tuple[RowRule, pl.DataFrame]) -> None:
    rule, frame = case
    kinds = {frame.schema[name] for name in rule.fields}
    wrong, doubted = wrong_and_doubted(rule, frame)
    odd = {row["record"] for row in frame.to_dicts() if any(map(is_odd, row.values()))}
    # A long and a float are never compared in columns.
    if not (rule.kind in ("before", "not_above") and kinds == {pl.Int64, pl.Float64}):
        assert doubted - odd <= wrong


def is_odd(value: Any) -> bool:
    return isinstance(value, int | float) and not abs(value) <= 2**52


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_rust_would_read_otherwise_is_left_to_python(pattern: str) -> None:
    texts = [
        "",
        "a",
        "b",
        "aa",
        "ab",
        "A",
        "z",
        "&",
        "日",
        "é",
        "e\u0301",
        "٣",
        "3",
        ".",
        "a\n",
        "\n",
        "-",
        "aaa",
        "xx",
    ]
    frame = framed([{"x": text} for text in texts], {"x": pl.String()})
    fine = {n for n, text in enumerate(texts) if re.fullmatch(pattern, text)}
    assert (
        set(range(len(texts))) - set(doubtful(frame, [RowRule("p", "pattern", ("x",), (pattern,))], {})["record"])
        == fine
    )


@pytest.mark.parametrize(
    "pattern", [r"\d", r"\w+", "a$", "^a", r"a\b", "(?i)a", "a*+", "a{,2}", "[[:alpha:]]", "[a-z&&[b]]"]
)
def test_what_reads_otherwise_is_known_as_such(pattern: str) -> None:
    assert not _ALIKE.fullmatch(pattern)


def test_the_pattern_of_pseudonyms_is_checked_in_columns() -> None:
    assert _ALIKE.fullmatch("[A-Za-z0-9_.-]{1,64}:[0-9a-f]{64}")


JUMP = RowRule("place_jump", "jump", ("lon", "lat", "at", "thing"), (30.0, 20.0))
PLACES: dict[str, pl.DataType] = {
    "lon": pl.Float64(), "lat": pl.Float64(), "at": pl.Datetime("us", "UTC"), "thing": pl.String(),
}  # fmt: skip


def spot(east_m: float, seconds: float, thing: str | None = "A") -> Row:
    return {"lon": 106.5 + east_m / 96_800, "lat": 29.5, "at": START + timedelta(seconds=seconds), "thing": thing}


def jumping(*spots: Row) -> set[int]:
    wrong, doubted = wrong_and_doubted(JUMP, framed(spots, PLACES))
    assert wrong <= doubted
    return wrong


def driving(start_m: float = 0, at: float = 0, speed: float = 20) -> Iterator[Row]:
    return (spot(start_m + speed * n, at + n) for n in range(5))


def test_a_place_out_of_reach_from_both_its_neighbours_is_a_jump_and_its_neighbours_are_none() -> None:
    before, after = list(driving()), list(driving(100, 5))
    assert jumping(*before, *after) == set()
    assert jumping(*before, spot(5000, 4.5), *after) == {5}


def test_an_identity_that_is_given_to_another_thing_is_no_jump() -> None:
    assert jumping(*driving(), *driving(50_000, 6)) == set()


def test_of_the_first_and_the_last_place_and_of_two_alone_nothing_can_be_told() -> None:
    assert jumping(spot(9000, -1), *driving()) == set()
    assert jumping(*driving(), spot(9000, 5)) == set()
    assert jumping(spot(0, 0), spot(9000, 1)) == set()


def test_one_sighting_of_a_thing_between_those_of_two_others_with_its_number_is_no_jump() -> None:
    assert jumping(*driving(), spot(9000, 5), *driving(50_000, 6)) == set()


def test_one_place_alone_and_places_of_different_things_are_no_jump() -> None:
    assert jumping(spot(0, 0), spot(9000, 1, "B"), spot(5000, 2, None)) == set()


def test_two_places_at_one_instant_may_lie_as_far_apart_as_the_slack() -> None:
    assert jumping(*driving(), spot(95, 4), *driving(100, 5)) == set()
    assert jumping(*driving(), spot(200, 4), *driving(100, 5)) == {5}


def test_rows_need_not_come_in_the_order_of_their_time() -> None:
    assert jumping(*[*driving(), spot(5000, 2.5)][::-1]) == {0}


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "lon": st.none() | st.sampled_from([106.5, 106.5002, 106.51, 181.0, float("nan"), -180.0, 180.0]),
                "lat": st.none() | st.sampled_from([29.5, 29.5002, 29.51, 90.0, -91.0]),
                "at": st.none() | st.integers(0, 40).map(lambda n: START + timedelta(seconds=n)),
                "thing": st.none() | st.sampled_from(["A", "B"]),
            }
        ),
        max_size=12,
    )
)
def test_a_jump_is_always_in_doubt(rows: list[Row]) -> None:
    wrong, doubted = wrong_and_doubted(JUMP, framed(rows, PLACES))
    assert wrong <= doubted


def test_a_jump_says_how_far_in_what_time_and_no_place_of_a_person() -> None:
    rows = framed([*driving(), spot(5000, 4.5), *driving(100, 5)], PLACES).to_dicts()
    (said,) = compile_rows([JUMP], {})(rows)[5]
    assert (said.rule, said.place, said.params["seconds"], said.params["maximum"]) == (
        "place_jump",
        "lon, lat",
        "0.5",
        "30",
    )
    assert 4900 < float(said.params["metres"]) < 4940
    (hidden,) = compile_rows([replace(JUMP)], {}, frozenset({"lon"}))(rows)[5]
    assert "106" not in f"{hidden.value} {hidden.params}"
    assert hidden.params["metres"] == "(personal)"
