"""The stops of the routes of a GTFS feed, which no table of it holds: they follow from all stop times together.

Trips of one route and direction that call at the same stops in the same order are a pattern. Patterns are numbered by
how many trips take them, 1 for the usual way; of as many, the one comes first that the feed has first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]

_CLOCK = re.compile(r"\s*(\d{1,6}):([0-5]\d):([0-5]\d)\s*", re.ASCII)
_WHOLE = re.compile(r"\s*\d{1,9}\s*", re.ASCII)


def route_stops(stop_times: Iterable[Row]) -> list[Row]:
    """One record per route, direction, pattern and place in it, all values text as in the feed.

    stop_times: rows with what they refer to. A record has `route_id`, `direction_id`, `pattern_no`, `trips` (how many
    take the pattern), `position` (from 1), `stop_id`, `stop`, `route`, `feed`; and `first` and `last`, the stop times
    of the earliest and the latest departure, None if the feed times nobody there. A row that cannot be placed in time
    is taken for both, so that whoever checks the record sees it; one that cannot be placed in its trip stands at its
    end.
    """
    trips: dict[str, dict[tuple[str, ...], Row]] = {}
    for row in stop_times:
        # A row that stands twice says nothing new.
        trips.setdefault(row.get("trip_id", ""), {}).setdefault(tuple(_own(row).values()), row)
    patterns: dict[tuple[str, str], dict[tuple[str, ...], list[list[Row]]]] = {}
    for rows in trips.values():
        calls = sorted(rows.values(), key=_sequence)
        trip = calls[0].get("trip") or {}
        way = tuple(call.get("stop_id", "") for call in calls)
        of_route = patterns.setdefault((trip.get("route_id", ""), trip.get("direction_id", "")), {})
        of_route.setdefault(way, []).append(calls)
    return [record for route, ways in patterns.items() for record in _of_route(route, ways)]


def _of_route(route: tuple[str, str], ways: dict[tuple[str, ...], list[list[Row]]]) -> Iterable[Row]:
    ranked = sorted(ways.items(), key=lambda way: -len(way[1]))
    for number, (way, trips) in enumerate(ranked, start=1):
        for position, stop_id in enumerate(way, start=1):
            calls = [trip[position - 1] for trip in trips]
            first, last = _ends(calls)
            yield {
                "route_id": route[0],
                "direction_id": route[1],
                "pattern_no": str(number),
                "trips": str(len(trips)),
                "position": str(position),
                "stop_id": stop_id,
                "stop": calls[0].get("stop"),
                "route": (calls[0].get("trip") or {}).get("route"),
                "feed": calls[0].get("feed"),
                "first": None if first is None else _own(first),
                "last": None if last is None else _own(last),
            }


def _ends(calls: Sequence[Row]) -> tuple[Row | None, Row | None]:
    placed: list[tuple[int, Row]] = []
    for call in calls:
        departure = call.get("departure_time", "")
        if parts := _CLOCK.fullmatch(departure):
            hours, minutes, seconds = map(int, parts.groups())
            placed.append((hours * 3600 + minutes * 60 + seconds, call))
        elif departure.strip():
            return call, call
    if not placed:
        return None, None
    return min(placed, key=_when)[1], max(placed, key=_when)[1]


def _when(placed: tuple[int, Row]) -> int:
    return placed[0]


def _own(row: Row) -> dict[str, str]:
    """What stands in the row itself, without what it refers to."""
    return {name: value for name, value in row.items() if isinstance(value, str)}


def _sequence(call: Row) -> tuple[bool, int]:
    text = call.get("stop_sequence", "")
    return (False, int(text)) if _WHOLE.fullmatch(text) else (True, 0)
