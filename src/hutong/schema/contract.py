"""A contract file as a `Dataset`.

Source: Open Data Contract Standard v3.1.0. Of its words hutong reads those below and refuses the rest, so that a
typing error is a problem and not a default. hutong's own words stand under `customProperties`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    FiniteFloat,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic import Field as Described

from hutong.errors import nearest
from hutong.model.dataset import About, CountOf, Dataset, Field, FieldType, Gate, Personal, RowRule, RuleKind, Severity
from hutong.model.declared import Declared, Name, Words
from hutong.schema.gates import read_gate
from hutong.schema.rules import row_rules

Version = Annotated[str, StringConstraints(pattern=r"^[1-9]\d*\.\d+\.\d+$")]
"""Major, minor and patch: raised by breaking, by additive, and by changes of words."""
_INSTANT = TypeAdapter(AwareDatetime)

_KEPT = {"d": timedelta(days=1), "y": timedelta(days=365)}
_TIMES = {"min": timedelta(minutes=1), "s": timedelta(seconds=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class CustomProperty(Declared):
    """A word that the standard does not have."""

    property: str
    value: Any


def _is_pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as wrong:
        raise ValueError(f"it is no regular expression: {wrong}; correct it") from None
    return text


class TypeOptions(Declared):
    """Limits of a column, in its unit."""

    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    pattern: Annotated[str, AfterValidator(_is_pattern)] | None = None

    @model_validator(mode="after")
    def _lets_something_pass(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("`minimum` is above `maximum`, so that nothing would pass; correct one of them")
        return self


class Property(Declared):
    """A column. Of its custom properties `nameEn` and `descriptionZh` say in the other language what it is."""

    name: Name
    businessName: str
    """Its Chinese name."""
    description: str
    """In English."""
    logicalType: Literal["string", "integer", "number", "boolean", "timestamp", "date"]
    physicalType: FieldType
    required: bool = False
    primaryKey: bool = False
    primaryKeyPosition: int = -1
    partitioned: bool = False
    partitionKeyPosition: int = -1
    logicalTypeOptions: TypeOptions = TypeOptions()
    customProperties: list[CustomProperty] = []
    examples: list[Any] = []
    tags: list[str] = []


class Quality(Declared):
    """A rule over rows (engine hutong) or over a batch (engine greatExpectations)."""

    type: Literal["custom"]
    engine: Literal["greatExpectations", "hutong"]
    name: Name
    description: str
    """Chinese, then ` / `, then English."""
    severity: Severity | None = None
    """Of a gate: critical refuses the batch. Left out, freshness and volume are warnings, the others critical."""
    implementation: dict[str, Any]


class Table(Declared):
    """The one table of a contract."""

    name: Name
    businessName: str
    description: str
    physicalType: Literal["table"]
    logicalType: Literal["object"]
    dataGranularityDescription: str
    customProperties: list[CustomProperty]
    properties: Annotated[list[Property], Described(min_length=1)]
    quality: list[Quality] = []
    tags: list[str] = []


class Description(Declared):
    """What it is for."""

    purpose: str
    usage: str
    limitations: str


class _Counted(Declared):
    """The custom property `countOf`."""

    dataset: Name
    hour: Name
    into: Name
    atLeast: Annotated[int, Described(ge=1)]


class Contract(Declared):
    """A contract file."""

    apiVersion: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: Name
    name: str
    version: Version
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    domain: str | None = None
    dataProduct: str | None = None
    tenant: str | None = None
    description: Description
    tags: list[str] = []
    tables: Annotated[list[Table], Described(alias="schema", min_length=1, max_length=1)]
    slaProperties: list[dict[str, Any]] = []
    team: Any = None
    support: Any = None


def to_dataset(contract: Contract, digest: str) -> Dataset:
    """The dataset of `contract`. digest: SHA-256 of the file.

    Raises ValueError when a custom property, a promise of service or an end of life has a value that hutong does not
    know.
    """
    table = contract.tables[0]
    own = _own(table.customProperties)
    name, about = own.pop("nameEn", table.name), _about(contract, own)
    fields = tuple(_field(column) for column in table.properties)
    across = tuple(_cross_rule(entry) for entry in table.quality if entry.engine == "hutong")
    for rule in across:
        _must_fit(rule, {field.name: field.type for field in fields})
    rules = row_rules(fields, across)
    gates = tuple(_gate(entry) for entry in table.quality if entry.engine == "greatExpectations")
    if twice := _twice([*(rule.id for rule in rules), *(gate.name for gate in gates)]):
        raise ValueError(f"two rules are called '{twice}', by which findings are told apart; rename one of them")
    return Dataset(
        id=contract.id,
        version=contract.version,
        words=Words(zh=table.businessName, en=name),
        description=table.description,
        fields=fields,
        key=_ordered(table, "primaryKey"),
        partition_by=_ordered(table, "partitioned"),
        write_mode=_one_of(own.pop("writeMode", None), ("append", "latest"), "writeMode"),
        revision=own.pop("revision", None),
        rules=rules,
        gates=gates,
        properties=own,
        digest=digest,
        retention=_promised(contract, "retention", _KEPT),
        frequency=_promised(contract, "frequency", _TIMES),
        latency=_promised(contract, "latency", _TIMES),
        ends=_end(contract),
        about=about,
        count_of=_count_of(own.pop("countOf", None)),
    )


def _own(properties: list[CustomProperty]) -> dict[str, Any]:
    if twice := _twice([item.property for item in properties]):
        raise ValueError(f"the custom property '{twice}' stands twice; keep one of them")
    return {item.property: item.value for item in properties}


def _twice(names: list[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _count_of(said: Any) -> CountOf | None:
    if said is None:
        return None
    try:
        stated = _Counted.model_validate(said)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise ValueError(
            f"countOf: {'.'.join(map(str, first['loc']))}: {first['msg']}; such as"
            " {dataset: violation, hour: period_start, into: violation_count, atLeast: 5}"
        ) from None
    return CountOf(stated.dataset, stated.hour, stated.into, stated.atLeast)


def _about(contract: Contract, own: dict[str, Any]) -> About:
    """The texts for people; the second language of each is taken out of the table's `own` properties."""
    (table,), said = contract.tables, contract.description
    return About(
        description=Words(en=table.description, zh=own.pop("descriptionZh", "")),
        grain=Words(en=table.dataGranularityDescription, zh=own.pop("grainZh", "")),
        purpose=Words(en=said.purpose, zh=own.pop("purposeZh", "")),
        usage=Words(en=said.usage, zh=own.pop("usageZh", "")),
        limitations=Words(en=said.limitations, zh=own.pop("limitationsZh", "")),
        provider=Words(en=own.pop("providerEn", ""), zh=str(own.get("provider", ""))),
        update_cycle=Words(en=own.pop("updateCycleEn", ""), zh=str(own.get("updateCycle", ""))),
    )


