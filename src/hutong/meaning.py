"""Does every line of every mapping mean something: units that convert, projections that exist, types that can meet,
codes for every value, marks for "unavailable" that are no measurements?

Each rule is compiled as it will be for data, and what it refuses becomes a problem of its line. Apart from the
registry's own checks, because it loads the libraries for units and projections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction

from hutong.model import mapping as rules
from hutong.model.dataset import Dataset, Field
from hutong.model.path import read_path
from hutong.model.repair import Repair
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.reading import Unreadable, compile_match, number_or_text, scalar_text
from hutong.normalise.rules import Context, compile_rule
from hutong.registry import Registry, Source
from hutong.registry.files import mapping_of
from hutong.registry.mended import mended, rows_filled
from hutong.registry.reach import levels_of, reached
from hutong.registry.read import File, Problems
from hutong.registry.repairs import folder_of
from hutong.schema.shape import Shape, shape_of
from hutong.schema.stated import stated_units
from hutong.schema.units import Convert, IncompatibleUnits, conversion, factor, scaling

_NO_KEY = Pseudonymiser("none", b"")


def check_meaning(registry: Registry) -> list[str]:
    """Problems of all mappings, as `path:line: message`."""
    problems = Problems(registry.root)
    for source in registry.sources.values():
        _check(source, registry, problems)
        for name, repair in source.repairs.items():
            _check_repair(source, name, repair, registry, problems)
    return problems


def _check(source: Source, registry: Registry, problems: Problems) -> None:
    file = File(mapping_of(registry.root, source.connector.platform, source.name), problems)
    shape = shape_of(source.schema)
    for index, rows in enumerate(source.mapping.rows):
        dataset = source.datasets[rows.dataset]
        for name, rule in rows.fields.items():
            at = ("rows", index, "fields", name)
            try:
                compile_rule(rule, Context(dataset, name, source.crosswalks, _NO_KEY))
            except ValueError as wrong:
                file.problem(f"{name}: {wrong}", *at)
                continue
            for said in (
                *_codes(rule, rows, source, shape),
                *_contradictions(rule),
                *_units(name, rule, rows, dataset, shape),
                *_marks(name, rule, dataset),
            ):
                file.problem(f"{name}: {said}", *at)


def _declared(text: str, rows: rules.Rows, shape: Shape) -> Shape:
    return reached(shape, read_path(text).within(levels_of(rows)))


def _codes(rule: rules.Rule, rows: rules.Rows, source: Source, shape: Shape) -> Iterator[str]:
    """Values that the schema lists and the crosswalk lacks."""
    name = rule.list_ if isinstance(rule, rules.Code | rules.Quantity) else None
    if name is None or not isinstance(rule, rules.Code | rules.Quantity):
        return
    is_missing = compile_match(rule.missing)
    for value in _declared(rule.from_, rows, shape).values or ():
        if value is None or is_missing(value):
            continue
        try:
            word = scalar_text(value, rule.from_, rule.rule)
        except Unreadable:
            continue
        if word not in source.crosswalks[name]:
            yield f"the schema lists {_json(value)} for '{rule.from_}', which codes/{name}.csv lacks; add a line for it"


def _contradictions(rule: rules.Rule) -> Iterator[str]:
    """Values of a flag that mean two things."""
    if not isinstance(rule, rules.Flag):
        return
    meanings = {"true": rule.true, "false": rule.false, "missing": rule.missing}
    for first, second in (("true", "false"), ("true", "missing"), ("false", "missing")):
        matches = compile_match(meanings[second])
        for value in meanings[first]:
            if matches(value):
                yield f"{_json(value)} stands under `{first}` and under `{second}`; remove one of the two"


def _units(name: str, rule: rules.Rule, rows: rules.Rows, dataset: Dataset, shape: Shape) -> Iterator[str]:
    """Units that the schema of the raw record contradicts, by its words or by its bounds."""
    for text, unit in _counted(rule):
        stated = [one for one in stated_units(_declared(text, rows, shape).said) if _is_alike(one, unit)]
        if stated and all(factor(one, unit) != 1 for one in stated):
            yield f"the schema says that '{text}' is in {stated[0]}, the mapping says {unit}; correct one of the two"
    convert = _convert(name, rule, dataset)
    if convert is None or not isinstance(rule, rules.Number | rules.Quantity):
        return
    declared, field = _declared(rule.from_, rows, shape), dataset.field(name)
    low, high = (None if bound is None else convert(bound) for bound in (declared.low, declared.high))
    if (low is not None and field.maximum is not None and low > field.maximum) or (
        high is not None and field.minimum is not None and high < field.minimum
    ):
        yield (
            f"what the schema allows for '{rule.from_}' is {_span(low, high)} {field.unit or ''}".rstrip()
            + f", the contract allows {_span(field.minimum, field.maximum)}; correct the unit"
        )


def _counted(rule: rules.Rule) -> Iterator[tuple[str, str]]:
    """Paths of numbers, and the unit that the mapping says they are in."""
    if (isinstance(rule, rules.Quantity) and rule.list_ is None) or isinstance(rule, rules.Angle):
        yield rule.from_, rule.unit
    elif isinstance(rule, rules.InstantRule) and rule.form == "interval_end":
        yield rule.from_[1], rule.period_unit


def _is_alike(unit: str, other: str) -> bool:
    try:
        factor(unit, other)
    except IncompatibleUnits:
        return False
    return True


def _marks(name: str, rule: rules.Rule, dataset: Dataset) -> Iterator[str]:
    """Marks for "unavailable" that the contract would take for measurements, unless the mapping says that it knows."""
    if not isinstance(rule, rules.Reads):
        return
    alike = list(_plausible(name, rule, dataset))
    if rule.missing_in_range:
        if not alike:
            yield "no mark in `missing` lies within the contract's range; remove `missing_in_range`"
        return
    for value, found in alike:
        yield (
            f"missing: {_json(value)} would be {found}, which {dataset.id} takes for a measurement;"
            " state `missing_in_range: true` if the source says so"
        )


def _plausible(name: str, rule: rules.Reads, dataset: Dataset) -> Iterator[tuple[rules.Scalar, str]]:
    """The marks of `rule` that lie within the contract's range, and what they would be."""
    fields, convert = _ranged(name, dataset), _convert(name, rule, dataset)
    if convert is None or not any(field.minimum is not None or field.maximum is not None for field in fields):
        return
    for value in rule.missing:
        found = _number(value, getattr(rule, "as_text", False))
        if found is not None and all(_allows(field, convert(found)) for field in fields):
            yield value, f"{convert(found):g} {fields[0].unit or ''}".rstrip()


