"""The same join over the answers as they landed: no unit, coordinate system, clock or code is put right.

Only what one must do to see numbers at all is done: the page's encoding is read as it declares itself, and its records
are found. Then two numbers are near one another when they are, whatever they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Any

from hutong.model.declared import Words
from hutong.pages import look, records_of
from hutong.pipeline import store_key
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.landing import mark, read_batch
from hutong.store.paths import Store

Pair = tuple[float, float]

LON_LAT = Words(zh="记录中的经度、纬度", en="the longitude and latitude in the record")
X_Y = Words(
    zh="记录中未注明坐标系的 X、Y（猜作 CIM 米制）", en="its X, Y of no stated system, taken for the CIM's metres"
)


@dataclass(frozen=True, slots=True)
class RawReading:
    """One way to take a place out of the police's record. near_rsu: at most that far from an RSU's raw position."""

    pair: Words
    at_junction: int
    near_rsu: int


@dataclass(frozen=True, slots=True)
class RawJoin:
    """What the raw answers say when they are laid on one another.

    readings: the pair of degrees that the record calls longitude and latitude first; then the pair in front of it,
    which no document names a coordinate system for.
    as_sent: by accident number, longitude and latitude as the newest raw record holds them.
    """

    accidents: int
    junctions: int
    rsus: int
    readings: tuple[RawReading, ...]
    as_sent: dict[str, Pair]


def join_raw(registry: Registry, store: Store, secrets: Secrets, junction_m: float, rsu_m: float) -> RawJoin:
    """Accidents against junctions and RSUs, by the numbers as they stand; both distances are those of the real join."""
    accidents = _newest_by_number(_landed("traffic_safety", "accident", registry, store, secrets))
    junctions = _pairs(_landed("cim", "junction", registry, store, secrets), _cim)
    rsus = _pairs(_landed("cloud_control", "rsu", registry, store, secrets), _cloud)

    def reading(pair: Words, take: tuple[int, int]) -> RawReading:
        places = [place for record in accidents.values() if (place := _police(record, take)) is not None]
        return RawReading(pair, _count_near(places, junctions, junction_m), _count_near(places, rsus, rsu_m))

    degrees = {number: place for number, record in accidents.items() if (place := _police(record, (2, 3))) is not None}
    return RawJoin(
        accidents=len(accidents),
        junctions=len(junctions),
        rsus=len(rsus),
        readings=(
            reading(LON_LAT, (2, 3)),
            reading(X_Y, (0, 1)),
        ),
        as_sent=degrees,
    )


def _landed(platform: str, stream: str, registry: Registry, store: Store, secrets: Secrets) -> list[dict[str, Any]]:
    """Every record of a stream that landing still holds, in the order in which it came."""
    source = registry.source(platform, stream)
    found: list[dict[str, Any]] = []
    for sequence in source.sequences:
        newest, _ = mark(store, sequence)
        key = store_key(source, secrets) if newest else None
        for batch in range(1, newest + 1):
            found += [record.content for record in records_of(read_batch(store, sequence, batch, key), source.stream)]
    return found


def _newest_by_number(records: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Accident number -> its record with the greatest update text; texts of one form sort as the times do."""
    newest: dict[str, dict[str, Any]] = {}
    for record in records:
        number = record.get("sgbh")
        if isinstance(number, str) and number:
            kept = newest.get(number)
            if kept is None or str(record.get("gxsj")) >= str(kept.get("gxsj")):
                newest[number] = record
    return newest


def _police(record: dict[str, Any], take: tuple[int, int]) -> Pair | None:
    parts = str(record.get("dzzb")).split(",")
    return _pair(*(parts[place] if place < len(parts) else None for place in take))


def _cim(record: dict[str, Any]) -> Pair | None:
    found = look(record, "geometry.coordinates")
    return _pair(*found[:2]) if isinstance(found, list) and len(found) >= 2 else None


def _cloud(record: dict[str, Any]) -> Pair | None:
    return _pair(look(record, "position.lon"), look(record, "position.lat"))


def _pair(first: Any, second: Any) -> Pair | None:
    if isinstance(first, bool) or isinstance(second, bool):
        return None
    try:
        pair = float(first), float(second)
    except (TypeError, ValueError):
        return None
    return pair if all(map(isfinite, pair)) else None


def _pairs(records: Iterable[dict[str, Any]], place: Callable[[dict[str, Any]], Pair | None]) -> set[Pair]:
    """The distinct places of `records`: a stream that is read whole at every pull lands each of them many times."""
    return {found for record in records if (found := place(record)) is not None}


def _count_near(places: Iterable[Pair], others: Iterable[Pair], within: float) -> int:
    return sum(any(hypot(x - u, y - v) <= within for u, v in others) for x, y in places)
