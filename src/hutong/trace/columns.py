"""Column by column: what was met in the raw record, which line of the mapping read it, what it did, and whether doing
it again gives the published value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import shapely

from hutong.conversions import BY_HUTONG, Conversion, bounds_of, conversion_of, filled_by, system_words
from hutong.model import mapping
from hutong.model.dataset import Dataset, Field
from hutong.model.declared import Words
from hutong.model.path import UP, read_path
from hutong.model.privacy import HIDDEN
from hutong.normalise.elements import Element
from hutong.normalise.reading import Raw, Unreadable, compile_match, compile_path
from hutong.normalise.showing import Shower
from hutong.registry import Source
from hutong.registry.mended import first_path
from hutong.registry.read import File
from hutong.schema.jumps import JUMP
from hutong.schema.rules import compile_rules

Again = Literal["same", "rounding", "differs", "unknown"]
"""What making the value once more gives: the same; the same but for the last digits of a double; another; or nobody
knows, since the raw record is gone or gives no row any more.
"""

_CLOSE, _CLOSE_DEG = 1e-11, 1e-9
"""Of a number relative, of the degrees of a line absolute: two ways of computing one place may differ by less."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A row rule of the column: its stable id, its bounds, and whether the published row keeps it; None where only its
    whole batch could tell.
    """

    rule: str
    bounds: str
    is_kept: bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the published row. value, now: published, and made again; personal ones are not shown.

    line: `path:line` of the mapping; None for columns that hutong fills. raw: path -> what stands there in the raw
    record, as JSON or "(absent)"; empty when the record is gone. how: what was done with it.
    """

    name: str
    words: Words
    unit: str | None
    value: Any
    rule: str | None
    line: str | None
    raw: Mapping[str, str]
    how: Words
    kept: tuple[Kept, ...] = ()
    again: Again = "unknown"
    now: Any = field(default=None)


def columns_of(
    row: Row,
    anew: Row | None,
    element: Element | None,
    repairs: Sequence[str],
    dataset: Dataset,
    source: Source,
    lines: File,
) -> Iterator[Column]:
    """Every column of `row`, the mapped ones first, in the order of the mapping.

    anew: the row made again; None where it is not to be had. element: what of the raw record the row is made from;
    None where the record is gone, or no element of it gives the row. repairs: names of those by which the record
    passes. lines: the mapping's file.
    """
    rules = _rules_of(row, dataset, source)
    index = part_of(dataset, source)
    shower = Shower(source.stream)
    done: set[str] = set()
    for name, rule in source.mapping.rows[index].fields.items():
        conversion = conversion_of(name, rule, dataset, source)
        raw = {} if element is None else {path: _met(element, path, shower) for path in conversion.reads}
        how = conversion.words if element is None else _happened(row, element.raw, rule, conversion, source)
        for repair in repairs:
            if first_path(rule) == source.repairs[repair].from_:
                how = Words(en=f"{how.en}; repair {repair}", zh=f"{how.zh}；修复 {repair}")
        line = f"{lines.path.relative_to(lines.problems.root)}:{lines.line('rows', index, 'fields', name)}"
        for filled in filled_by(name, rule):
            if filled in dataset.names:
                done.add(filled)
                said = _as_sent(how, filled, rule)
                yield _column(row, anew, dataset.field(filled), rule.rule, line, raw, said, rules)
    for one in dataset.fields:
        if one.name not in done:
            how = BY_HUTONG.get(one.name, _NOTHING)
            yield _column(row, anew, one, None, None, {}, how, rules)


def part_of(dataset: Dataset, source: Source) -> int:
    """The place of `dataset` among the parts of the mapping of `source`, which fills it."""
    return [part.dataset for part in source.mapping.rows].index(dataset.id)


_NOTHING = Words(en="no line of the mapping fills it", zh="映射中没有填写该字段的行")
_RAW = Words(en="the platform's own value", zh="平台的源代码")


def _as_sent(how: Words, column: str, rule: mapping.Rule) -> Words:
    return _RAW if isinstance(rule, mapping.Code) and column.endswith("_raw") else how


