"""The cloud-control platform: REST JSON, a bearer token by login, and an offset that is a page number."""

import bisect
import hmac
import itertools
import json
import math
import secrets
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from starlette.applications import Starlette

from citysim.laps import Laps
from citysim.services.answer import Answer, Asked, application
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
RSM_PAGE, RSM_LARGEST_PAGE = 500, 2000
MESSAGE_PAGE, MESSAGE_LARGEST_PAGE = 500, 5000
LOGGED = frozenset({"offset", "limit", "from_date", "to_date"})


class _Refused(Exception):
    """The request gets an error answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


class _Tokens:
    """Who logged in, and until when; real time, as a session is no part of the city's clock."""

    def __init__(self, life_s: float) -> None:
        self.life_s, self._lock = life_s, Lock()
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        token = secrets.token_urlsafe(32)
        with self._lock:
            now = time.monotonic()
            self._ends = {known: end for known, end in self._ends.items() if end > now} | {token: now + self.life_s}
        return token

    def is_valid(self, token: str) -> bool:
        with self._lock:
            return self._ends.get(token, 0.0) > time.monotonic()


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
    tokens, index, city = _Tokens(token_life_s), _EnvelopeIndex(), laps.city

    def login(asked: Asked) -> Answer:
        try:
            sent = json.loads(asked.body)
            user, password = str(sent["username"]), str(sent["password"])
        except (ValueError, KeyError, TypeError):
            raise _Refused(400, "bad request: username and password are required") from None
        is_user = hmac.compare_digest(user.encode(), credentials.cloud_user.encode())
        if not (hmac.compare_digest(password.encode(), credentials.cloud_password.encode()) and is_user):
            raise _Refused(401, "incorrect username or password")
        life = math.floor(tokens.life_s)
        return _ok({"data": {"token_type": "bearer", "access_token": tokens.issue(), "expires_in": life}})

    def rsus(asked: Asked) -> Answer:
        first, limit = _page(asked, RSU_PAGE, RSU_LARGEST_PAGE)
        shown = view.rsus(city).shown
        page = shown[first : first + limit]
        return _ok(
            {"count": len(shown), "data": [one.record for one in page]},
            record_ids=[one.record_id for one in page],
            fault_ids=[one.record_id for one in page if one.fault is not None],
        )

    def rsm(asked: Asked) -> Answer:
        first, limit = _page(asked, RSM_PAGE, RSM_LARGEST_PAGE)
        # Seconds here and milliseconds in the records: this platform really has both.
        from_ms, to_ms = (_whole(asked, name) * 1000 for name in ("from_date", "to_date"))
        if from_ms >= to_ms:
            raise _Refused(400, "bad request: from_date must be before to_date")
        known_ms = _start_ms(city) + math.floor(laps.now_s(city) * 1000) + 1
        total, page = index.page(laps.begun(), from_ms, min(to_ms, known_ms), first, limit)
        body = f'{{"code":0,"msg":"ok","count":{total},"data":[{",".join(one.text for one in page)}]}}'
        return Answer(
            body.encode(),
            record_ids=list(itertools.chain.from_iterable(one.record_ids for one in page)),
            fault_ids=list(itertools.chain.from_iterable(one.fault_ids for one in page)),
        )

    def listed(found: Callable[[], Sequence[Message]]) -> Callable[[Asked], Answer]:
        """Answers with pages of what `found` gives."""

        def answered(asked: Asked) -> Answer:
            first, limit = _page(asked, MESSAGE_PAGE, MESSAGE_LARGEST_PAGE)
            all_of_them = found()
            page = all_of_them[first : first + limit]
            return _ok(
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
            from_ms, to_ms = (_whole(asked, name) * 1000 for name in ("from_date", "to_date"))
            if from_ms >= to_ms:
                raise _Refused(400, "bad request: from_date must be before to_date")
            shown: list[Message] = []
            for lap in laps.begun():
                from_s, to_s = ((moment_ms - _start_ms(lap)) / 1000 for moment_ms in (from_ms, to_ms))
                now_s = laps.now_s(lap)
                of_lap = _newest(found(lap), now_s) if is_newest_only else found(lap)
                shown += within(of_lap, from_s, to_s, now_s)
            return listed(lambda: shown)(asked)

        return answered

    def guarded(handler: Callable[[Asked], Answer], needs_token: bool = True) -> Callable[[Asked], Answer]:
        def answered(asked: Asked) -> Answer:
            scheme, _, token = asked.headers.get("authorization", "").partition(" ")
            if needs_token and not (scheme.lower() == "bearer" and tokens.is_valid(token.strip())):
                return _error(401, "token is missing, invalid or expired")
            try:
                return handler(asked)
            except _Refused as refused:
                return _error(refused.status, refused.said)

        return answered

    return application(
        {
            ("POST", "/api/v1/login"): guarded(login, needs_token=False),
            ("GET", "/api/v1/rsus"): guarded(rsus),
            ("GET", "/api/v1/rsm"): guarded(rsm),
            ("GET", "/api/v1/spat"): guarded(in_window(spat_messages)),
            ("GET", "/api/v1/rsi/events"): guarded(in_window(rsi_messages, is_newest_only=True)),
            ("GET", "/api/v1/rsi/signs"): guarded(listed(lambda: sign_messages(city))),
            ("GET", "/api/v1/map"): guarded(listed(lambda: map_messages(city))),
            ("GET", "/api/v1/rsus/status"): guarded(in_window(lambda lap: flat(heartbeats(lap)))),
            ("GET", "/api/v1/bsm"): guarded(in_window(bsm_messages)),
            ("GET", "/api/v1/vehicles/status"): guarded(in_window(lambda lap: flat(cloud_reports(lap)))),
        },
        served=served,
        logged_params=LOGGED,
        not_found=lambda asked: _error(404, "not found"),
        broken=_error(500, "internal error"),
    )


def _newest(found: Sequence[Message], now_s: float) -> list[Message]:
    """Of each event the version that is known last at `now_s`, with the second copies of a planted duplicate."""
    last: dict[str, float] = {}
    for one in found:
        if one.known_s <= now_s:
            event = event_of(one.record_ids[0])
            last[event] = max(last.get(event, -math.inf), one.known_s)
    return [one for one in found if last.get(event_of(one.record_ids[0])) == one.known_s]


def _page(asked: Asked, size: int, largest: int) -> tuple[int, int]:
    """Number of the first row, and rows wanted. `offset` counts pages from 1; a large limit is cut without a word."""
    page, limit = _whole(asked, "offset", 1), _whole(asked, "limit", size)
    if page < 1 or limit < 1:
        raise _Refused(400, "bad request: offset and limit start at 1")
    limit = min(limit, largest)
    return (page - 1) * limit, limit


def _whole(asked: Asked, name: str, default: int | None = None) -> int:
    text = asked.params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise _Refused(400, f"bad request: {name} must be a whole number")
    return int(text)


def _ok(fields: dict[str, Any], record_ids: Sequence[str] = (), fault_ids: Sequence[str] = ()) -> Answer:
    return Answer(_json({"code": 0, "msg": "ok", **fields}), record_ids=record_ids, fault_ids=fault_ids)


def _error(status: int, said: str) -> Answer:
    return Answer(_json({"code": status, "msg": said}), status=status)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
