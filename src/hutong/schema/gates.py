"""Gates: what a whole batch must keep. A closed list of words, checked when the contract is read.

Most are expectations of Great Expectations as it names them. Four look at more than values: `freshness` at when rows
were fetched, `volume` at the batches before, `references` at what other datasets have published, `in_city` at the box
of the batch's city. `validate.gates` makes ordinary expectations of these as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hutong.errors import nearest
from hutong.model.dataset import Gate, Severity
from hutong.model.declared import Words

Takes = Literal["column", "columns", "number", "share", "count", "texts", "dataset", "side", "some"]


@dataclass(frozen=True, slots=True)
class _Form:
    """needs, may: word -> what it takes. either: of these words one is needed. severity: where none is stated."""

    needs: Mapping[str, Takes] = field(default_factory=dict)
    may: Mapping[str, Takes] = field(default_factory=dict)
    either: tuple[str, ...] = ()
    severity: Severity = "critical"


_BOUNDS: Mapping[str, Takes] = {"min_value": "number", "max_value": "number"}
_EITHER = ("min_value", "max_value")
_ONLY: Mapping[str, Takes] = {"only": "some"}
_MOSTLY: Mapping[str, Takes] = {"mostly": "share", **_ONLY}
_OF_COLUMN: Mapping[str, Takes] = {"column": "column"}

FRESHNESS, VOLUME, REFERENCES, IN_CITY = "freshness", "volume", "references", "in_city"
BEYOND = frozenset({VOLUME, REFERENCES})
"""Gates that look beyond the batch, and so may say something else another day."""

FORMS: Mapping[str, _Form] = {
    "expect_compound_columns_to_be_unique": _Form({"column_list": "columns"}, _ONLY),
    "expect_column_values_to_be_unique": _Form(_OF_COLUMN, _MOSTLY),
    "expect_column_values_to_be_between": _Form(_OF_COLUMN, {**_BOUNDS, **_MOSTLY}, _EITHER),
    "expect_column_values_to_not_be_null": _Form(_OF_COLUMN, _MOSTLY),
    "expect_column_values_to_be_in_set": _Form({**_OF_COLUMN, "value_set": "texts"}, _MOSTLY),
    "expect_column_values_to_not_be_in_set": _Form({**_OF_COLUMN, "value_set": "texts"}, _MOSTLY),
    "expect_column_mean_to_be_between": _Form(_OF_COLUMN, {**_BOUNDS, **_ONLY}, _EITHER),
    "expect_column_median_to_be_between": _Form(_OF_COLUMN, {**_BOUNDS, **_ONLY}, _EITHER),
    "expect_table_row_count_to_be_between": _Form({}, {"min_value": "count", "max_value": "count"}, _EITHER),
    FRESHNESS: _Form({**_OF_COLUMN, "max_age_s": "number"}, severity="warning"),
    VOLUME: _Form({"batches": "count", "min_share": "number", "max_share": "number"}, severity="warning"),
    REFERENCES: _Form({"column_list": "columns", "dataset": "dataset", "reference": "columns"}, _MOSTLY),
    IN_CITY: _Form({**_OF_COLUMN, "side": "side"}, _MOSTLY),
}
"""Every gate that a contract may declare."""


def read_gate(name: str, words: Words, severity: Severity | None, implementation: Mapping[str, Any]) -> Gate:
    """The gate of a quality entry. Raises ValueError when it is not written as `FORMS` have it."""
    what, said = f"quality '{name}'", dict(implementation)
    kind, kwargs = said.pop("type", None), said.pop("kwargs", {})
    if kind not in FORMS:
        raise ValueError(f"{what}: there is no gate '{kind}'; {nearest(str(kind), FORMS)}")
    if said or not isinstance(kwargs, dict):
        raise ValueError(f"{what}: a gate is written {{type: ..., kwargs: {{...}}}}")
    form = FORMS[kind]
    known = {**form.needs, **form.may}
    for word, value in kwargs.items():
        if word not in known:
            raise ValueError(f"{what}: {kind} has no '{word}'; {nearest(word, known)}")
        if not _is_a(value, known[word]):
            raise ValueError(f"{what}: '{word}' is {value!r}, but takes {_TAKES[known[word]]}")
    missing = [word for word in form.needs if word not in kwargs]
    if form.either and not any(word in kwargs for word in form.either):
        missing.append(" or ".join(form.either))
    if missing:
        raise ValueError(f"{what}: {kind} needs '{missing[0]}'")
    if kind == REFERENCES and len(kwargs["column_list"]) != len(kwargs["reference"]):
        raise ValueError(f"{what}: column_list and reference name as many columns, in the same order")
    return Gate(name, words, severity or form.severity, kind, dict(kwargs))


def columns_of(gate: Gate) -> tuple[str, ...]:
    """The columns of the dataset itself that `gate` looks at."""
    column: str | None = gate.kwargs.get("column")
    several: list[str] = gate.kwargs.get("column_list", [])
    return tuple(dict.fromkeys([*([column] if column else []), *several, *gate.kwargs.get("only", {})]))


def expected(gate: Gate) -> str:
    """What `gate` asks for, in signs rather than words, so that it reads the same in both languages.

    >>> words = Words(zh="", en="")
    >>> expected(Gate("g", words, "warning", "expect_column_values_to_be_between",
    ...               {"column": "lat", "min_value": 28, "max_value": 32.5, "mostly": 0.95}))
    'lat ∈ [28, 32.5] ≥ 95 %'
    >>> expected(Gate("g", words, "warning", "volume", {"batches": 10, "min_share": 0.5, "max_share": 2}))
    'rows ∈ [0.5, 2] × median(10)'
    """
    of = gate.kwargs
    where = ", ".join(of.get("column_list") or [of.get("column", "")])
    span = f"[{of.get('min_value', '-∞')}, {of.get('max_value', '∞')}]"
    share = f" ≥ {of['mostly'] * 100:g} %" if "mostly" in of else ""
    listed = ", ".join(of.get("value_set", ()))
    said = {
        "expect_compound_columns_to_be_unique": f"unique({where})",
        "expect_column_values_to_be_unique": f"unique({where})",
        "expect_column_values_to_be_between": f"{where} ∈ {span}",
        "expect_column_values_to_not_be_null": f"{where} ≠ null",
        "expect_column_values_to_be_in_set": f"{where} ∈ {{{listed}}}",
        "expect_column_values_to_not_be_in_set": f"{where} ∉ {{{listed}}}",
        "expect_column_mean_to_be_between": f"mean({where}) ∈ {span}",
        "expect_column_median_to_be_between": f"median({where}) ∈ {span}",
        "expect_table_row_count_to_be_between": f"rows ∈ {span}",
        FRESHNESS: f"received_at - max({where}) ≤ {of.get('max_age_s')} s",
        VOLUME: f"rows ∈ [{of.get('min_share')}, {of.get('max_share')}] × median({of.get('batches')})",
        IN_CITY: f"{where} ∈ {of.get('side')}(city)",
        REFERENCES: f"({where}) ∈ {of.get('dataset')}({', '.join(of.get('reference', ()))})",
    }
    some = "".join(f" | {column} ∈ {{{', '.join(values)}}}" for column, values in of.get("only", {}).items())
    return said[gate.expectation] + share + some


_TAKES: Mapping[Takes, str] = {
    "column": "a column",
    "columns": "a list of columns",
    "number": "a number",
    "share": "a share between 0 and 1",
    "count": "a whole number from 1 on",
    "texts": "a list of texts",
    "dataset": "the id of a dataset",
    "side": "longitude or latitude",
    "some": "one column with a list of texts",
}


def _is_a(value: Any, takes: Takes) -> bool:
    match takes:
        case "side":
            return value in ("longitude", "latitude")
        case "column" | "dataset":
            return isinstance(value, str)
        case "columns" | "texts":
            return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
        case "some":
            return isinstance(value, dict) and len(value) == 1 and all(_is_a(one, "texts") for one in value.values())
        case "number":
            return type(value) in (int, float)
        case "share":
            return type(value) in (int, float) and 0 < value <= 1
        case "count":
            return type(value) is int and value >= 1
