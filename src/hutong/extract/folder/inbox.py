"""Which files of a folder are whole.

By a marker: a file is whole once its marker lies beside it. A marker that is older than the file was there before the
file was (its device is still writing, or it marked an earlier file of this name), so it only counts once the file has
stood still for a minute. By stillness: a file is whole once nothing about it has changed for the declared time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase

from hutong.extract.folder.beneath import File, is_folder, seen, split, within
from hutong.model.endpoint import DropFolder, Marker

SETTLED = timedelta(minutes=1)
_UNFINISHED = (".part", ".filepart", ".partial", ".tmp", ".temp", ".crdownload", "~")
"""How programs call what they are still writing."""
_WILD = frozenset("*?[")


def listed(folder: int, endpoint: DropFolder, city: str) -> list[File]:
    """Every file whose name is as declared, whole or not, oldest first; those of one time by name.

    Hidden files, files that are being written by their name, links, pipes and folders are none of them, nor is what
    lies where taken files go. Raises OSError.
    """
    pattern = endpoint.pattern.replace("{city}", city).split("/")
    found = {file.name: file for file in _matching(folder, pattern, "", endpoint.move_to)}
    markers = {marker_of(endpoint.whole, name) for name in found} if isinstance(endpoint.whole, Marker) else set()
    files = [file for name, file in found.items() if name not in markers]
    return sorted(files, key=lambda file: (file.mtime_ns, file.name))


def is_whole(folder: int, file: File, endpoint: DropFolder, now_ns: int) -> bool:
    """Whether `file` may be taken at `now_ns` (since 1970). Raises OSError."""
    whole = endpoint.whole
    if not isinstance(whole, Marker):
        return _stands_still(file, whole.for_, now_ns)
    name = marker_of(whole, file.name)
    parts, last = split(name)
    with within(folder, parts) as inner:
        marker = seen(inner, last, name)
    if marker is None:
        return False
    return marker.mtime_ns >= file.mtime_ns or _stands_still(file, SETTLED, now_ns)


def marker_of(whole: Marker, name: str) -> str:
    """The name of the marker of the file `name`.

    >>> marker_of(Marker(type="marker", name="{stem}.done"), "sub/flow.csv")
    'sub/flow.done'
    """
    parent, slash, last = name.rpartition("/")
    stem = last.rpartition(".")[0] or last
    return parent + slash + whole.name.replace("{name}", last).replace("{stem}", stem)


def _stands_still(file: File, length: timedelta, now_ns: int) -> bool:
    return now_ns - file.still_ns >= length // timedelta(microseconds=1) * 1000


def _matching(folder: int, pattern: list[str], above: str, left_out: str | None) -> Iterator[File]:
    wanted, *deeper = pattern
    # A name without wild cards is looked up; a folder of a hundred thousand files need not be read for it.
    names = os.listdir(folder) if _WILD & set(wanted) else [wanted]
    for last in names:
        name = above + last
        if not fnmatchcase(last, wanted) and last != wanted:
            continue
        if last.startswith(".") or last.endswith(_UNFINISHED) or name == left_out:
            continue
        if not deeper:
            file = seen(folder, last, name)
            if file is not None:
                yield file
            continue
        if not is_folder(folder, last):
            continue
        with within(folder, (last,)) as inner:
            yield from _matching(inner, deeper, f"{name}/", left_out)