def _end(contract: Contract) -> datetime | None:
    stated = next(
        (entry.get("value") for entry in contract.slaProperties if entry.get("property") == "endOfLife"), None
    )
    if stated is None:
        return None
    try:
        return _INSTANT.validate_python(stated)
    except ValidationError:
        raise ValueError(
            f"endOfLife is {str(stated)!r}; state an instant with its offset, such as '2027-07-01T00:00:00+08:00'"
        ) from None


def _promised(contract: Contract, word: str, units: Mapping[str, timedelta]) -> timedelta | None:
    """Source: ODCS v3.1, service-level properties. None where the contract does not state `word`."""
    stated = next((entry for entry in contract.slaProperties if entry.get("property") == word), None)
    if stated is None:
        return None
    value, unit = stated.get("value"), stated.get("unit")
    if type(value) is not int or value <= 0 or not isinstance(unit, str) or unit not in units:
        raise ValueError(
            f"{word} is {value!r} {unit!r}; state a whole number of {', '.join(units)}, such as value: 90,"
            f" unit: {next(iter(units))}"
        )
    return value * units[unit]


def _field(column: Property) -> Field:
    own = _own(column.customProperties)
    personal: Personal = own.get("personal", "none")
    return Field(
        name=column.name,
        words=Words(zh=column.businessName, en=own.get("nameEn", column.name)),
        description=column.description,
        description_zh=own.get("descriptionZh", ""),
        type=column.physicalType,
        required=column.required,
        unit=own.get("unit"),
        currency=own.get("currency"),
        crs=own.get("crs"),
        code_list=own.get("codeList"),
        personal=_one_of(personal, ("none", "ordinary", "sensitive"), "personal"),
        minimum=column.logicalTypeOptions.minimum,
        maximum=column.logicalTypeOptions.maximum,
        pattern=column.logicalTypeOptions.pattern,
    )


