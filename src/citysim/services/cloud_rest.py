"""How the cloud-control platform answers: REST JSON with a code of its own, a bearer token by login, and an offset that
is a page number.
"""

import hmac
import json
import math
import secrets
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

from citysim.services.answer import Answer, Asked
from citysim.services.credentials import Credentials

RSM_PAGE, RSM_LARGEST_PAGE = 500, 2000
LOGGED = frozenset({"offset", "limit", "from_date", "to_date"})


class Refused(Exception):
    """The request gets an error answer."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


class Door:
    """Who logged in, and until when; real time, as a session is no part of the city's clock."""

    def __init__(self, credentials: Credentials, token_life_s: float) -> None:
        self._credentials, self._life_s, self._lock = credentials, token_life_s, Lock()
        self._ends: dict[str, float] = {}

    def login(self, asked: Asked) -> Answer:
        """A token for whoever sends the right name and password."""
        try:
            sent = json.loads(asked.body)
            user, password = str(sent["username"]), str(sent["password"])
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "bad request: username and password are required") from None
        is_user = hmac.compare_digest(user.encode(), self._credentials.cloud_user.encode())
        if not (hmac.compare_digest(password.encode(), self._credentials.cloud_password.encode()) and is_user):
            raise Refused(401, "incorrect username or password")
        life = math.floor(self._life_s)
        return ok({"data": {"token_type": "bearer", "access_token": self._issue(), "expires_in": life}})

    def guarded(self, handler: Callable[[Asked], Answer], needs_token: bool = True) -> Callable[[Asked], Answer]:
        """`handler`, for those who have a token; what it refuses becomes an error answer."""

        def answered(asked: Asked) -> Answer:
            scheme, _, token = asked.headers.get("authorization", "").partition(" ")
            if needs_token and not (scheme.lower() == "bearer" and self._is_valid(token.strip())):
                return error(401, "token is missing, invalid or expired")
            try:
                return handler(asked)
            except Refused as refused:
                return error(refused.status, refused.said)

        return answered

    def _issue(self) -> str:
        token = secrets.token_urlsafe(32)
        with self._lock:
            now = time.monotonic()
            self._ends = {known: end for known, end in self._ends.items() if end > now} | {token: now + self._life_s}
        return token

    def _is_valid(self, token: str) -> bool:
        with self._lock:
            return self._ends.get(token, 0.0) > time.monotonic()


def page_asked(asked: Asked, size: int, largest: int) -> tuple[int, int]:
    """Number of the first row, and rows wanted. `offset` counts pages from 1; a large limit is cut without a word."""
    page, limit = whole(asked, "offset", 1), whole(asked, "limit", size)
    if page < 1 or limit < 1:
        raise Refused(400, "bad request: offset and limit start at 1")
    limit = min(limit, largest)
    return (page - 1) * limit, limit


def window_asked_ms(asked: Asked) -> tuple[int, int]:
    """The window [from, to) that is asked for, in epoch milliseconds."""
    # Seconds here and milliseconds in the records: this platform really has both.
    from_ms, to_ms = (whole(asked, name) * 1000 for name in ("from_date", "to_date"))
    if from_ms >= to_ms:
        raise Refused(400, "bad request: from_date must be before to_date")
    return from_ms, to_ms


def whole(asked: Asked, name: str, default: int | None = None) -> int:
    """A parameter that is a whole number."""
    text = asked.params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Refused(400, f"bad request: {name} must be a whole number")
    return int(text)


def messages(total: int, texts: Sequence[str], record_ids: Sequence[str] = (), fault_ids: Sequence[str] = ()) -> Answer:
    """A page of RSM envelopes that are text already, of `total` in the window."""
    body = f'{{"code":0,"msg":"ok","count":{total},"data":[{",".join(texts)}]}}'
    return Answer(body.encode(), record_ids=record_ids, fault_ids=fault_ids)


def ok(fields: dict[str, Any], record_ids: Sequence[str] = (), fault_ids: Sequence[str] = ()) -> Answer:
    """An answer that went well."""
    return Answer(_json({"code": 0, "msg": "ok", **fields}), record_ids=record_ids, fault_ids=fault_ids)


def error(status: int, said: str) -> Answer:
    """An answer that did not."""
    return Answer(_json({"code": status, "msg": said}), status=status)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
