"""Checks of a mapping against the raw record's schema, its connector, the contracts and the code tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hutong.errors import nearest
from hutong.model import mapping as rules
from hutong.model.connector import JsonSchema, Stream
from hutong.model.dataset import ENGINE_FIELDS, Dataset
from hutong.registry.check_parts import choice_problems, each_problems, nowhere, when_problems
from hutong.registry.check_paths import keeps_private, path_problems
from hutong.registry.lookup import CodeLists
from hutong.registry.read import File, Place
from hutong.schema.shape import Shape, shape_of

FILLED_BY_PLACE: Mapping[str, tuple[str, ...]] = {
    "point": ("lon", "lat", "source_crs"),
    "line": ("lon", "lat", "source_crs", "geometry"),
    "area": ("lon", "lat", "source_crs", "geometry"),
}
"""The columns that the rules under `place` fill."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a mapping has to fit. shape: of the raw record with its carried fields."""

    datasets: Mapping[str, Dataset]
    stream: Stream
    shape: Shape
    crosswalks: Mapping[str, Mapping[str, str]]
    codes: CodeLists


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
        lists = list(each_problems(rows, around.shape))
        for place, said in (*lists, *choice_problems(rows, mapping)):
            file.problem(said, "rows", index, *place)
        if lists:
            continue  # Every path below would be wrong for the same reason.
        for said in when_problems(rows, around.shape):
            file.problem(said, "rows", index, "when")
        _check_fields(file, index, rows, dataset, around)
    for index, said in nowhere(mapping):
        file.problem(said, "rows", index, "when")


def _check_fields(file: File, index: int, rows: rules.Rows, dataset: Dataset, around: Around) -> None:
    base: Place = ("rows", index, "fields")
    filled = {name: "hutong itself" for name in ENGINE_FIELDS if name in dataset.names}
    for name, rule in rows.fields.items():
        at = (*base, name)
        of_paths = path_problems(rule, rows, around.stream, around.shape)
        for said in (*_rule_problems(name, rule, dataset, around), *of_paths):
            file.problem(f"{name}: {said}", *at)
        for column in fills(name, rule):
            if filled.setdefault(column, name) not in (name, "hutong itself"):
                file.problem(f"'{column}' is filled twice, by '{filled[column]}' and by '{name}'; remove one", *at)
    for field in dataset.fields:
        if field.required and field.name not in filled:
            file.problem(f"{dataset.id} requires '{field.name}', which nothing here fills; write a rule for it", *base)


def _rule_problems(name: str, rule: rules.Rule, dataset: Dataset, around: Around) -> Iterator[str]:
    """What is wrong with `rule` for the field `name` of `dataset`."""
    if name == rules.PLACE:
        if rule.rule not in FILLED_BY_PLACE:
            yield f"it takes the rules {', '.join(FILLED_BY_PLACE)}, not {rule.rule}; choose one of them"
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
        yield f"{dataset.id}.{name} has no unit, so it takes none; use the rule number"
    if isinstance(rule, rules.Number) and field.unit not in (None, "1") and not field.unit.startswith("{"):
        yield f"{dataset.id}.{name} is in {field.unit}; state the source's unit with the rule quantity"
    if field.personal != "none" and not keeps_private(rule):
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