def _column(
    row: Row,
    anew: Row | None,
    one: Field,
    rule: str | None,
    line: str | None,
    raw: Mapping[str, str],
    how: Words,
    rules: Mapping[str, tuple[Kept, ...]],
) -> Column:
    value, now = row[one.name], None if anew is None else anew.get(one.name)
    again: Again = "unknown" if anew is None or one.name in _NOT_OF_THE_RECORD else _compared(value, now, one)
    return Column(
        name=one.name,
        words=one.words,
        unit=one.unit,
        value=shown(value, one),
        rule=rule,
        line=line,
        raw=raw,
        how=how,
        kept=rules.get(one.name, ()),
        again=again,
        now=shown(now, one) if again == "differs" else None,
    )


_NOT_OF_THE_RECORD = frozenset({"last_seen_at", "received_at"})
"""Columns in which a later refresh that shows the row once more leaves its own time."""


def shown(value: Any, one: Field) -> Any:
    """A column's value as it may be shown: of a personal one only whether it is given, of a pseudonym its key's id."""
    if value is None or one.personal == "none":
        return value
    is_pseudonym = isinstance(value, str) and _PSEUDONYM.fullmatch(value)
    return f"{value.partition(':')[0]}:{HIDDEN}" if is_pseudonym else HIDDEN


_PSEUDONYM = re.compile(r"[0-9a-f]{8}:[0-9a-f]{64}")


def _compared(value: Any, now: Any, one: Field) -> Again:
    if value == now:
        return "same"
    if value is None or now is None:
        return "differs"
    if one.type == "double" and math.isclose(value, now, rel_tol=_CLOSE):
        return "rounding"
    if one.type == "binary" and _is_near(value, now):
        return "rounding"
    return "differs"


def _is_near(value: bytes, now: bytes) -> bool:
    try:
        return bool(shapely.equals_exact(shapely.from_wkb(value), shapely.from_wkb(now), _CLOSE_DEG))
    except shapely.errors.ShapelyError:
        return False


def _met(element: Element, path: str, shower: Shower) -> str:
    """What stands at `path`, told apart from what does not stand there at all."""
    way = read_path(path)
    here: Any = element.raw
    for key in (*[UP] * way.climbs, *way.keys):
        if not isinstance(here, Mapping) or key not in here:
            return "(absent)"
        here = here[key]
    return shower.value(way.within(element.levels), here)


def _happened(row: Row, content: Raw, rule: mapping.Rule, conversion: Conversion, source: Source) -> Words:
    """What the line did with this very record, where that is less than all it can do."""
    values = [value for path in conversion.reads if (value := _at(content, path)) is not None]
    if conversion.reads and not values:
        return Words(en="nothing was sent", zh="来源未给出")
    is_missing = compile_match(getattr(rule, "missing", []))
    if any(is_missing(value) for value in values) and row.get(conversion.fills[0]) is None:
        return Words(en="the source's word for “unavailable”", zh="来源以此表示“不可用”")
    if isinstance(rule, mapping.Code):
        return _looked_up(row, rule, conversion, source)
    if isinstance(rule, mapping.Point | mapping.Line | mapping.Area) and isinstance(rule.crs, mapping.Crs):
        word = str(_at(content, rule.crs.from_))
        if word in rule.crs.table:
            system = system_words(rule.crs.table[word])
            return Words(en=f"{word} says: {system.en}", zh=f"{word} 指明：{system.zh}")
    return conversion.words


def _at(content: Raw, path: str) -> Any:
    try:
        return compile_path(path, "")(content)
    except Unreadable:
        return None


def _looked_up(row: Row, rule: mapping.Code, conversion: Conversion, source: Source) -> Words:
    column = conversion.fills[0]
    code, raw = row.get(column), row.get(f"{column}_raw")
    entry = source.codes.get(rule.list_, {}).get(str(code))
    if entry is None:
        return conversion.words
    said = f"{rule.list_}: {raw} → {code}"
    return Words(
        en=f"{said} ({entry.en}; {entry.source} {entry.edition})",
        zh=f"{said}（{entry.zh}；{entry.source} {entry.edition}）",
    )


def _rules_of(row: Row, dataset: Dataset, source: Source) -> dict[str, tuple[Kept, ...]]:
    """First column of a rule -> the row rules that begin with it, each run on the published row."""
    codes = {name: frozenset(entries) for name, entries in source.codes.items()}
    found: dict[str, list[Kept]] = {}
    for rule in dataset.rules:
        is_kept = None if rule.kind == JUMP else not compile_rules([rule], codes)(row)
        found.setdefault(rule.fields[0], []).append(Kept(rule.id, bounds_of(rule), is_kept))
    return {name: tuple(kept) for name, kept in found.items()}
