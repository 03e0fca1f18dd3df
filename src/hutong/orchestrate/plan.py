"""What a run of a sync or a backfill is about: what it was asked for, held against what the registry declares.

A plan is plain data of a few hundred bytes per place, so it travels through Airflow; it asks no platform anything.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from hutong.errors import AskedWrongly
from hutong.model.batch import Sequence
from hutong.model.window import Window, read_length
from hutong.pipeline import must_take_windows
from hutong.registry import Registry, Source

log = logging.getLogger(__name__)

_SHARED = {"cities", "window_from", "window_to", "dry_run"}
SYNC_FORM = frozenset({"streams", "full_refresh", *_SHARED})
BACKFILL_FORM = frozenset({"stream", "chunk", "max_parallel", *_SHARED})
RELEASE_FORM = frozenset({"name", "reason", "dry_run"})
"""The fields that a run is asked for by."""

CITY_TIME = ZoneInfo("Asia/Shanghai")


class Place(TypedDict):
    """What a map index of a sync stands for: a sequence, and the window it is asked for; None reads on from the cursor.

    name: for people: stream, city, shard, window. window: two instants in ISO 8601.
    """

    name: str
    sequence: str
    window: tuple[str, str] | None


class Queue(TypedDict):
    """What a map index of a backfill stands for: every `of`-th chunk of a window, from the `nth` on, oldest first."""

    name: str
    platform: str
    stream: str
    cities: list[str]
    window: tuple[str, str]
    chunk: str
    nth: int
    of: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sync is asked for. streams, cities: none named means all. window: None for a live run.

    anew: when a full refresh began, which reads everything again; None reads on.
    """

    streams: tuple[str, ...] = ()
    cities: tuple[str, ...] = ()
    window: Window | None = None
    anew: datetime | None = None


def asked(params: Mapping[str, Any], run_type: str, interval: tuple[Any, Any], began: datetime) -> Asked:
    """What a run was asked for by its form, or by Airflow's own backfill, whose data `interval` is the window.

    began: the same at every try of the run. Raises AskedWrongly.
    """
    must_be_known(params, SYNC_FORM)
    start, end = params["window_from"], params["window_to"]
    if (start is None) != (end is None):
        raise AskedWrongly("only one end of the window is stated", "state window_from and window_to, or neither")
    window = None if start is None else Window.read(start, end)
    if run_type == "backfill":
        if window is not None:
            raise AskedWrongly(
                "a backfill of Airflow's own takes its data interval as the window, and another is stated",
                "leave window_from and window_to empty",
            )
        window = Window(*interval)
    if window is not None and params["full_refresh"]:
        raise AskedWrongly("a full refresh has no window", "leave window_from and window_to empty, or full_refresh off")
    return Asked(tuple(params["streams"]), tuple(params["cities"]), window, began if params["full_refresh"] else None)


def places(registry: Registry, platform: str, cadence: str, what: Asked) -> list[Place]:
    """A place for each stream of this cadence in each city and shard that was asked for, in the connector's order.

    Streams that take no window are left out of a run that has one, which the log says. Raises AskedWrongly where they
    were named, or none is left; and for a stream or a city that is not there.
    """
    streams = registry.connector(platform).by_cadence[cadence]
    found: list[Place] = []
    for source in (registry.source(platform, name) for name in _chosen("stream", what.streams, streams, platform)):
        if what.window is not None and source.stream.window_by is None:
            if what.streams:
                must_take_windows(source)
            log.info("left out stream=%s: it takes no window, every sync of it reads on or reads all", source.id)
            continue
        found += [_place(source, live, what) for live in _lives(source, what.cities)]
    if not found:
        raise AskedWrongly(
            f"no stream of {platform} that is synced {cadence} takes a window", "leave window_from and window_to empty"
        )
    return found


def queues(registry: Registry, platform: str, params: Mapping[str, Any]) -> list[Queue]:
    """The chunks of a backfill, dealt out to so many queues as are to run at once. Raises AskedWrongly."""
    must_be_known(params, BACKFILL_FORM)
    source = registry.source(platform, params["stream"])
    window = Window.read(params["window_from"], params["window_to"])
    chunk = params["chunk"]
    cities = [live.city for live in _lives(source, params["cities"])]
    many = len(window.chunks(read_length(chunk), of=len(cities))) * len(cities)
    of = min(many, params["max_parallel"])
    said = f"{source.name} · {_spoken(window)} · {chunk}"
    return [
        Queue(
            name=f"{said} · {nth + 1}/{of}",
            platform=platform,
            stream=source.name,
            cities=list(dict.fromkeys(cities)),
            window=_written(window),
            chunk=chunk,
            nth=nth,
            of=of,
        )
        for nth in range(of)
    ]


def chunks(registry: Registry, queue: Queue) -> list[Place]:
    """The places of a queue, oldest first. Each is a sequence of its own, so what came is not asked for again."""
    source = registry.source(queue["platform"], queue["stream"])
    lives = _lives(source, queue["cities"])
    windows = Window.read(*queue["window"]).chunks(read_length(queue["chunk"]))
    every = [_place(source, live, Asked(window=window)) for window in windows for live in lives]
    return every[queue["nth"] :: queue["of"]]


def must_be_known(params: Mapping[str, Any], form: frozenset[str]) -> None:
    """Raises AskedWrongly for a field that is not in the form: Airflow takes it, and nobody would ever read it."""
    for name in params:
        if name not in form:
            raise AskedWrongly.unknown("field of the form", name, sorted(form))


def _place(source: Source, live: Sequence, what: Asked) -> Place:
    name = " · ".join(part for part in (live.stream, live.city, live.shard) if part)
    if what.window is not None:
        name, sequence = f"{name} · {_spoken(what.window)}", live.within(what.window)
    else:
        # What has no cursor reads all of it at every sync.
        sequence = live.anew(what.anew) if what.anew is not None and not source.reads_all else live
    return Place(name=name, sequence=sequence.id, window=None if what.window is None else _written(what.window))


def _lives(source: Source, cities: Iterable[str]) -> list[Sequence]:
    served = source.connector.cities
    wanted = _chosen("city", cities, served, source.connector.platform)
    return [live for live in source.sequences if live.city in wanted]


def _chosen(kind: str, named: Iterable[str], known: Iterable[str], platform: str) -> list[str]:
    """Those of `known` that are named, in their order; all of them when none is. Raises AskedWrongly."""
    known, named = list(known), list(named)
    for word in named:
        if word not in known:
            raise AskedWrongly.unknown(f"{kind} of {platform}", word, known)
    return [word for word in known if not named or word in named]


def _written(window: Window) -> tuple[str, str]:
    return window.start.isoformat(), window.end.isoformat()


def _spoken(window: Window) -> str:
    """In the city's civil time, since people read it."""
    start, end = (moment.astimezone(CITY_TIME) for moment in (window.start, window.end))
    same_day = start.date() == end.date()
    return f"{start:%Y-%m-%d %H:%M} – {end:%H:%M}" if same_day else f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M}"
