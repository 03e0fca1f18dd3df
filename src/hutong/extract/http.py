"""HTTP with limits: how long, how large, and never to another host."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import requests
from requests.exceptions import (
    ChunkedEncodingError,
    ContentDecodingError,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    RequestException,
    SSLError,
    Timeout,
)

from hutong.budget import Allowance
from hutong.errors import RegistryError
from hutong.extract.complaint import Complaint
from hutong.extract.transport import Reply
from hutong.extract.tries import BUSY, Carried, FreshAdapter, Freshen, tries
from hutong.model.connector import Connector

CONNECT_S = 10.0
MOST_REDIRECTS = 5
CHUNK = 64 * 1024
NO_PROXIES = {"http": "", "https": "", "all": ""}


class Http:
    """One platform's host. All that goes wrong on the way becomes a PlatformError that names the stream."""

    def __init__(
        self,
        connector: Connector,
        complaint: Complaint,
        freshen: Freshen,
        allowance: Allowance,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._connector, self.complaint, self._allowance = connector, complaint, allowance
        self._base = _base(connector)
        is_pinned = connector.tls is not None and connector.tls.authority is not None
        self._session = _session(FreshAdapter(freshen, connector.retries, allowance, context, is_pinned=is_pinned))
        self._session.headers.update(connector.headers)
        # Another host gets no credential, certificate or cookie of the platform, and none of its headers, which an
        # owner may have made keys of.
        self._elsewhere = _session(FreshAdapter(Carried, connector.retries, allowance))
        self._elsewhere.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()
        self._elsewhere.close()

    def url(self, path: str) -> str:
        """The address of a declared `path` of this platform; one that is a full address stays as it is."""
        return path if path.startswith(("http://", "https://")) else f"{self._base}/{path.lstrip('/')}"

    def here(self, at: str, link: str) -> str:
        """The address that `link`, met at `at`, leads to. Raises PlatformRefused when that is another host."""
        try:
            target = urljoin(at, link)
            is_here = _origin(target) == _origin(self._base)
        except ValueError:
            self.complaint.refused("it gives a link that is no address", "show its owner what it answers")
        if not is_here:
            self.complaint.refused(
                f"it points to another host ({ascii(urlsplit(target).netloc.rpartition('@')[2])[:80]})",
                f"that is not followed: correct the address in {self.complaint.file}, or the platform's links",
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
        """Ask, with retries while the platform is busy. Statuses are not judged here: see `check`.

        data, auth: the body, and what else shows who asks, both made only when they are sent: what holds secrets is no
        variable that a traceback could show.
        Raises what `Allowance.take` does, PlatformBusy when it cannot be reached, PlatformRefused for a redirect
        elsewhere, PlatformGarbled for an answer that is cut short or too large.
        """
        began, attempts = time.monotonic(), 0
        request: dict[str, Any] = {"headers": dict(headers), "json": json, "auth": auth, "proxies": NO_PROXIES}
        timeout = (min(CONNECT_S, self._connector.limits.silence_s), self._connector.limits.silence_s)
        try:
            for _ in range(MOST_REDIRECTS + 1):
                session = self._session if _origin(url) == _origin(self._base) else self._elsewhere
                with (
                    self._allowance.turn(),
                    session.request(
                        method, url, params=params, data=data and data(), timeout=timeout, stream=True, **request
                    ) as response,
                ):
                    attempts += tries(response)
                    if response.is_redirect:
                        url, params = self._redirected(method, response), None
                        continue
                    body = self._read(response)
                    if response.status_code not in BUSY:
                        self._allowance.answered()
                    return Reply(
                        url=response.url,
                        status=response.status_code,
                        content_type=response.headers.get("Content-Type", ""),
                        body=body,
                        fetched_at=datetime.now(UTC),
                        elapsed_s=time.monotonic() - began,
                        attempts=attempts,
                        links={rel: link["url"] for rel, link in response.links.items()},
                    )
        except SSLError:
            self.complaint.refused(
                "its certificate is not trusted",
                f"check the address in {self.complaint.file}, or name its authority in REQUESTS_CA_BUNDLE",
            )
        except (ChunkedEncodingError, ContentDecodingError):
            self.complaint.garbled("its answer is cut short", "try again; if it stays so, ask the platform's owner")
        except (InvalidURL, InvalidHeader, InvalidSchema):
            self.complaint.refused("it cannot be asked", f"correct address and headers in {self.complaint.file}")
        except Timeout:
            self._allowance.failed()
            self.complaint.busy(f"{self._host} does not answer within {self._connector.limits.silence_s:g} s")
        except RequestException as error:
            self._allowance.failed()
            self.complaint.busy(f"{self._host} cannot be reached ({_cause(error)})")
        self.complaint.refused("it redirects in a circle", f"correct the address in {self.complaint.file}")

    def check(self, reply: Reply, secret_names: tuple[str, ...]) -> None:
        """Raise what the status of `reply` means, if it is not success."""
        status = reply.status
        if 200 <= status < 300:
            return
        if status in (401, 403):
            held = f"check the secrets {' and '.join(secret_names)}" if secret_names else "declare its `auth`"
            self.complaint.refused(
                f"it refuses the credential (HTTP {status})", f"{held}, or ask its owner about rights"
            )
        if status == 429 or status >= 500:
            self.complaint.busy(f"it is busy or out of order (HTTP {status}, {reply.attempts} tries)")
        self.complaint.refused(
            f"it does not accept {urlsplit(reply.url).path} (HTTP {status})",
            f"correct address, path and parameters in {self.complaint.file}",
        )

    @property
    def _host(self) -> str:
        return urlsplit(self._base).netloc

    def _redirected(self, method: str, response: requests.Response) -> str:
        if method != "GET":
            # What a POST carries (a login, a licence) is not sent a second time to wherever the answer points.
            self.complaint.refused(
                f"it redirects a POST (HTTP {response.status_code})",
                f"correct address and path in {self.complaint.file}",
            )
        return self.here(response.url, response.headers["Location"])

    def _read(self, response: requests.Response) -> bytes:
        most, parts, size = self._connector.limits.answer_bytes, [], 0
        # Counted after decompression: a small answer can unfold to any size.
        for chunk in response.iter_content(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                self.complaint.garbled(
                    f"its answer is larger than {most} bytes",
                    f"ask for smaller pages, or raise limits.answer_bytes in {self.complaint.file}",
                )
        return b"".join(parts)


class _Session(requests.Session):
    """requests' session without its redirects, whose bodies it reads without a limit even if told not to follow."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: `Http.send` follows what may be followed."""


def _session(adapter: FreshAdapter) -> requests.Session:
    session = _Session()
    # Of the environment only REQUESTS_CA_BUNDLE counts, for cities with an authority of their own: a credential goes
    # to no proxy (see `send`), and no password of ~/.netrc takes its place, which this line prevents.
    session.auth = _as_it_is
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _base(connector: Connector) -> str:
    """The base address. Raises RegistryError when it is not plain http or https."""
    try:
        parts = urlsplit(connector.address)
    except ValueError:
        raise RegistryError([f"{connector.platform}: the address is none"]) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise RegistryError([f"{connector.platform}: the address must begin with http:// or https:// and name a host"])
    if parts.username or parts.password or parts.query or parts.fragment:
        raise RegistryError(
            [f"{connector.platform}: the address holds more than host, port and path; name secrets in auth"]
        )
    return connector.address.rstrip("/")


def _origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port. Raises ValueError when `url` is no address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _cause(error: BaseException) -> str:
    """The innermost kind of error: it says more than requests' own, and holds no address."""
    inner = getattr(error, "reason", None) or next((arg for arg in error.args if isinstance(arg, BaseException)), None)
    inner = inner if isinstance(inner, BaseException) else error.__cause__
    return _cause(inner) if inner else type(error).__name__