def _ranged(name: str, dataset: Dataset) -> list[Field]:
    """The columns of which a mark may be a value; of a place both, since each number has a mark of its own."""
    return [dataset.field(column) for column in (("lon", "lat") if name == rules.PLACE else (name,))]


def _convert(name: str, rule: rules.Rule | rules.Reads, dataset: Dataset) -> Convert | None:
    """How a number of the source becomes one of the contract; None where its value alone does not say."""
    match rule:
        case rules.Number():
            return lambda value: value
        case rules.Quantity() if rule.list_ is None:
            return conversion(rule.unit, dataset.field(name).unit or "1")
        case rules.Angle():
            return conversion(rule.unit, "deg")
        case rules.Point() if rule.axes in ("lon_lat", "lat_lon"):
            return scaling(Fraction(str(rule.scale)))
        case _:
            return None


def _number(value: rules.Scalar, as_text: bool) -> float | None:
    """`value` if the rule would read it as a number."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and not as_text):
        return None
    try:
        return number_or_text(value, "", "")
    except Unreadable:
        return None


def _allows(field: Field, value: float) -> bool:
    return (field.minimum is None or field.minimum <= value) and (field.maximum is None or value <= field.maximum)


def _span(low: float | None, high: float | None) -> str:
    return f"{'…' if low is None else f'{low:g}'} to {'…' if high is None else f'{high:g}'}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _check_repair(source: Source, name: str, repair: Repair, registry: Registry, problems: Problems) -> None:
    """The lines that a repair changes must mean something as well."""
    file = File(folder_of(registry.root, source.connector.platform, source.name) / f"{name}.yaml", problems)
    changed = mended(source, [repair])
    for rows, fields in rows_filled(repair, changed):
        for field in fields:
            try:
                compile_rule(
                    rows.fields[field], Context(source.datasets[rows.dataset], field, changed.crosswalks, _NO_KEY)
                )
            except ValueError as wrong:
                file.problem(f"{field}: {wrong}", "repair")
