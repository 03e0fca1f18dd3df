"""Checks of a mapping against the raw record's schema, its connector, the contracts and the code tables."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hutong.errors import nearest
from hutong.model import mapping as rules
from hutong.model.connector import JsonSchema, Stream
from hutong.model.dataset import ENGINE_FIELDS, Dataset
from hutong.model.path import Level, read_each, read_path
from hutong.registry.lookup import CodeLists
from hutong.registry.read import File, Place
from hutong.registry.reads import Types, types_of, types_read
from hutong.schema.shape import Shape, json_type, shape_of

FILLED_BY_PLACE: Mapping[str, tuple[str, ...]] = {
    "point": ("lon", "lat", "source_crs"),
    "line": ("lon", "lat", "source_crs", "geometry"),
    "area": ("lon", "lat", "source_crs", "geometry"),
}
"""The columns that the rules under `place` fill."""

_WORDS = {"string": "text", "array": "a list", "object": "an object", "boolean": "true or false"}


@dataclass(frozen=True, slots=True)
class Around:
    """What a mapping has to fit. shape: of the raw record with its carried fields."""

    datasets: Mapping[str, Dataset]
    stream: Stream
    shape: Shape
    crosswalks: Mapping[str, Mapping[str, str]]
    codes: CodeLists


class Misled(Exception):
    """A path that cannot lead anywhere; its text says why."""


def check_mapping(
    file: File,
    mapping: rules.Mapping,
    datasets: Mapping[str, Dataset],
    stream: Stream,
    schema: JsonSchema,
    crosswalks: Mapping[str, Mapping[str, str]],
    codes: CodeLists,
) -> None:
    """A mapping whose datasets exist."""
    around = Around(datasets, stream, shape_of(schema), crosswalks, codes)
    for index, rows in enumerate(mapping.rows):
        dataset = datasets[rows.dataset]
        if rows.dataset in [part.dataset for part in mapping.rows[:index]]:
            file.problem(
                f"{rows.dataset} has a part already; write one part for each dataset", "rows", index, "dataset"
            )
        lists = list(_each_problems(rows, around.shape))
        for place, said in (*lists, *_choice_problems(rows, mapping)):
            file.problem(said, "rows", index, *place)
        if lists:
            continue  # Every path below would be wrong for the same reason.
        for said in _when_problems(rows, around.shape):
            file.problem(said, "rows", index, "when")
        _check_fields(file, index, rows, dataset, around)
    for index, said in _nowhere(mapping):
        file.problem(said, "rows", index, "when")


def _check_fields(file: File, index: int, rows: rules.Rows, dataset: Dataset, around: Around) -> None:
    base: Place = ("rows", index, "fields")
    filled = {name: "hutong itself" for name in ENGINE_FIELDS if name in dataset.names}
    for name, rule in rows.fields.items():
        at = (*base, name)
        for said in (*_rule_problems(name, rule, dataset, around), *_path_problems(rule, rows, around)):
            file.problem(said if said.startswith(name) else f"{name}: {said}", *at)
        for column in fills(name, rule):
            if filled.setdefault(column, name) not in (name, "hutong itself"):
                file.problem(f"'{column}' is filled twice, by '{filled[column]}' and by '{name}'; remove one", *at)
    for field in dataset.fields:
        if field.required and field.name not in filled:
            file.problem(f"{dataset.id} requires '{field.name}', which nothing here fills; write a rule for it", *base)


def _choice_problems(rows: rules.Rows, mapping: rules.Mapping) -> Iterator[tuple[Place, str]]:
    """What is wrong with `when` and `rest` by themselves."""
    if rows.when is not None and (rows.when.in_ is None) == (rows.when.not_in is None):
        yield ("when",), "when: it goes by one list of values; state `in` or `not_in`"
    if rows.rest and rows.when is not None:
        yield ("rest",), "`rest` takes what no `when` takes; remove one of the two"
    elif rows.rest and not any(part.when is not None and part.each == rows.each for part in mapping.rows):
        yield ("rest",), "`rest` takes what no `when` takes, but no part with this `each` has a `when`; remove the line"


def _nowhere(mapping: rules.Mapping) -> Iterator[tuple[int, str]]:
    """Parts whose `when` leaves records nowhere, though no other part takes them: place among the parts, and why."""
    by_each: defaultdict[str | None, list[tuple[int, rules.Rows]]] = defaultdict(list)
    for index, rows in enumerate(mapping.rows):
        by_each[rows.each].append((index, rows))
    for parts in by_each.values():
        whens = [rows.when for _, rows in parts if rows.when is not None]
        if len(whens) == len(parts) and not any(_is_covered(path, whens) for path in {when.from_ for when in whens}):
            index, last = parts[-1]
            what = "records" if last.each is None else f"elements of {last.each}"
            yield index, f"{what} that no `when` takes would go nowhere; let one part take them with `rest: true`"


def _is_covered(path: str, whens: Iterable[rules.When]) -> bool:
    """Whether every value at `path` is taken by one of `whens`."""
    of_path = [when for when in whens if when.from_ == path]
    taken = {_key(value) for when in of_path for value in when.in_ or ()}
    left = [{_key(value) for value in when.not_in} for when in of_path if when.not_in is not None]
    return bool(left) and set.intersection(*left) <= taken


def _key(value: rules.Scalar) -> tuple[str, rules.Scalar]:
    return json_type(value), value


def _each_problems(rows: rules.Rows, shape: Shape) -> Iterator[tuple[Place, str]]:
    """What is wrong with the path of `each`."""
    if rows.each is None:
        return
    try:
        found = reached(shape, tuple(step for level in levels_of(rows) for step in level))
        if "object" not in found.types:
            yield ("each",), f"the elements of {rows.each} are {_said(found.types)}; rows are made of objects"
    except Misled as wrong:
        yield ("each",), f"each: {wrong}"


def _when_problems(rows: rules.Rows, shape: Shape) -> Iterator[str]:
    """What is wrong with the path of `when`."""
    stated = [] if rows.when is None else [*(rows.when.in_ or ()), *(rows.when.not_in or ())]
    if rows.when is not None and stated:
        for said in _at_path(rows.when.from_, types_of(stated), levels_of(rows), shape):
            yield f"when: {said}"


def levels_of(rows: rules.Rows) -> list[Level]:
    """The way from a record to an element of `rows`, 0 for each place in a list."""
    return [] if rows.each is None else [(*keys, 0) for keys in read_each(rows.each)]


def reached(shape: Shape, way: Level) -> Shape:
    """What is declared at `way` from a record. Raises Misled where nothing can stand there."""
    here = shape
    for depth, step in enumerate(way):
        where = _spelled(way[:depth]) or "the record"
        if isinstance(step, int):
            if not here.types & {"array", "object"}:
                raise Misled(f"{where} is {_said(here.types)}, not a list; leave `each` out, or name a list")
            here = here.inside()
        elif "object" not in here.types:
            raise Misled(f"{where} is {_said(here.types)} and has no '{step}'")
        elif here.fields is not None and step in here.fields:
            here = here.fields[step]
        elif here.is_open:
            return Shape()
        else:
            path = _spelled((*way[:depth], step))
            raise Misled(f"the record has no '{path}'; {nearest(step, here.fields or ())}")
    return here


def _spelled(way: Sequence[str | int]) -> str:
    return ".".join(str(step) for step in way if isinstance(step, str)) if way else ""


def _said(types: Types) -> str:
    """`types` in words, numbers as one."""
    words = {_WORDS.get(kind, "a number") for kind in types if kind != "null"}
    return " or ".join(sorted(words)) or "null"


def _at_path(text: str, types: Types, levels: Sequence[Level], shape: Shape) -> Iterator[str]:
    """Why what stands at the path `text` can never be of `types`."""
    path = read_path(text)
    if path.climbs > len(levels):
        reason = f"`each` opens only {len(levels)}" if levels else "there is no `each`"
        yield f"'{text}' climbs above the record, since {reason}; remove `^`"
        return
    try:
        found = reached(shape, path.within(levels))
    except Misled as wrong:
        yield str(wrong)
        return
    if not found.types & types:
        hint = "; state `as_text: true`" if types <= {"integer", "number"} and "string" in found.types else ""
        yield f"'{text}' is {_said(found.types)}, but the rule reads {_said(types)}{hint or '; choose another rule'}"


def _path_problems(rule: rules.Rule, rows: rules.Rows, around: Around) -> Iterator[str]:
    """What is wrong with the paths that `rule` reads."""
    levels, met = levels_of(rows), frozenset[str]()
    for text, types in types_read(rule):
        wrong = list(_at_path(text, types, levels, around.shape))
        yield from wrong
        if wrong:
            return
        way = read_path(text).within(levels)
        met |= reached(around.shape, way).types
        keys = tuple(step for step in way if isinstance(step, str))
        if set(keys) & set(around.stream.never_keep):
            yield f"'{text}' is cut out before anything is stored (never_keep); remove one of the two"
        elif _is_personal(keys, around.stream) and not _keeps_private(rule):
            yield f"'{text}' is personal; use the rule pseudonym, or text with `mask: true`"
    for value in getattr(rule, "missing", ()):
        if value is not None and not types_of([value]) & met:
            said = f"missing: {json.dumps(value, ensure_ascii=False)} can never come, the schema says {_said(met)}"
            yield f"{said}; write it as the source does"
    yield from _undeclared_personal(rule, levels, around.stream)


def _undeclared_personal(rule: rules.Rule, levels: Sequence[Level], stream: Stream) -> Iterator[str]:
    """A rule that hides what is personal, of fields that would lie in landing for all to read."""
    if not _keeps_private(rule):
        return
    texts = rules.paths_of(rule)
    ways = [read_path(text).within(levels) for text in texts]
    if not any(_is_personal(tuple(step for step in way if isinstance(step, str)), stream) for way in ways):
        yield f"it hides '{texts[0]}', which would land in the clear; name it under `personal` of the stream"


def _is_personal(keys: Sequence[str], stream: Stream) -> bool:
    return any(tuple(name.split(".")) == tuple(keys[: name.count(".") + 1]) for name in stream.personal)


def _keeps_private(rule: rules.Rule) -> bool:
    return isinstance(rule, rules.Pseudonym) or (isinstance(rule, rules.Text) and rule.mask)


def _rule_problems(name: str, rule: rules.Rule, dataset: Dataset, around: Around) -> Iterator[str]:
    """What is wrong with `rule` for the field `name` of `dataset`."""
    if name == rules.PLACE:
        if rule.rule not in FILLED_BY_PLACE:
            yield f"place takes the rules {', '.join(FILLED_BY_PLACE)}, not {rule.rule}"
            return
        for column in FILLED_BY_PLACE[rule.rule]:
            if column not in dataset.names:
                yield f"the rule {rule.rule} fills '{column}', which {dataset.id} lacks; extend its contract"
        return
    if rule.rule in FILLED_BY_PLACE:
        yield f"the rule {rule.rule} fills several columns; write it under `{rules.PLACE}`"
        return
    if name in ENGINE_FIELDS:
        yield f"'{name}' is filled by hutong itself; remove the line"
        return
    if name not in dataset.names:
        yield f"{dataset.id} has no field '{name}'; {nearest(name, dataset.names)}"
        return
    yield from _column_problems(name, rule, dataset)
    yield from _table_problems(name, rule, dataset, around)
    if isinstance(rule, rules.InstantRule):
        yield from _instant_problems(rule)


def _column_problems(name: str, rule: rules.Rule, dataset: Dataset) -> Iterator[str]:
    """What the column does not take."""
    field = dataset.field(name)
    if isinstance(rule, rules.Quantity | rules.Rate | rules.Elapsed) and field.unit is None:
        yield f"{dataset.id}.{name} has no unit, so it takes the rule number"
    if isinstance(rule, rules.Number) and field.unit not in (None, "1") and not field.unit.startswith("{"):
        yield f"{dataset.id}.{name} is in {field.unit}: state the source's unit with the rule quantity"
    if field.personal != "none" and not _keeps_private(rule):
        yield f"{dataset.id}.{name} is personal; use the rule pseudonym, or text with `mask: true`"


def _table_problems(name: str, rule: rules.Rule, dataset: Dataset, around: Around) -> Iterator[str]:
    """Lists and crosswalks that are not there."""
    field, listed = dataset.field(name), getattr(rule, "list_", None)
    if isinstance(rule, rules.Code):
        if field.code_list != rule.list_:
            takes = field.code_list or "no list"
            yield f"{dataset.id}.{name} takes codes of {takes}, not of '{rule.list_}'; correct the name"
        if f"{name}_raw" not in dataset.names:
            yield f"the rule code also fills '{name}_raw', which {dataset.id} lacks; extend its contract"
    if listed is not None and listed not in around.crosswalks:
        yield f"there is no crosswalk '{listed}' in codes/ beside the mapping; {nearest(listed, around.crosswalks)}"
    if isinstance(rule, rules.Const) and field.code_list and rule.value not in around.codes.get(field.code_list, {}):
        known = around.codes.get(field.code_list, {})
        yield f"'{rule.value}' is not in the code list {field.code_list}; {nearest(str(rule.value), known)}"


def _instant_problems(rule: rules.InstantRule) -> Iterator[str]:
    if rule.form in ("local", "interval_end") and rule.zone is None:
        yield f"the form {rule.form} carries no zone; state `zone`, such as Asia/Shanghai"
    pair = rule.form in ("moy_secmark", "interval_end")
    if pair != (isinstance(rule.from_, list) and len(rule.from_) == 2):
        yield f"the form {rule.form} reads {'two paths' if pair else 'one path'}"


def fills(name: str, rule: rules.Rule) -> tuple[str, ...]:
    """The columns that the line `name` fills."""
    if name == rules.PLACE:
        return FILLED_BY_PLACE.get(rule.rule, ())
    return (name, f"{name}_raw") if isinstance(rule, rules.Code) else (name,)
