"""One stream of a platform, as something that can be asked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NoReturn, Self, TypeVar
from urllib.parse import urlsplit

from hutong.errors import RegistryError
from hutong.extract import soap
from hutong.extract.answer import Answer, read
from hutong.extract.auth import credential
from hutong.extract.complaint import Complaint
from hutong.extract.http import Http
from hutong.extract.keyring import Keyring
from hutong.extract.tls import context_of
from hutong.extract.transport import Pull, Reply
from hutong.extract.tries import Patience
from hutong.extract.window import Window, bounds
from hutong.model.batch import Doubt
from hutong.model.connector import Stream
from hutong.model.endpoint import Http as HttpEndpoint
from hutong.model.endpoint import Soap
from hutong.pages import Garbled, document, look

_Declared = TypeVar("_Declared", str, str | int)
Verdict = Literal["fine", "refused", "busy", "wrong"]


class Platform:
    """Asks with the stream's transport and credential, until the answer went well or an error says why not."""

    def __init__(self, pull: Pull) -> None:
        assert isinstance(pull.stream.endpoint, HttpEndpoint | Soap)  # what this transport is for
        self._pull, self._stream, self._endpoint = pull, pull.stream, pull.stream.endpoint
        self._keyring = Keyring(pull.secrets)
        self._complaint = Complaint(pull.sequence, self._keyring.hide)
        self._credential = credential(pull.connector.auth, self._keyring)
        tls, platform = pull.connector.tls, pull.connector.platform
        context = context_of(tls, self._keyring, platform) if tls else None
        self._http = Http(pull.connector, self._complaint, self._credential.freshen, pull.allowance, context)
        self._url = self._http.url(self._placed(self._endpoint.path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.__exit__(*raised)

    def ask(self, window: Window | None, params: Mapping[str, str | int]) -> Answer:
        """The answer for `window` with a pager's own `params`.

        SOAP: window and pager's parameters go into the query document; declared ones are the operation's other parts.
        """
        incremental = self._stream.window_by
        stated = {**(bounds(incremental, window) if incremental and window else {}), **params}
        declared = {name: self._placed(value) for name, value in self._endpoint.params.items()}
        if isinstance(self._endpoint, Soap):
            return self._called(declared, {name: str(value) for name, value in stated.items()})
        method, body = self._endpoint.method, self._endpoint.json_
        if body is not None:
            body = _filled(json.loads(self._placed(json.dumps(body))), stated)
        else:
            declared |= stated
        return self._answered(lambda: self._http.send(method, self._url, headers={}, params=declared, json=body))

    def _called(self, parts: Mapping[str, str | int], query: Mapping[str, str]) -> Answer:
        assert isinstance(self._endpoint, Soap)
        body = partial(self._enveloped, self._endpoint, parts, query)
        return self._answered(lambda: self._http.send("POST", self._url, headers=soap.HEADERS, data=body))

    def _enveloped(self, called: Soap, parts: Mapping[str, str | int], query: Mapping[str, str]) -> bytes:
        try:
            return soap.body(called, parts, query, self._credential.licence())
        except ValueError as wrong:
            raise RegistryError([f"{self._pull.sequence.source}: {wrong}"]) from None

    def follow(self, link: str) -> Answer:
        """The answer behind `link`. Raises PlatformRefused when it leads to another host."""
        url = self._http.here(self._url, link)
        return self._answered(lambda: self._http.send("GET", url, headers={}))

    def onward(self, answer: Answer) -> str | None:
        """The next link of `answer`; on its own host path and query alone, for its port may be another later."""
        if answer.next is None:
            return None
        target = self._http.here(answer.reply.url, answer.next)
        kept = urlsplit(self._keyring.link(target, self._credential.parameters))
        if self._keyring.is_private(kept.path):
            # It would be kept in the lake with the page, and without it the link leads nowhere.
            self._complaint.refused("its link to the next page holds a credential in its path", "show its owner")
        return kept._replace(scheme="", netloc="").geturl() if self._http.is_own(target) else kept.geturl()

    def _answered(self, send: Callable[[], Reply]) -> Answer:
        """Send until it went well: once more with a new token, and a bounded number of times while it is busy."""
        left, tries, may_renew = Patience(self._pull.connector), 0, True
        while True:
            self._credential.ready(self._http)
            reply = send()
            tries += reply.attempts
            verdict, found = self._judged(reply)
            if verdict == "fine":
                return self._read(replace(reply, attempts=tries), found)
            if verdict == "refused" and may_renew and self._credential.renew():
                may_renew = False
            elif verdict == "busy":
                self._later(left, found, tries)
            else:
                self._fail(verdict, reply, found)

    def _judged(self, reply: Reply) -> tuple[Verdict, Any]:
        """What `reply` means by its status and by the code in it, and its document."""
        if reply.status == 401:
            return "refused", None
        # SOAP 1.1 sends its faults as HTTP 500 (section 6.2); they say more than the status does.
        if not (isinstance(self._endpoint, Soap) and reply.status == 500 and b"Fault" in reply.body):
            self._http.check(reply, self._credential.names)
        if reply.status == 204:
            return "fine", None
        try:
            found = document(reply.body, reply.content_type, self._stream, self._pull.connector.limits)
        except ValueError as wrong:  # Garbled, and what parsers raise for numbers of absurd length
            self._garbled(wrong)
        success = self._stream.success
        if success is None:
            return "fine", found
        code = _text(look(found, success.path))
        if code in success.values:
            return "fine", found
        return ("refused" if code in success.refused else "busy" if code in success.busy else "wrong"), found

    def _later(self, left: Patience, found: Any, tries: int) -> None:
        """Wait for the next try. Raises PlatformBusy when none is left."""
        self._pull.allowance.failed()
        pause_s = left.pause_s(None)
        if pause_s is None:
            self._complaint.busy(f"it is busy: {self._said(found)}, {tries} tries")
        time.sleep(pause_s)

    def _fail(self, verdict: Verdict, reply: Reply, found: Any) -> NoReturn:
        self._http.check(reply, self._credential.names)
        if verdict == "refused":
            names = " and ".join(self._credential.names) or "that its owner gave you"
            self._complaint.refused(f"it refuses: {self._said(found)}", f"check the secrets {names}")
        self._complaint.garbled(
            f"it does not succeed: {self._said(found)}",
            f"look it up in its guide; if it means refused or busy, say so under `success` in {self._complaint.file}",
        )

    def _read(self, reply: Reply, found: Any) -> Answer:
        clean = replace(reply, url=self._keyring.address(reply.url, self._credential.parameters))
        if reply.status == 204:
            # Not the same as an empty list: some servers say so of what they have lost.
            return Answer(replace(clean, body=b""), [], [], None, None, "", doubt="no_content")
        doubt: Doubt | None = None if reply.is_framed or not _ends_anywhere(self._stream) else "unframed"
        try:
            return read(clean, found, self._stream, doubt)
        except Garbled as wrong:
            self._garbled(wrong)

    def _garbled(self, wrong: ValueError) -> NoReturn:
        self._complaint.garbled(
            self._words(str(wrong)),
            f"see what it answers at {self._endpoint.path}",
        )

    def _said(self, found: Any) -> str:
        """The code and the words in an answer that did not go well."""
        success = self._stream.success
        assert success is not None  # without it every answer is fine
        words = look(found, success.message) if success.message else None
        code = self._words(_text(look(found, success.path)))
        return f"code '{code}'" + (f", {self._words(words)}" if isinstance(words, str) else "")

    def _words(self, text: str) -> str:
        """Foreign text, fit to be shown."""
        return self._keyring.clean(text, is_personal=bool(self._stream.personal))

    def _placed(self, declared: _Declared) -> _Declared:
        """A declared text with the city's division code in its place."""
        return declared.replace("{city}", self._pull.sequence.city) if isinstance(declared, str) else declared


def _ends_anywhere(stream: Stream) -> bool:
    """Whether a body that was cut may look like a whole one."""
    return stream.format.type in ("ndjson", "csv", "cityjson") and stream.format.member is None


def _filled(body: dict[str, Any], stated: Mapping[str, str | int]) -> dict[str, Any]:
    """`body` with every value of `stated` put in at its dotted name."""
    for name, value in stated.items():
        *parents, last = name.split(".")
        inner = body
        for parent in parents:
            inner = inner.setdefault(parent, {})
        inner[last] = value
    return body


def _text(code: Any) -> str:
    """A code as connectors write it: JSON's true is `true`, its 0 is `0`."""
    return "" if code is None else str(code).lower() if isinstance(code, bool) else str(code).strip()
