"""Units that the titles and descriptions of a raw record's schema state, such as `0.02 m/s; 8191 = unavailable`.

Only a clause that is nothing but a unit, or ends in one behind "in" or 单位, counts as a statement: a unit that is
merely mentioned, as in "at most 35 m", says nothing about the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_SYMBOLS = (
    "mm",
    "cm",
    "dm",
    "m",
    "km",
    "m/s",
    "km/h",
    "cm/s",
    "ms",
    "s",
    "min",
    "h",
    "d",
    "deg",
    "rad",
    "%",
    "kg",
    "t",
)
_WORDS = {
    "millimetres": "mm", "millimeters": "mm", "毫米": "mm",
    "centimetres": "cm", "centimeters": "cm", "厘米": "cm",
    "decimetres": "dm", "decimeters": "dm", "分米": "dm",
    "metres": "m", "meters": "m", "米": "m",
    "kilometres": "km", "kilometers": "km", "公里": "km", "千米": "km",
    "米/秒": "m/s", "公里/小时": "km/h", "千米/小时": "km/h", "公里/时": "km/h", "千米/时": "km/h",
    "milliseconds": "ms", "毫秒": "ms", "seconds": "s", "秒": "s", "minutes": "min", "分钟": "min",
    "hours": "h", "小时": "h", "days": "d", "天": "d",
    "degrees": "deg", "度": "deg", "per cent": "%", "percent": "%", "百分比": "%",
}  # fmt: skip
_NUMBER = r"(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
_UNITS = "|".join(sorted(map(re.escape, (*_SYMBOLS, *_WORDS)), key=len, reverse=True))
_CLAUSE = re.compile(
    rf"(?:(?:.*\s)?(?:in|unit|units)\s+|.*单位\s*[为是]?\s*)?(?:{_NUMBER}\s*)?(?P<unit>(?i:{_UNITS}))", re.ASCII
)


def stated_units(texts: Iterable[str]) -> Iterator[str]:
    """The units that `texts` state, as UCUM, each with the number in front that it has.

    >>> list(stated_units(["长度（厘米）", "Length in steps of the sensor, 5 cm; at most 35 m"]))
    ['cm', '5 cm']
    """
    for text in texts:
        for clause in re.split(r"[;；,，。()（）:：]|\.\s", text):
            found = _CLAUSE.fullmatch(clause.strip().rstrip("."))
            if found is None:
                continue
            unit = found["unit"] if found["unit"] in _SYMBOLS else _WORDS.get(found["unit"].lower())
            if unit is not None:
                yield unit if found["number"] is None else f"{found['number']} {unit}"
