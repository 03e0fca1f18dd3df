"""One stream of a platform, as something that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, NoReturn, Self
from urllib.parse import urlsplit

from urllib3.exceptions import MaxRetryError

from hutong.errors import RegistryError
from hutong.extract import soap
from hutong.extract.answer import Answer, read
from hutong.extract.auth import credentials
from hutong.extract.complaint import Complaint
from hutong.extract.http import Http, Reply
from hutong.extract.keyring import Keyring
from hutong.extract.tries import Patience, patience
from hutong.extract.window import Window, bounds
from hutong.model.batch import Sequence
from hutong.model.connector import Connector, Stream
from hutong.pages import Garbled, document, look
from hutong.secrets import Secrets

Verdict = Literal["fine", "refused", "busy", "wrong"]


class Platform:
    """Asks with the stream's transport and credential, until the answer went well or an error says why not."""

    def __init__(self, sequence: Sequence, connector: Connector, stream: Stream, secrets: Secrets) -> None:
        self._sequence, self._connector, self._stream = sequence, connector, stream
        self._complaint = Complaint(sequence)
        self._keyring = Keyring(secrets)
        self._credentials = credentials(connector.auth, self._keyring)
        self._http = Http(connector, self._complaint, self._credentials.freshen)
        self._url = self._http.url(stream.request.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.__exit__(*raised)

    def ask(self, window: Window | None, params: Mapping[str, str | int]) -> Answer:
        """The answer for `window` with a pager's own `params`.

        SOAP: window and pager's parameters go into the query document; declared ones are the operation's other parts.
        """
        incremental, request = self._stream.incremental, self._stream.request
        stated = bounds(incremental, window) if incremental and window else {}
        if self._stream.transport == "json":
            asked = {**request.params, **stated, **params}
            return self._answered(lambda headers: self._http.send("GET", self._url, headers=headers, params=asked))
        query = {name: str(value) for name, value in {**stated, **params}.items()}
        try:
            body = soap.body(request, query, self._credentials.licence())
        except ValueError as wrong:
            raise RegistryError([f"{self._sequence.source}: {wrong}"]) from None
        return self._answered(
            lambda headers: self._http.send("POST", self._url, headers={**headers, **soap.HEADERS}, data=body)
        )

    def follow(self, link: str) -> Answer:
        """The answer behind `link`. Raises PlatformRefused when it leads to another host."""
        url = self._http.here(self._url, link)
        return self._answered(lambda headers: self._http.send("GET", url, headers=headers))

    def onward(self, answer: Answer) -> str | None:
        """The next link of `answer` as path and query: the port may be another when the pull goes on."""
        if answer.next is None:
            return None
        target = self._http.here(answer.reply.url, answer.next)
        kept = urlsplit(self._keyring.address(target, self._credentials.parameters))
        return kept._replace(scheme="", netloc="").geturl()

    def address(self, answer: Answer) -> str:
        """Where `answer` came from, without credentials."""
        return self._keyring.address(answer.reply.url, self._credentials.parameters)

    def _answered(self, send: Callable[[dict[str, str]], Reply]) -> Answer:
        """Send until it went well: once more with a new token, and a bounded number of times while it is busy."""
        left, tries, may_renew = patience(self._connector.retries), 0, True
        while True:
            reply = send(self._credentials.headers(self._http))
            tries += reply.attempts
            verdict, found = self._judged(reply)
            if verdict == "fine":
                return self._read(replace(reply, attempts=tries), found)
            if verdict == "refused" and may_renew and self._credentials.renew():
                may_renew = False
            elif verdict == "busy":
                left = self._later(left, found, tries)
            else:
                self._fail(verdict, reply, found)

    def _judged(self, reply: Reply) -> tuple[Verdict, Any]:
        """What `reply` means by its status and by the code in it, and its document."""
        if reply.status == 401:
            return "refused", None
        # SOAP 1.1 sends its faults as HTTP 500 (section 6.2); they say more than the status does.
        if not (self._stream.transport == "soap" and reply.status == 500 and b"Fault" in reply.body):
            self._http.check(reply, self._credentials.names)
        try:
            found = document(reply.body, reply.content_type, self._stream)
        except ValueError as wrong:  # Garbled, and what parsers raise for numbers of absurd length
            self._garbled(wrong)
        success = self._stream.success
        if success is None:
            return "fine", found
        code = _text(look(found, success.path))
        if code in success.values:
            return "fine", found
        return ("refused" if code in success.refused else "busy" if code in success.busy else "wrong"), found

    def _later(self, left: Patience, found: Any, tries: int) -> Patience:
        """Wait, and say how much patience is left. Raises PlatformBusy when none is."""
        try:
            left = left.increment()
        except MaxRetryError:
            self._complaint.busy(f"it is busy: {self._said(found)}, {tries} tries")
        left.sleep()
        return left

    def _fail(self, verdict: Verdict, reply: Reply, found: Any) -> NoReturn:
        self._http.check(reply, self._credentials.names)
        if verdict == "refused":
            names = " and ".join(self._credentials.names) or "that its owner gave you"
            self._complaint.refused(f"it refuses: {self._said(found)}", f"check the secrets {names}")
        self._complaint.garbled(
            f"it does not succeed: {self._said(found)}",
            f"look it up in its guide; if it means refused or busy, say so under `success` in {self._complaint.file}",
        )

    def _read(self, reply: Reply, found: Any) -> Answer:
        try:
            return read(reply, found, self._stream)
        except Garbled as wrong:
            self._garbled(wrong)

    def _garbled(self, wrong: ValueError) -> NoReturn:
        self._complaint.garbled(
            self._words(str(wrong)),
            f"see what it answers at {self._stream.request.path}",
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


def _text(code: Any) -> str:
    """A code as connectors write it: JSON's true is `true`, its 0 is `0`."""
    return "" if code is None else str(code).lower() if isinstance(code, bool) else str(code).strip()
