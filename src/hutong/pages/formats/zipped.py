"""Files of one format in a zip: the document is the list of theirs, in the order of the files' names.

Nothing that a zip says of itself is believed: what counts is how many bytes really come out of it. Nothing is ever
unpacked to disk.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from hutong.model.bounds import Limits
from hutong.pages.formats.reading import LANDED, Reading
from hutong.pages.garbled import Garbled

MOST_MEMBERS = 10_000
_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1
_UTF8 = 0x800
_CHUNK = 256 * 1024
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


class ZippedReading:
    """See `reading.Reading`. inner: of the files whose names are as `pattern`."""

    def __init__(self, inner: Reading, pattern: str) -> None:
        self._inner, self._pattern = inner, pattern

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The documents of the files; their encoding is not what a header says of the zip."""
        found = []
        for name, member in self._members(body, limits).items():
            try:
                found.append(self._inner.read(member, "", limits))
            except Garbled as wrong:
                raise Garbled(f"in {name!a}: {wrong}") from None
        return found

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Fields are cut from the files that are read; the others, whatever they hold, are left out."""
        members = self._members(body, LANDED)
        return pack({name: self._inner.without(member, "", names) for name, member in members.items()})

    def _members(self, body: bytes, limits: Limits) -> dict[str, bytes]:
        members = inflate(body, lambda name: fnmatchcase(name, self._pattern), limits)
        if not members:
            raise Garbled(f"the zip holds no file that is called {self._pattern}")
        return members


def inflate(body: bytes, is_wanted: Callable[[str], bool], limits: Limits) -> dict[str, bytes]:
    """The files of a zip that are wanted, by name and in the order of names.

    Raises Garbled for a zip that is broken, cut short, encrypted or packed in another way than deflate, for names that
    lead out of it or are there twice, for a zip in the zip, and as soon as more than `limits.answer_bytes` came out.
    """
    # Counted before anything is read: each entry takes a kilobyte of memory once it is.
    if body.count(_ENTRY) > MOST_MEMBERS:
        raise Garbled(f"the zip holds more than {MOST_MEMBERS} files")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            wanted = _named(archive.infolist(), is_wanted)
            left, found = limits.answer_bytes, {}
            for name in sorted(wanted):
                found[name] = _bytes(archive, wanted[name], left, limits)
                left -= len(found[name])
            return found
    except Garbled:
        raise
    except _BROKEN as wrong:
        raise Garbled(f"the answer is no zip, or one that is broken or cut short ({type(wrong).__name__})") from None


def pack(members: Mapping[str, bytes]) -> bytes:
    """A zip of `members`; equal ones give equal bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name), member, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _named(entries: Iterable[zipfile.ZipInfo], is_wanted: Callable[[str], bool]) -> dict[str, zipfile.ZipInfo]:
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _name(entry)
        parts = name.replace("\\", "/").split("/")
        if ".." in parts or parts[0] == "" or ":" in parts[0] or "\0" in name:
            raise Garbled(f"the zip holds a name that leads out of it: {ascii(name)[:80]}")
        # The Mac puts a file of its own beside every file.
        if parts[-1] == "" or parts[0] == "__MACOSX" or not is_wanted(name):
            continue
        if name in found:
            raise Garbled(f"the zip holds {ascii(name)[:80]} twice")
        found[name] = entry
    return found


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as it was meant: Chinese systems write GBK, and some UTF-8 without saying so."""
    if entry.flag_bits & _UTF8:
        return entry.orig_filename
    written = entry.orig_filename.encode("cp437")
    for codec in ("utf-8", "gb18030"):
        try:
            return written.decode(codec)
        except UnicodeDecodeError:
            continue
    return entry.orig_filename


def _bytes(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int, limits: Limits) -> bytes:
    shown = ascii(_name(entry))[:80]
    if entry.flag_bits & _ENCRYPTED:
        raise Garbled(f"{shown} in the zip is encrypted")
    # Only deflate can be undone piece by piece with bounded memory.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Garbled(f"{shown} in the zip is packed in another way than deflate")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Garbled(f"{shown} in the zip is a link")
    found = bytearray()
    with archive.open(entry) as member:
        while chunk := member.read(_CHUNK):
            found += chunk
            if len(found) > left:
                raise Garbled(f"the zip holds more than {limits.answer_bytes} bytes")
            if found.startswith(b"PK\x03\x04"):
                raise Garbled(f"{shown} in the zip is a zip itself")
    return bytes(found)
