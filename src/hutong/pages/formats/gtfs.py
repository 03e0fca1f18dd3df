"""A GTFS Schedule feed: the document is the rows of one table, each with the rows that it refers to.

A stop time holds its `trip` (with `route`, which has `agency`, and with `service`) and its `stop`. A `service` is its
row of the calendar with, at `dates`, its rows of calendar_dates. A reference that leads nowhere is None. Every record
holds as `feed` the one row of feed_info, which says when the feed was made, or None.
`route_stops` is worked out of the stop times: see `gtfs_routes`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hutong.model.bounds import Limits
from hutong.model.format import Csv, Gtfs
from hutong.model.gtfs import DERIVED_FROM, KEYS, REFERENCES, REQUIRED
from hutong.pages.formats.csv import CsvReading
from hutong.pages.formats.gtfs_routes import route_stops
from hutong.pages.formats.reading import LANDED
from hutong.pages.formats.zipped import inflate, pack
from hutong.pages.garbled import Garbled

Row = dict[str, Any]


class GtfsReading:
    """See `reading.Reading`."""

    def __init__(self, form: Gtfs) -> None:
        self._table: str = DERIVED_FROM.get(form.table, form.table)
        self._is_derived = form.table in DERIVED_FROM
        self._csv = CsvReading(Csv(type="csv"))

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The rows of the table; none when the feed lacks it and may."""
        tables = _reached(self._table)
        feed = {name: self._rows(name, text, limits) for name, text in self._members(body, tables, limits).items()}
        if self._table not in feed and self._table in REQUIRED:
            raise Garbled(f"the feed has no {self._table}.txt")
        rows = _Feed(feed, limits).rows(self._table)
        return route_stops(rows) if self._is_derived else rows

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Columns are cut from the tables that are read; the others, which may hold them too, are left out."""
        members = self._members(body, _reached(self._table), LANDED)
        return pack({f"{name}.txt": self._csv.without(text, "", names) for name, text in members.items()})

    def _members(self, body: bytes, tables: Collection[str], limits: Limits) -> dict[str, bytes]:
        files = inflate(body, lambda name: name.endswith(".txt") and name[:-4] in tables, limits)
        # Optional tables may be there with no byte in them.
        return {name[:-4]: text for name, text in files.items() if text.strip(b"\xef\xbb\xbf \r\n")}

    def _rows(self, name: str, text: bytes, limits: Limits) -> list[Row]:
        try:
            rows: list[Row] = self._csv.read(text, "", limits)
        except Garbled as wrong:
            raise Garbled(f"in {name}.txt: {wrong}") from None
        return rows


class _Feed:
    """The tables of a feed, and the rows in them as they are looked up."""

    def __init__(self, tables: dict[str, list[Row]], limits: Limits) -> None:
        self._tables, self._limits = tables, limits
        self._by_key = {name: _keyed(name, tables.get(name, [])) for name in KEYS}
        self._whole: dict[tuple[str, str], Row] = {}
        self._dates: dict[str, list[Row]] = {}
        for row in tables.get("calendar_dates", []):
            self._dates.setdefault(row.get("service_id", ""), []).append(row)

    def rows(self, table: str) -> list[Row]:
        """The rows of `table`, each with what it refers to."""
        feed = next(iter(self._tables.get("feed_info", [])), None)
        about = {} if table == "feed_info" else {"feed": feed}
        return [{**self._with_references(table, row, 1), **about} for row in self._tables.get(table, [])]

    def _with_references(self, table: str, row: Row, level: int) -> Row:
        if level > self._limits.depth or level > 50:
            raise Garbled(f"rows of {table}.txt refer to one another without an end")
        referred = {
            name: self._one(target, row.get(column, ""), level + 1)
            for column, (name, target) in REFERENCES.get(table, {}).items()
        }
        return {**row, **referred}

    def _one(self, table: str, key: str, level: int) -> Row | None:
        if table == "agency" and key == "" and len(self._by_key[table]) == 1:
            # Feeds of one agency need not name it.
            (key,) = self._by_key[table]
        if (table, key) in self._whole:
            return self._whole[table, key]
        row = self._by_key[table].get(key)
        if table == "calendar" and key in self._dates:
            # A service may have nothing but days of its own.
            row = {**(row or {"service_id": key}), "dates": self._dates[key]}
        elif table == "calendar" and row is not None:
            row = {**row, "dates": []}
        if row is None:
            return None
        whole = self._whole[table, key] = self._with_references(table, row, level)
        return whole


def _reached(table: str) -> frozenset[str]:
    """The tables that are read for the rows of `table`."""
    found: set[str] = set()
    waiting = {table}
    while waiting:
        found |= waiting
        waiting = {target for one in waiting for _, target in REFERENCES.get(one, {}).values()} - found
    return frozenset(found | {"feed_info"} | ({"calendar_dates"} if "calendar" in found else set()))


def _keyed(table: str, rows: list[Row]) -> dict[str, Row]:
    """Rows by their key. A key may stand twice only with the same row: nobody could say which is meant."""
    found: dict[str, Row] = {}
    for place, row in enumerate(rows, start=1):
        # A feed of one agency need not give it an id.
        key = row.get(KEYS[table], "")
        if found.setdefault(key, row) != row:
            raise Garbled(f"row {place} of {table}.txt has the {KEYS[table]} of another row")
    return found
