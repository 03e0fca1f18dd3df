"""The workload: sightings of road users by two hundred roadside units, drawn from a seed.

A record has 12 fields, two of them nested, and about 253 bytes as JSON. One in two hundred is spoiled in one of twelve
ways; which record, and where it will be refused, is returned beside the pages and known to nothing that is measured.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np

Form = Literal["json", "xml", "csv"]
Raw = dict[str, Any]

SEED = 53_2020
PAGE = 1_000
DRAWN = 100 * PAGE
START_MS = 1_773_763_200_000
"""2026-03-18 00:00 in Chongqing; the records spread over four days from then."""
SPAN_MS = 4 * 86_400_000
_LOCAL = datetime(1970, 1, 1, 8)


@dataclass(frozen=True)
class Page:
    """A platform's answer. planted: number of a spoiled record -> the JSON path at which it is wrong.

    lines: its good records, one JSON document each.
    """

    body: bytes
    records: int
    planted: dict[int, str]
    lines: list[str]


def _text_for_number(raw: Raw) -> None:
    raw["ptcId"] = str(raw["ptcId"])


def _half_a_step(raw: Raw) -> None:
    raw["pos"]["lat"] += 0.5


def _no_time(raw: Raw) -> None:
    del raw["timestamp"]


def _no_place(raw: Raw) -> None:
    del raw["pos"]


def _minute_too_long(raw: Raw) -> None:
    raw["secMark"] += 60_000


def _unknown_kind(raw: Raw) -> None:
    raw["ptcType"] = 9


def _backwards(raw: Raw) -> None:
    raw["speed"] = -1


def _beyond_the_pole(raw: Raw) -> None:
    raw["pos"]["lat"] = 2_000_000_000


def _number_of_no_fleet(raw: Raw) -> None:
    raw["fleetNo"] = "no fleet"


def _null_unit(raw: Raw) -> None:
    raw["rsuEsn"] = None


def _list_for_object(raw: Raw) -> None:
    raw["size"] = [180, 450, 30]


def _true_for_number(raw: Raw) -> None:
    raw["heading"] = True


SPOILERS: tuple[tuple[str, Callable[[Raw], None]], ...] = (
    ("$.ptcId", _text_for_number),
    ("$.pos.lat", _half_a_step),
    ("$.timestamp", _no_time),
    ("$.pos", _no_place),
    ("$.secMark", _minute_too_long),
    ("$.ptcType", _unknown_kind),
    ("$.speed", _backwards),
    ("$.pos.lat", _beyond_the_pole),
    ("$.fleetNo", _number_of_no_fleet),
    ("$.rsuEsn", _null_unit),
    ("$.size", _list_for_object),
    ("$.heading", _true_for_number),
)


def pages(rows: int, form: Form = "json") -> Iterator[Page]:
    """Pages of 1,000 records in an envelope, `rows` records in all. `rows` is a multiple of 1,000."""
    draw = np.random.default_rng(SEED)
    for start in range(0, rows, DRAWN):
        drawn = list(_draw(draw, start, min(DRAWN, rows - start), rows))
        for first in range(0, len(drawn), PAGE):
            yield _page(drawn[first : first + PAGE], start + first, rows, form)


def _draw(draw: np.random.Generator, first: int, count: int, rows: int) -> Iterator[tuple[str, int | None]]:
    """Each record as JSON, and the number of its spoiler."""

    def whole(low: int, high: int) -> list[int]:
        found: list[int] = draw.integers(low, high, count).tolist()
        return found

    number = np.arange(first, first + count)
    at = (START_MS + number * (SPAN_MS // rows) + draw.integers(0, 50, count)).tolist()
    speed = np.where(draw.random(count) < 0.03, 8191, draw.integers(0, 1700, count)).tolist()
    fleet = np.where(draw.random(count) < 0.1, draw.integers(10_000, 100_000, count), 0).tolist()
    spoiler = np.where(draw.random(count) < 0.005, draw.integers(0, len(SPOILERS), count), -1).tolist()
    columns = (
        number.tolist(), whole(328_000, 328_200), whole(0, 65_536), whole(1, 5), whole(1, 8), at,
        whole(294_000_000, 298_000_000), whole(1_063_000_000, 1_068_000_000), whole(1_500, 4_500), speed,
        whole(0, 28_800), whole(50, 260), whole(60, 1_800), whole(20, 80), fleet, spoiler,
    )  # fmt: skip
    for n, unit, ptc, kind, source, ms, lat, lon, ele, v, way, width, length, height, no, spoil in zip(
        *columns, strict=True
    ):
        text = (
            f'{{"rsuEsn":"R{unit}","id":"R{unit}-{n:09d}","ptcId":{ptc},"ptcType":{kind},"source":{source},'
            f'"secMark":{ms % 60_000},"timestamp":{ms},"pos":{{"lat":{lat},"lon":{lon},"ele":{ele}}},"speed":{v},'
            f'"heading":{way},"size":{{"width":{width},"length":{length},"height":{height}}}'
            + (f',"fleetNo":"渝A{no}"}}' if no else "}")
        )
        yield text, spoil if spoil >= 0 else None


def _page(drawn: list[tuple[str, int | None]], first: int, rows: int, form: Form) -> Page:
    planted: dict[int, str] = {}
    records: list[str] = []
    lines: list[str] = []
    for number, (text, spoil) in enumerate(drawn, start=first):
        if spoil is None:
            lines.append(text)
            records.append(text if form == "json" else WRITERS[form](json.loads(text)))
            continue
        place, spoiled = SPOILERS[spoil]
        raw = json.loads(text)
        spoiled(raw)
        records.append(_compact(raw) if form == "json" else WRITERS[form](raw))
        # A number in quotes is what every number is in XML and CSV.
        if form == "json" or spoiled is not _text_for_number:
            planted[number] = place
    after = first + len(drawn)
    body = ENVELOPES[form](records, f"c{after}" if after < rows else None)
    return Page(body.encode(), len(records), planted, lines)


def _compact(raw: Raw) -> str:
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def _json_envelope(records: list[str], after: str | None) -> str:
    return f'{{"code":0,"msg":"ok","data":{{"list":[{",".join(records)}],"next":{json.dumps(after)}}}}}'


def _word(value: Any) -> str:
    """A value as XML and CSV write it."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return {None: "", True: "true"}.get(value, str(value)) if value is None or value is True else str(value)