def _ordered(table: Table, word: Literal["primaryKey", "partitioned"]) -> tuple[str, ...]:
    position = "primaryKeyPosition" if word == "primaryKey" else "partitionKeyPosition"
    chosen = [column for column in table.properties if getattr(column, word)]
    return tuple(column.name for column in sorted(chosen, key=lambda column: getattr(column, position)))


def _cross_rule(entry: Quality) -> RowRule:
    what, said = f"quality '{entry.name}'", dict(entry.implementation)
    kind = _one_of(next(iter(said), None), tuple(_CROSS), what)
    form = _CROSS[kind]
    fields = said.pop(kind)
    wants = form.fields if isinstance(form.fields, int) else 2
    is_right = isinstance(fields, list) and (len(fields) == wants or (len(fields) > wants and form.fields == "several"))
    if not is_right or not all(isinstance(name, str) for name in fields):
        raise ValueError(f"{what}: {kind} takes {form.fields} fields, such as {form.example}")
    if unknown := [word for word in said if word not in form.words]:
        raise ValueError(f"{what}: {kind} has no '{unknown[0]}'; {nearest(unknown[0], form.words)}")
    args: list[Any] = []
    for word, (kind_of_value, is_needed) in form.words.items():
        value = said.get(word)
        if value is None and is_needed:
            raise ValueError(f"{what}: {kind} needs '{word}', such as {form.example}")
        if value is not None and not _is_a(value, kind_of_value):
            raise ValueError(f"{what}: '{word}' is {value!r}, but takes {kind_of_value}")
        several: list[str] = value if isinstance(value, list) else []
        if word == "of":
            fields = [*fields, *several]
        elif kind_of_value == "texts":
            args += several
        else:
            args.append(value)
    return RowRule(entry.name, kind, tuple(fields), tuple(args))


@dataclass(frozen=True, slots=True)
class _Form:
    """How a rule across fields is written. words: word -> what it takes, and whether it is needed."""

    fields: int | Literal["several"]
    example: str
    words: Mapping[str, tuple[Literal["a number", "texts"], bool]] = field(default_factory=dict)


_CROSS: Mapping[RuleKind, _Form] = {
    "before": _Form(2, "{before: [period_start, period_end]}"),
    "not_above": _Form(2, "{not_above: [heavy_vehicle_count, vehicle_count]}"),
    "together": _Form("several", "{together: [lon, lat]}"),
    "within": _Form(
        2,
        "{within: [observed_at, received_at], above: 300}",
        {"below": ("a number", False), "above": ("a number", False)},
    ),
    "required_if": _Form(2, "{required_if: [height_datum, height_m]}", {"is": ("texts", False)}),
    "jump": _Form(
        3,
        "{jump: [lon, lat, observed_at], of: [rsu_id, participant_no], max_speed_mps: 80, slack_m: 50}",
        {"of": ("texts", True), "max_speed_mps": ("a number", True), "slack_m": ("a number", True)},
    ),
}


_NUMBERS: tuple[FieldType, ...] = ("int", "long", "double")
_ORDERED = (_NUMBERS, ("timestamp",), ("date",), ("string",))


def _must_fit(rule: RowRule, types: Mapping[str, FieldType]) -> None:
    """Raise ValueError when `rule` compares columns that cannot be compared. Columns that are not there are left to
    `registry.check`.
    """
    found = {types[name] for name in rule.fields if name in types}
    if rule.kind in ("before", "not_above", "within"):
        groups = _ORDERED[:2] if rule.kind == "within" else _ORDERED
        if not any(found <= set(group) for group in groups):
            said = " with ".join(types.get(name, "?") for name in rule.fields)
            raise ValueError(f"quality '{rule.id}': {rule.kind} compares {said}; name two numbers or two timestamps")
    if rule.kind == "jump":
        for name, wanted in zip(rule.fields, ("double", "double", "timestamp"), strict=False):
            if types.get(name, wanted) != wanted:
                raise ValueError(f"quality '{rule.id}': '{name}' is of type {types[name]}, jump needs a {wanted} there")


def _is_a(value: Any, kind: Literal["a number", "texts"]) -> bool:
    if kind == "a number":
        return type(value) in (int, float) and 0 <= value < float("inf")
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _gate(entry: Quality) -> Gate:
    zh, _, en = entry.description.partition(" / ")
    return read_gate(entry.name, Words(zh=zh, en=en), entry.severity, entry.implementation)


def _one_of(value: Any, known: tuple[Any, ...], what: str) -> Any:
    if value not in known:
        raise ValueError(f"{what} is {value!r}; known: {', '.join(known)}")
    return value
