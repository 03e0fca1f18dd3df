"""HTTP with limits: how long, how large, how often, and never to another host."""

from __future__ import annotations

import http.client
import os
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Literal, NoReturn, Self
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, RequestException, SSLError, Timeout
from urllib3.exceptions import HTTPError, ReadTimeoutError

from hutong.budget import Allowance
from hutong.extract.body import ACCEPTED, Cut, Strange, TooLarge, body_of, is_framed
from hutong.extract.complaint import Complaint
from hutong.extract.connections import Adapter, Carried, Deadline, Freshen
from hutong.extract.hosts import Hosts
from hutong.extract.transport import Reply
from hutong.extract.tries import BUSY, Patience, asked_wait_s
from hutong.model.connector import Connector

CONNECT_S = 10.0
SERVER_ERROR = 500
MOST_REDIRECTS = 5
WHOLE = frozenset({200, 201, 203, 204})
"""Statuses of answers that are what was asked for. 206 is a part of one that nobody asked for."""


class Http:
    """One platform's host, for one pull. All that goes wrong becomes a PlatformError that names the stream."""

    def __init__(
        self,
        connector: Connector,
        complaint: Complaint,
        freshen: Freshen,
        allowance: Allowance,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._connector, self.complaint, self._allowance = connector, complaint, allowance
        self._limits, self._hosts = connector.limits, Hosts(connector)
        self._ends, self._requests = time.monotonic() + connector.limits.pull_s, 0
        self._deadline = Deadline(connector.limits.silence_s)
        is_pinned = connector.tls is not None and connector.tls.authority is not None
        self._session = _session(Adapter(freshen, self._deadline, context, is_pinned=is_pinned))
        self._session.headers.update({"Accept-Encoding": ACCEPTED} | connector.headers)
        # Another host gets no credential, certificate or cookie of the platform, and none of its headers, which an
        # owner may have made keys of.
        self._elsewhere = _session(Adapter(Carried, self._deadline))
        self._elsewhere.headers["Accept-Encoding"] = ACCEPTED
        self._elsewhere.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._elsewhere.close()

    def url(self, path: str) -> str:
        """The address of a declared `path` of this platform; one that is a full address stays as it is."""
        return path if path.startswith(("http://", "https://")) else f"{self._hosts.base}/{path.lstrip('/')}"

    def is_own(self, url: str) -> bool:
        """Whether `url` leads to the platform itself."""
        return self._hosts.is_own(url)

    def here(self, at: str, link: str) -> str:
        """The address that `link`, met at `at`, leads to. Raises PlatformRefused when that is a host not declared."""
        try:
            target = self._hosts.reach(at, link)
        except ValueError:
            self.complaint.refused("it gives a link that is no address", "show its owner what it answers")
        if target is None:
            self.complaint.refused(
                f"it points to another host ({ascii(urlsplit(link).netloc.rpartition('@')[2])[:80]})",
                f"that is not followed unless {self.complaint.file} declares it under `hosts`",
            )
        return target

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str | int] | None = None,
        data: Callable[[], bytes] | None = None,
        json: Any = None,
        auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] | None = None,
    ) -> Reply:
        """Ask, and ask again while the platform is busy or the line is bad. Statuses are not judged here: see `check`.

        data, auth: the body, and what else shows who asks, both made only when they are sent: what holds secrets is no
        variable that a traceback could show.
        Raises what `Allowance.take` does, PlatformBusy when it cannot be reached, is too slow, or the pull is at its
        end, PlatformRefused for a redirect elsewhere, PlatformGarbled for an answer that is cut short or too large.
        """
        request = _Request(method, url, headers, params, data, json, auth)
        began, left, tries = time.monotonic(), Patience(self._connector), 0
        while True:
            tries += 1
            reply, failed, asked_s = None, None, None
            try:
                reply, asked_s = self._tried(request)
            except _Failed as met:
                failed = met
            if reply is not None and reply.status not in BUSY:
                self._allowance.answered()
                return replace(reply, elapsed_s=time.monotonic() - began, attempts=tries)
            if reply is None or reply.status != SERVER_ERROR or asked_s is not None:
                # Of a plain 500, which is also how SOAP sends its faults, the question is as often the cause as the
                # platform: one stream that is out of order must not keep all others from being asked.
                self._allowance.failed(asked_s)
            pause_s = left.pause_s(asked_s)
            if pause_s is not None and time.monotonic() + pause_s < self._ends:
                time.sleep(pause_s)
            elif failed is not None:
                self._give_up(failed, tries)
            elif asked_s is not None and asked_s > self._limits.retry_wait_s:
                self.complaint.busy(f"it asks to be left alone for {asked_s:g} s (Retry-After)")
            elif reply is not None:
                return replace(reply, elapsed_s=time.monotonic() - began, attempts=tries)

    def check(self, reply: Reply, secret_names: tuple[str, ...]) -> None:
        """Raise what the status of `reply` means, if it is not success."""
        status = reply.status
        if status in WHOLE:
            return
        if status in (401, 403):
            held = f"check the secrets {' and '.join(secret_names)}" if secret_names else "declare its `auth`"
            self.complaint.refused(
                f"it refuses the credential (HTTP {status})", f"{held}, or ask its owner about rights"
            )
        if status == 202:
            self.complaint.busy("it is still at work on its answer (HTTP 202)")
        if status < 300:
            self.complaint.garbled(f"its answer is none to this question (HTTP {status})", "show its owner")
        if status == 429 or status >= 500:
            self.complaint.busy(f"it is busy or out of order (HTTP {status}, {reply.attempts} tries)")
        self.complaint.lost(
            f"it does not accept {urlsplit(reply.url).path} (HTTP {status})",
            f"correct address, path and parameters in {self.complaint.file}",
        )

    def _tried(self, request: _Request) -> tuple[Reply, float | None]:
        """The answer to one try, and the seconds after which the platform wants the next one. Raises _Failed."""
        url, params = request.url, request.params
        for _ in range(MOST_REDIRECTS + 1):
            with self._allowance.turn(), self._opened(request, url, params) as response:
                if not response.is_redirect:
                    return self._reply(response), asked_wait_s(response.headers.get("Retry-After"))
                url, params = self._redirected(request.method, response), None
        self.complaint.refused("it redirects in a circle", f"correct the address in {self.complaint.file}")

    def _opened(self, request: _Request, url: str, params: Mapping[str, str | int] | None) -> requests.Response:
        """The answer of one host, its body not read yet. Raises _Failed."""
        self._begin()
        session = self._session if self.is_own(url) else self._elsewhere
        silence_s, verify = self._deadline.next_s(), session.verify
        try:
            # Not by `session.prepare_request`, which merges what a session may hold for half as long again.
            prepared = requests.Request(
                request.method,
                url,
                params=params,
                headers={**session.headers, **request.headers},
                data=request.data and request.data(),
                json=request.json,
                auth=request.auth if url == request.url else None,
                cookies=session.cookies,
            ).prepare()
            return session.send(prepared, timeout=(min(CONNECT_S, silence_s), silence_s), verify=verify, stream=True)
        except SSLError as error:
            if isinstance(_innermost(error), ssl.SSLEOFError | ssl.SSLZeroReturnError):
                raise _Failed("busy", f"{self._host} breaks off while a secure connection is made") from None
            if "alert" in str(_innermost(error)).lower():  # what the other side says, when it is the one that refuses
                self.complaint.refused(
                    "it does not accept our certificate, or wants one",
                    f"declare `tls` in {self.complaint.file}, and ask its owner what certificate it wants",
                )
            self.complaint.refused(
                "its certificate is not trusted",
                f"check the address in {self.complaint.file}, or name its authority in `tls` or REQUESTS_CA_BUNDLE",
            )
        except InvalidHeader as error:
            if isinstance(_innermost(error), HTTPError):
                # The platform's own header, such as two lengths.
                raise _Failed("garbled", "its answer is no proper HTTP") from None
            self.complaint.refused("it cannot be asked", f"correct the headers in {self.complaint.file}")
        except (InvalidURL, InvalidSchema):
            self.complaint.refused("it cannot be asked", f"correct the address in {self.complaint.file}")
        except Timeout:
            raise self._slow() from None
        except RequestException as error:
            inner = _innermost(error)
            if isinstance(inner, http.client.HTTPException) and not isinstance(inner, ConnectionError):
                raise _Failed("garbled", f"its answer is no proper HTTP ({type(inner).__name__})") from None
            raise _Failed("busy", f"{self._host} cannot be reached ({type(inner).__name__})") from None

    def _reply(self, response: requests.Response) -> Reply:
        """The answer with its body. Raises _Failed."""
        headers, most = response.headers, self._limits.answer_bytes
        try:
            framed = is_framed(response.raw, headers)
            body = body_of(response.raw, headers, most)
        except TooLarge:
            self.complaint.garbled(
                f"its answer is larger than {most} bytes",
                f"ask for smaller pages, or raise limits.answer_bytes in {self.complaint.file}",
            )
        except Strange as strange:
            self.complaint.garbled(str(strange), "ask the platform's owner")
        except ReadTimeoutError:
            raise self._slow() from None
        except (Cut, HTTPError):
            raise _Failed("garbled", "its answer is cut short or damaged") from None
        if self._deadline.has_surplus:
            raise _Failed("garbled", "its answer is longer than it says")
        return Reply(
            url=response.url,
            status=response.status_code,
            content_type=headers.get("Content-Type", ""),
            body=body,
            fetched_at=datetime.now(UTC),
            elapsed_s=0.0,
            attempts=1,
            links={rel: link["url"] for rel, link in response.links.items()},
            is_framed=framed,
        )

    def _begin(self) -> None:
        """Count one request. Raises PlatformBusy when the pull may ask no more."""
        left_s = self._ends - time.monotonic()
        if left_s <= 0:
            self.complaint.busy(f"this pull has taken {self._limits.pull_s:g} s (limits.pull_s)")
        if self._requests >= self._limits.requests:
            self.complaint.busy(f"this pull has made {self._requests} requests (limits.requests)")
        self._requests += 1
        self._deadline.begin(min(self._limits.answer_s, left_s))

    def _slow(self) -> _Failed:
        """What a time-out means: an answer that takes too long by itself is not asked for again."""
        if not self._deadline.is_over:
            return _Failed("busy", f"{self._host} does not answer within {self._limits.silence_s:g} s")
        if time.monotonic() >= self._ends:
            self.complaint.busy(f"this pull has taken {self._limits.pull_s:g} s (limits.pull_s)")
        self._allowance.failed()
        self.complaint.busy(f"its answer takes longer than {self._limits.answer_s:g} s (limits.answer_s)")

    def _give_up(self, failed: _Failed, tries: int) -> NoReturn:
        said = f"{failed.said}, {tries} tries" if tries > 1 else failed.said
        if failed.kind == "garbled":
            self.complaint.garbled(said, "try again; if it stays so, ask the platform's owner")
        self.complaint.busy(said)

    @property
    def _host(self) -> str:
        return urlsplit(self._hosts.base).netloc

    def _redirected(self, method: str, response: requests.Response) -> str:
        if method != "GET":
            # What a POST carries (a login, a licence) is not sent a second time to wherever the answer points.
            self.complaint.refused(
                f"it redirects a POST (HTTP {response.status_code})",
                f"correct address and path in {self.complaint.file}",
            )
        return self.here(response.url, response.headers["Location"])


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    params: Mapping[str, str | int] | None
    data: Callable[[], bytes] | None
    json: Any
    auth: Callable[[requests.PreparedRequest], requests.PreparedRequest] | None


class _Failed(Exception):
    """A try failed in a way that another one may not."""

    def __init__(self, kind: Literal["busy", "garbled"], said: str) -> None:
        self.kind, self.said = kind, said
        super().__init__(said)


class _Session(requests.Session):
    """requests' session without its redirects, whose bodies it reads without a limit even if told not to follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: `Http` follows what may be followed."""


def _session(adapter: Adapter) -> requests.Session:
    session = _Session()
    # A credential goes to no proxy that the environment names, and no password of ~/.netrc takes its place. Of the
    # environment only the authorities of cities that have their own count.
    session.trust_env = False
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _innermost(error: BaseException) -> BaseException:
    """What lies at the bottom of requests' and urllib3's errors: it says more than theirs, and holds no address."""
    inner = getattr(error, "reason", None)
    if not isinstance(inner, BaseException):
        inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None) or error.__cause__
    return error if inner is None else _innermost(inner)
