"""A source as a repair has it read: the same stream with another word for a code, another zone, another order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hutong.model.mapping import Code, InstantRule, Point, Quantity, Rows, Rule
from hutong.model.repair import MapCode, Repair, Swap, Zone
from hutong.registry.lookup import Source

_SWAPPED = {"lon_lat": "lat_lon", "lat_lon": "lon_lat", "east_north": "north_east", "north_east": "east_north"}


def first_path(rule: Rule) -> str | None:
    """The path of the value that gives `rule` its sense; the others only help to read it."""
    found = getattr(rule, "from_", None)
    return found[0] if isinstance(found, list) else found


def acts_on(repair: Repair, rule: Rule) -> bool:
    """Whether `rule` reads the value of `repair` in a way that the repair changes."""
    if first_path(rule) != repair.from_:
        return False
    match repair:
        case MapCode():
            return isinstance(rule, Code) or (isinstance(rule, Quantity) and rule.list_ is not None)
        case Zone():
            return isinstance(rule, InstantRule) and rule.form in ("iso", "local", "interval_end")
        case Swap():
            return isinstance(rule, Point)
    return False


def mended(source: Source, repairs: Iterable[Repair]) -> Source:
    """`source` with what `repairs` change of its rules. Those that change the record's content leave it as it is."""
    crosswalks = dict(source.crosswalks)
    rows = list(source.mapping.rows)
    for repair in repairs:
        for index, part in enumerate(rows):
            fields = {name: _changed(rule, repair, crosswalks) for name, rule in part.fields.items()}
            rows[index] = part.model_copy(update={"fields": fields})
    return replace(source, mapping=source.mapping.model_copy(update={"rows": rows}), crosswalks=crosswalks)


def _changed(rule: Rule, repair: Repair, crosswalks: dict[str, Mapping[str, str]]) -> Rule:
    if not acts_on(repair, rule):
        return rule
    if isinstance(repair, MapCode) and isinstance(rule, Code | Quantity) and rule.list_ is not None:
        # A crosswalk of this value's own: another field of the same list must not change its meaning.
        own = f"{rule.list_} {repair.from_}"
        crosswalks[own] = {**crosswalks[rule.list_], **repair.codes}
        return rule.model_copy(update={"list_": own})
    if isinstance(repair, Zone):
        return rule.model_copy(update={"zone": repair.zone})
    if isinstance(repair, Swap) and isinstance(rule, Point):
        return rule.model_copy(update={"axes": _SWAPPED[rule.axes]})
    return rule


def rows_filled(repair: Repair, source: Source) -> list[tuple[Rows, list[str]]]:
    """The parts of the mapping that `repair` changes, and their fields."""
    found = [
        (part, [name for name, rule in part.fields.items() if acts_on(repair, rule)]) for part in source.mapping.rows
    ]
    return [(part, names) for part, names in found if names]