def _said(raw: Raw) -> Raw:
    """A record as the text formats have it: its time in local words instead of milliseconds."""
    at = raw.get("timestamp")
    if at is None:
        return raw
    return {**raw, "timestamp": (_LOCAL + timedelta(milliseconds=at)).isoformat(" ", "milliseconds")}


def _xml(raw: Raw) -> str:
    def element(name: str, value: Any) -> str:
        inner = "".join(element(*one) for one in value.items()) if isinstance(value, dict) else _word(value)
        return f"<{name}>{inner}</{name}>"

    return element("sighting", _said(raw))


def _xml_envelope(records: list[str], after: str | None) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><answer><code>0</code><list>{"".join(records)}</list>'
        f"<next>{after or ''}</next></answer>"
    )


COLUMNS = (
    "rsuEsn", "id", "ptcId", "ptcType", "source", "secMark", "timestamp", "pos.lat", "pos.lon", "pos.ele", "speed",
    "heading", "size.width", "size.length", "size.height", "fleetNo",
)  # fmt: skip


def _csv(raw: Raw) -> str:
    said = _said(raw)

    def cell(column: str) -> str:
        outer, _, inner = column.partition(".")
        value = said.get(outer)
        if inner:
            value = value.get(inner) if isinstance(value, dict) else value
        return _word(value)

    return ",".join(map(cell, COLUMNS))


def _csv_envelope(records: list[str], after: str | None) -> str:
    head = ",".join(column.replace(".", "_") for column in COLUMNS)
    return "\r\n".join([head, *records, ""])


WRITERS: dict[Form, Callable[[Raw], str]] = {"xml": _xml, "csv": _csv}
ENVELOPES: dict[Form, Callable[[list[str], str | None], str]] = {
    "json": _json_envelope,
    "xml": _xml_envelope,
    "csv": _csv_envelope,
}
