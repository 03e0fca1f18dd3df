"""Messages as devices write them, where a platform hands them on untouched: XER turned into JSON.

Numbers are text, a list of one stands as its only element, and places are offsets from the reference point of the
message. Source: T/CSAE 53-2020 (PositionOffsetLL, a choice of six widths or an absolute place); the quirks of the JSON
are those of a public map sample.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from citysim.faults import Fault
from citysim.views.city import City, Shown

DIALECT = "device"
PLATFORM = "cloud_control"
WIDTHS = {"position-LL1": 11, "position-LL2": 13, "position-LL3": 15, "position-LL4": 17, "position-LL5": 21,
          "position-LL6": 23}  # fmt: skip
"""Form of an offset -> bits of its size; one more is the sign."""
ABSOLUTE = "position-LatLon"


def is_spoken(city: City) -> bool:
    """Whether the city's cloud-control platform hands on what devices write."""
    return city.variants[PLATFORM] == DIALECT


def written(one: Shown) -> dict[str, Any]:
    """The record of `one` with its numbers as text; a value of a wrong type on purpose stays what it is."""
    return converted(one.record, one.fault)


def converted(record: Mapping[str, Any], fault: Fault | None) -> dict[str, Any]:
    """As `written`, of a record and what was done to it."""
    kept = fault.field.split(".") if fault is not None and fault.kind == "wrong_type" and fault.field else []
    return {key: _kept(value, kept[1:]) if kept[:1] == [key] else plain(value) for key, value in record.items()}


def plain(value: Any) -> Any:
    """`value` with its numbers as text and its lists of one as their only element."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return one_or_many([plain(inner) for inner in value])
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def one_or_many(values: Sequence[Any]) -> Any:
    """A list, but for a list of one."""
    return values[0] if len(values) == 1 else list(values)


def placed(place: Any, reference: Any) -> Any:
    """A place {lon, lat, ele} as an offset from `reference`, or absolutely where it is too far away or no place."""
    if not isinstance(place, Mapping):
        return place
    found: dict[str, Any] = {"offsetLL": _offset(place, reference)}
    if "ele" in place:
        found["offsetV"] = {"elevation": place["ele"]}
    return found


def form_of(reach: int) -> str:
    """The narrowest form that holds an offset of `reach` steps either way."""
    return next((form for form, bits in WIDTHS.items() if reach < 1 << bits), ABSOLUTE)


def _offset(place: Mapping[str, Any], reference: Any) -> dict[str, Any]:
    steps = [_steps(place, reference, axis) for axis in ("lon", "lat")]
    if None not in steps:
        form = form_of(max(abs(step) for step in steps if step is not None))
        if form != ABSOLUTE:
            return {form: {"lon": str(steps[0]), "lat": str(steps[1])}}
    return {ABSOLUTE: {axis: place[axis] for axis in ("lon", "lat") if axis in place}}


def _steps(place: Mapping[str, Any], reference: Any, axis: str) -> int | None:
    try:
        # Text on purpose: a number here is a wrong type that was planted.
        return int(_text(place[axis])) - int(_text(reference[axis]))
    except (KeyError, TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _kept(value: Any, path: Sequence[str]) -> Any:
    if not path or not isinstance(value, Mapping):
        return value
    return {key: _kept(inner, path[1:]) if key == path[0] else plain(inner) for key, inner in value.items()}
