"""A drop folder 文件摆渡: each file that is whole is a page, oldest first, and none is taken twice.

What a pull of files can prove: a file of *increments* says nothing of the files beside it, so such pulls are never
proven, and nothing that a file lacks is taken for gone. A *whole* file that its marker says is whole, and that is the
newest so far, shows all there is.

A file that cannot be read stays where it is and holds up no other: the pull is incomplete. When nothing but such files
is left, the pull fails and names them.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import quote, unquote, urlsplit

from hutong.errors import HutongError, RegistryError
from hutong.extract.complaint import Complaint
from hutong.extract.folder import away
from hutong.extract.folder.beneath import File, content, folder_at
from hutong.extract.folder.inbox import is_whole, listed
from hutong.extract.folder.taken import Taken
from hutong.extract.keyring import Keyring
from hutong.extract.transport import Pull, Reply, State, Step
from hutong.extract.window import Window
from hutong.model.batch import Completeness, Doubt
from hutong.model.endpoint import DropFolder, Marker
from hutong.model.privacy import mask
from hutong.pages import document, select

log = logging.getLogger(__name__)

_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "geojson": "application/geo+json",
    "cityjson": "application/city+json",
    "csv": "text/csv",
    "xml": "application/xml",
    "parquet": "application/vnd.apache.parquet",
    "gtfs": "application/zip",
}
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP})
"""Errors of a folder that will not go away by waiting."""


def walk(pull: Pull, window: Window | None, state: State) -> Iterator[Step]:
    """See `transport.Transport`. There is no window: what is new is a file that was not taken."""
    endpoint = pull.stream.endpoint
    assert isinstance(endpoint, DropFolder)  # what this transport is for
    reader, taken = _Reader(pull), Taken(pull.cursor, state)
    held: Step | None = None  # the newest page, until it is known whether it is the last
    is_newest = False
    with reader.folder() as folder:
        files = reader.listed(folder, endpoint, taken)
        present = {file.name for file in files}
        for file in files:
            if taken.holds(file) or not is_whole(folder, file, endpoint, time.time_ns()):
                continue
            try:
                with pull.allowance.spend():
                    found = reader.read(folder, file)
            except HutongError:
                if held is not None:
                    yield held
                raise
            if found is None or taken.held(file, found[0].body):
                continue
            if held is not None:
                yield held
                if taken.is_long:
                    taken.roll(present)
            is_newest = file.mtime_ns >= taken.newest_ns
            taken.add(file, found[0].body)
            held = Step(*found, taken.state(), "unproven", cursor=taken.cursor)
            if endpoint.each_file == "whole":
                break
        if held is None:
            reader.complain()
            return
        taken.roll(present)
        completeness, doubt = _proof(endpoint, is_newest, has_failed=bool(reader.failed))
        yield Step(held.reply, held.records, None, completeness, doubt, taken.cursor)


def _proof(endpoint: DropFolder, is_newest: bool, *, has_failed: bool) -> tuple[Completeness, Doubt | None]:
    if has_failed:
        return "incomplete", "file_unreadable"
    if endpoint.each_file == "increment":
        return "unproven", "increments"
    if not is_newest:
        return "unproven", "older_file"
    return ("proven", None) if isinstance(endpoint.whole, Marker) else ("unproven", "only_still")


class _Reader:
    """Reads files, and remembers those that it could not read."""

    def __init__(self, pull: Pull) -> None:
        self._pull, self._stream = pull, pull.stream
        self._complaint, self._keyring = Complaint(pull.sequence), Keyring(pull.secrets)
        self.failed: list[str] = []

    @contextmanager
    def folder(self) -> Iterator[int]:
        """The connector's folder. Raises RegistryError, PlatformRefused, PlatformBusy."""
        parts = urlsplit(self._pull.connector.address)
        if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
            raise RegistryError([f"{self._complaint.file}:1: a drop folder's address is such as file:///data/inbox"])
        try:
            with folder_at(unquote(parts.path)) as opened:
                yield opened
        except OSError as wrong:
            said = f"its folder cannot be read ({_reason(wrong)})"
            if wrong.errno in _GONE:
                self._complaint.refused(said, f"see that `address` in {self._complaint.file} is there and may be read")
            self._complaint.busy(said)

    def listed(self, folder: int, endpoint: DropFolder, taken: Taken) -> list[File]:
        """What lies there, once what was taken is put away. What cannot be moved stays: it is not taken twice."""
        city = self._pull.sequence.city
        if endpoint.move_to is None:
            return listed(folder, endpoint, city)
        try:
            away.finish(folder, endpoint, taken)
            return [
                file
                for file in listed(folder, endpoint, city)
                if not taken.holds(file) or not away.put_away(folder, file, endpoint)
            ]
        except OSError as wrong:
            log.warning("files stay where they are: %s cannot be used (%s)", endpoint.move_to, _reason(wrong))
            return listed(folder, endpoint, city)

    def read(self, folder: int, file: File) -> tuple[Reply, list[dict[str, Any]]] | None:
        """The page in `file` and its records; None when it is being written, or cannot be read (see `failed`)."""
        limits, begun = self._pull.connector.limits, time.monotonic()
        try:
            body = content(folder, file, limits.answer_bytes)
            if body is None:
                log.info("a file changed while it was read; it is left for the next pull")
                return None
            if len(body) > limits.answer_bytes:
                raise ValueError(f"it holds more than {limits.answer_bytes} bytes (`limits.answer_bytes`)")
            kind = "application/zip" if self._stream.format.holds_several else _TYPES[self._stream.format.type]
            records = select(document(body, kind, self._stream, limits), self._stream)
        except (OSError, ValueError) as wrong:  # Garbled is a ValueError, as are those of parsers
            self._failed(file, _reason(wrong) if isinstance(wrong, OSError) else str(wrong))
            return None
        name = mask(file.name) if self._stream.personal else file.name
        return Reply(
            quote(name.encode("utf-8", "surrogateescape")),
            200,
            kind,
            body,
            datetime.now(UTC),
            time.monotonic() - begun,
            1,
        ), records

    def complain(self) -> None:
        """Raise PlatformGarbled when there was nothing to take but what cannot be read."""
        if self.failed:
            self._garbled()

    def _garbled(self) -> NoReturn:
        more = f", and {len(self.failed) - 3} more" if len(self.failed) > 3 else ""
        self._complaint.garbled(
            f"what is left in its folder cannot be read: {'; '.join(self.failed[:3])}{more}",
            "take such files away, or have them delivered again; whatever else comes is taken",
        )

    def _failed(self, file: File, said: str) -> None:
        plain = f"{file.name}: {said}".encode("utf-8", "backslashreplace").decode()
        self.failed.append(self._keyring.clean(plain, is_personal=bool(self._stream.personal)))
        log.warning("left in its folder, sequence=%s: %s", self._pull.sequence.id, self.failed[-1])


def _reason(wrong: OSError) -> str:
    return errno.errorcode.get(wrong.errno or 0, "unknown")
