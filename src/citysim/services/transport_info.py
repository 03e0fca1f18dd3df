"""The transport platform: signed JSON, errors inside HTTP 200, page and size; and one zip, of the buses' timetable."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from starlette.applications import Starlette

from citysim.clock import from_beijing_text
from citysim.laps import Laps
from citysim.services.answer import Answer, Asked, application
from citysim.services.credentials import Credentials
from citysim.services.served import ServedLog
from citysim.views import buses, detectors, parking, road_status, timetable
from citysim.views import transport_info as sections
from citysim.views.city import City, Shown, View

PAGE, LARGEST_PAGE = 50, 100
LARGEST_BULK_PAGE = 2000
"""Of what came later than the flow of sections."""
CLOCK_WINDOW_S = 300
LOGGED = frozenset({"startTime", "endTime", "page", "size"})

BAD_SIGNATURE = ("1001", "签名错误")
BAD_CLOCK = ("1002", "时间戳超出允许范围")
USED_NONCE = ("1003", "nonce重复")
UNKNOWN_KEY = ("1004", "appKey无效")
NO_SUCH_ROUTE = ("1404", "接口不存在")
BROKEN = ("9999", "系统异常")


class _Refused(Exception):
    """The request gets an error code."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code, self.said = code, said


class _Nonces:
    """The nonces of the last minutes, of which none may be used again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._used: dict[str, float] = {}

    def use(self, nonce: str, now_s: float) -> bool:
        """False when the nonce was used before."""
        with self._lock:
            # Twice the window: a stamp may lie that far ahead of the clock and stay good as long.
            self._used = {one: at for one, at in self._used.items() if at > now_s - 2 * CLOCK_WINDOW_S}
            if nonce in self._used:
                return False
            self._used[nonce] = now_s
            return True


def transport_info(laps: Laps, credentials: Credentials, served: ServedLog) -> Starlette:
    """The service."""
    nonces, city = _Nonces(), laps.city

    def timed(of: Callable[[City], View], largest: int) -> Callable[[Asked], Answer]:
        """Rows of a window of time, page by page."""

        def answered(asked: Asked) -> Answer:
            begin, end = (_moment(asked, name) for name in ("startTime", "endTime"))
            found: list[Shown] = []
            for lap in laps.begun():
                now_s = laps.now_s(lap)
                begin_s, end_s = ((moment - lap.recording_start).total_seconds() for moment in (begin, end))
                found += [one for one in of(lap).shown if begin_s <= one.stamp_s < end_s and one.known_s <= now_s]
            return _page(asked, largest, found)

        return answered

    def listed(of: Callable[[City], View], largest: int) -> Callable[[Asked], Answer]:
        """All rows there are, page by page."""
        return lambda asked: _page(asked, largest, of(city).shown)

    def gtfs(asked: Asked) -> Answer:
        feed = timetable.feed(city)
        shown = [*feed.stops.shown, *feed.route_stops.shown]
        return Answer(
            feed.body,
            media_type="application/zip",
            record_ids=[one.record_id for one in shown],
            fault_ids=list(dict.fromkeys(one.record_id for one in shown if one.fault is not None)),
        )

    def signed(handler: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        def answered(asked: Asked) -> Answer:
            try:
                _check(asked.params, credentials, nonces)
                return handler(asked)
            except _Refused as refused:
                return _error(refused.code, refused.said)

        return answered

    return application(
        {
            ("GET", "/openapi/v1/section/flow"): signed(timed(sections.flow, LARGEST_PAGE)),
            ("GET", "/openapi/v1/road/status"): signed(timed(road_status.road_status, LARGEST_BULK_PAGE)),
            ("GET", "/openapi/v1/bus/positions"): signed(timed(buses.bus_positions, LARGEST_BULK_PAGE)),
            ("GET", "/openapi/v1/bus/gtfs"): signed(gtfs),
            ("GET", "/openapi/v1/parking/facilities"): signed(listed(parking.facilities, LARGEST_BULK_PAGE)),
            ("GET", "/openapi/v1/parking/spaces"): signed(timed(parking.spaces, LARGEST_BULK_PAGE)),
            ("GET", "/openapi/v1/detector/list"): signed(listed(detectors.detectors, LARGEST_BULK_PAGE)),
            ("GET", "/openapi/v1/detector/flow"): signed(timed(detectors.detector_flow, LARGEST_BULK_PAGE)),
        },
        served=served,
        logged_params=LOGGED,
        not_found=lambda asked: _error(*NO_SUCH_ROUTE),
        broken=_error(*BROKEN, status=500),
    )


def signature(params: Mapping[str, str], secret: str) -> str:
    """Hex HMAC-SHA256 of "k=v&k=v..." over all parameters but sign, sorted by name, values as they are."""
    text = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "sign")
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _check(params: Mapping[str, str], credentials: Credentials, nonces: _Nonces) -> None:
    """Raises _Refused unless the request is signed, fresh and not seen before."""
    for name in ("appKey", "timestamp", "nonce", "sign"):
        if not params.get(name):
            raise _bad(name)
    if not params["timestamp"].isascii() or not params["timestamp"].isdigit():
        raise _bad("timestamp")
    if not hmac.compare_digest(params["appKey"].encode(), credentials.transport_app_key.encode()):
        raise _Refused(*UNKNOWN_KEY)
    now_s = time.time()
    if abs(int(params["timestamp"]) / 1000 - now_s) > CLOCK_WINDOW_S:
        raise _Refused(*BAD_CLOCK)
    if not hmac.compare_digest(
        params["sign"].lower().encode(), signature(params, credentials.transport_secret).encode()
    ):
        raise _Refused(*BAD_SIGNATURE)
    # Last, so that nobody can use up the nonces of others without knowing the secret.
    if not nonces.use(params["nonce"], now_s):
        raise _Refused(*USED_NONCE)


def _page(asked: Asked, largest: int, found: Sequence[Shown]) -> Answer:
    page, size = _whole(asked, "page", 1), min(_whole(asked, "size", PAGE), largest)
    rows = found[(page - 1) * size : page * size]
    data = {"page": page, "size": size, "total": len(found), "rows": [one.record for one in rows]}
    return Answer(
        _json({"code": "0000", "msg": "成功", "data": data}),
        record_ids=[one.record_id for one in rows],
        fault_ids=[one.record_id for one in rows if one.fault is not None],
    )


def _moment(asked: Asked, name: str) -> datetime:
    try:
        return from_beijing_text(asked.params.get(name, ""))
    except ValueError:
        raise _bad(name) from None


def _whole(asked: Asked, name: str, default: int) -> int:
    text = asked.params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise _bad(name)
    return int(text)


def _bad(name: str) -> _Refused:
    return _Refused("1005", f"参数错误: {name}")


def _error(code: str, said: str, status: int = 200) -> Answer:
    return Answer(_json({"code": code, "msg": said, "data": None}), status=status)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
