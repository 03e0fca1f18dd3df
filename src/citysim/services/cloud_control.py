"""The cloud-control platform: REST JSON, a bearer token by login, and an offset that is a page number."""

import bisect
import itertools
import math
from collections.abc import Callable, Sequence
from threading import Lock
from weakref import WeakKeyDictionary

from starlette.applications import Starlette

from citysim.laps import Laps
from citysim.services.answer import Answer, Asked, application
from citysim.services.cloud_rest import (
    LOGGED,
    RSM_LARGEST_PAGE,
    RSM_PAGE,
    Door,
    error,
    messages,
    ok,
    page_asked,
    window_asked_ms,
)
from citysim.services.credentials import Credentials
from citysim.services.served import ServedLog
from citysim.views import cloud_control as view
from citysim.views.city import City
from citysim.views.cloud_control import Envelope
from citysim.views.connected import bsm_messages, cloud_reports
from citysim.views.heartbeats import heartbeats
from citysim.views.map_messages import map_messages
from citysim.views.messages import Message, flat, within
from citysim.views.rsi import event_of, rsi_messages, sign_messages
from citysim.views.spat import spat_messages

RSU_PAGE, RSU_LARGEST_PAGE = 100, 500
MESSAGE_PAGE, MESSAGE_LARGEST_PAGE = 500, 5000


class _EnvelopeIndex:
    """How many envelopes each minute holds and when, kept small so that a page can be found without rendering all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stamps: WeakKeyDictionary[City, dict[int, list[int]]] = WeakKeyDictionary()

    def page(
        self, laps: Sequence[City], from_ms: int, to_ms: int, first: int, count: int
    ) -> tuple[int, list[Envelope]]:
        """Envelopes with from_ms <= timestamp < to_ms: how many in all, and `count` of them from number `first` on."""
        total = 0
        found: list[Envelope] = []
        for lap in laps:
            for minute in _minutes(lap, from_ms, to_ms):
                stamps = self._stamps_of(lap, minute)
                begin, end = bisect.bisect_left(stamps, from_ms), bisect.bisect_left(stamps, to_ms)
                low, high = begin + max(0, first - total), min(end, begin + first + count - total)
                if low < high:
                    found += view.rsm(lap, minute).envelopes[low:high]
                total += end - begin
        return total, found

    def _stamps_of(self, lap: City, minute: int) -> list[int]:
        with self._lock:
            stamps = self._stamps.setdefault(lap, {})
            if minute not in stamps:
                stamps[minute] = view.rsm_timestamps(lap, minute)
            return stamps[minute]


def _minutes(lap: City, from_ms: int, to_ms: int) -> range:
    start_ms = _start_ms(lap)
    last = math.ceil(lap.truth.duration_s / 60)
    return range(max(0, (from_ms - start_ms) // 60_000), min(last, -((start_ms - to_ms) // 60_000)))


def _start_ms(lap: City) -> int:
    return round(lap.recording_start.timestamp() * 1000)


def cloud_control(laps: Laps, credentials: Credentials, served: ServedLog, token_life_s: float = 1800.0) -> Starlette:
    """The service. token_life_s: real seconds for which a token is good."""
    door, index, city = Door(credentials, token_life_s), _EnvelopeIndex(), laps.city

    def rsus(asked: Asked) -> Answer:
        first, limit = page_asked(asked, RSU_PAGE, RSU_LARGEST_PAGE)
        shown = view.rsus(city).shown
        page = shown[first : first + limit]
        return ok(
            {"count": len(shown), "data": [one.record for one in page]},
            record_ids=[one.record_id for one in page],
            fault_ids=[one.record_id for one in page if one.fault is not None],
        )

    def rsm(asked: Asked) -> Answer:
        first, limit = page_asked(asked, RSM_PAGE, RSM_LARGEST_PAGE)
        from_ms, to_ms = window_asked_ms(asked)
        known_ms = _start_ms(city) + math.floor(laps.now_s(city) * 1000) + 1
        total, page = index.page(laps.begun(), from_ms, min(to_ms, known_ms), first, limit)
        return messages(
            total,
            [one.text for one in page],
            record_ids=list(itertools.chain.from_iterable(one.record_ids for one in page)),
            fault_ids=list(itertools.chain.from_iterable(one.fault_ids for one in page)),
        )

    def listed(found: Callable[[], Sequence[Message]]) -> Callable[[Asked], Answer]:
        """Answers with pages of what `found` gives."""

        def answered(asked: Asked) -> Answer:
            first, limit = page_asked(asked, MESSAGE_PAGE, MESSAGE_LARGEST_PAGE)
            all_of_them = found()
            page = all_of_them[first : first + limit]
            return ok(
                {"count": len(all_of_them), "data": [one.body for one in page]},
                record_ids=list(itertools.chain.from_iterable(one.record_ids for one in page)),
                fault_ids=list(itertools.chain.from_iterable(one.fault_ids for one in page)),
            )

        return answered

    def in_window(
        found: Callable[[City], Sequence[Message]], is_newest_only: bool = False
    ) -> Callable[[Asked], Answer]:
        """As `listed`, of the messages in the window that is asked for."""

        def answered(asked: Asked) -> Answer:
            from_ms, to_ms = window_asked_ms(asked)
            shown: list[Message] = []
            for lap in laps.begun():
                from_s, to_s = ((moment_ms - _start_ms(lap)) / 1000 for moment_ms in (from_ms, to_ms))
                now_s = laps.now_s(lap)
                of_lap = _newest(found(lap), now_s) if is_newest_only else found(lap)
                shown += within(of_lap, from_s, to_s, now_s)
            return listed(lambda: shown)(asked)

        return answered

    return application(
        {
            ("POST", "/api/v1/login"): door.guarded(door.login, needs_token=False),
            ("GET", "/api/v1/rsus"): door.guarded(rsus),
            ("GET", "/api/v1/rsm"): door.guarded(rsm),
            ("GET", "/api/v1/spat"): door.guarded(in_window(spat_messages)),
            ("GET", "/api/v1/rsi/events"): door.guarded(in_window(rsi_messages, is_newest_only=True)),
            ("GET", "/api/v1/rsi/signs"): door.guarded(listed(lambda: sign_messages(city))),
            ("GET", "/api/v1/map"): door.guarded(listed(lambda: map_messages(city))),
            ("GET", "/api/v1/rsus/status"): door.guarded(in_window(lambda lap: flat(heartbeats(lap)))),
            ("GET", "/api/v1/bsm"): door.guarded(in_window(bsm_messages)),
            ("GET", "/api/v1/vehicles/status"): door.guarded(in_window(lambda lap: flat(cloud_reports(lap)))),
        },
        served=served,
        logged_params=LOGGED,
        not_found=lambda asked: error(404, "not found"),
        broken=error(500, "internal error"),
    )


def _newest(found: Sequence[Message], now_s: float) -> list[Message]:
    """Of each event the version that is known last at `now_s`, with the second copies of a planted duplicate."""
    last: dict[str, float] = {}
    for one in found:
        if one.known_s <= now_s:
            event = event_of(one.record_ids[0])
            last[event] = max(last.get(event, -math.inf), one.known_s)
    return [one for one in found if last.get(event_of(one.record_ids[0])) == one.known_s]
