"""Taken files are put away: out of the folder's way, overwriting nothing, losing nothing.

Between the look that says "this one was taken" and the move, somebody may put another file in its place. So a file is
first given a hidden name of our own, which is one step, and looked at again there: the taken one gets its place for
good, another one is put back. What a crash leaves under such a name is brought to its end by the next pull.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from itertools import count

from hutong.extract.folder.beneath import File, content, seen, split, within
from hutong.extract.folder.inbox import marker_of
from hutong.extract.folder.taken import Taken
from hutong.model.endpoint import DropFolder, Marker

_HIDDEN = ".moving-"

Look = Callable[[int, str], bool]
"""Whether the file of this hidden name, in this folder, is one that was taken."""


def put_away(folder: int, file: File, endpoint: DropFolder) -> bool:
    """Move `file`, which was taken, with its marker to `endpoint.move_to`; False when it is not that file any more.

    Raises OSError.
    """

    def is_it(there: int, hidden: str) -> bool:
        now = seen(there, hidden, file.name)
        return now is not None and (now.inode, now.size, now.mtime_ns) == (file.inode, file.size, file.mtime_ns)

    is_moved = _moved(folder, file.name, endpoint, is_it)
    if is_moved and isinstance(endpoint.whole, Marker):
        _moved(folder, marker_of(endpoint.whole, file.name), endpoint, lambda *_: True)
    return is_moved


def finish(folder: int, endpoint: DropFolder, taken: Taken) -> None:
    """Bring to their end the moves that stopped halfway. Raises OSError."""
    markers = {marker_of(endpoint.whole, name) for name in taken.names} if isinstance(endpoint.whole, Marker) else set()

    def was_taken(there: int, hidden: str) -> bool:
        name = "/".join((*above, _meant(hidden)))
        file = seen(there, hidden, hidden)
        body = content(there, file, file.size) if file is not None else None
        return name in markers or (body is not None and taken.was(name, body))

    for above in sorted({split(name)[0] for name in taken.names}):
        with suppress(FileNotFoundError), within(folder, (*_target(endpoint), *above)) as there:
            for hidden in os.listdir(there):
                if hidden.startswith(_HIDDEN):
                    with within(folder, above) as here:
                        _settle(here, there, hidden, was_taken)


def _moved(folder: int, name: str, endpoint: DropFolder, is_taken: Look) -> bool:
    parts, last = split(name)
    hidden = f"{_HIDDEN}{secrets.token_hex(4)}-{last}"
    with within(folder, parts) as here, within(folder, (*_target(endpoint), *parts), make=True) as there:
        try:
            os.rename(last, hidden, src_dir_fd=here, dst_dir_fd=there)
        except FileNotFoundError:
            return False
        return _settle(here, there, hidden, is_taken)


def _settle(here: int, there: int, hidden: str, is_taken: Look) -> bool:
    """Give the file `hidden` its place: behind its name in `there` if it was taken, else back in `here`."""
    last = _meant(hidden)
    if not is_taken(there, hidden):
        # Where a still newer file has its name already it waits, unread, for the next pull.
        _named(there, hidden, here, last)
        return False
    stem, _, end = last.rpartition(".")
    names = (f"{stem}.{number}.{end}" if stem else f"{last}.{number}" for number in count(2))
    if not _named(there, hidden, there, last):
        next(name for name in names if _named(there, hidden, there, name))
    return True


def _meant(hidden: str) -> str:
    return hidden.removeprefix(_HIDDEN).partition("-")[2]


def _named(there: int, hidden: str, target: int, last: str) -> bool:
    """Call `hidden` by its name in `target`; False, and nothing done, when that name is taken."""
    try:
        os.link(hidden, last, src_dir_fd=there, dst_dir_fd=target, follow_symlinks=False)
    except FileExistsError:
        return False
    except FileNotFoundError:
        return True  # another pull of this stream has brought it to its end
    except OSError:
        # Some file systems have no second names; between look and move only another gateway could step in.
        if seen(target, last, last) is not None:
            return False
        os.rename(hidden, last, src_dir_fd=there, dst_dir_fd=target)
        return True
    with suppress(FileNotFoundError):
        os.unlink(hidden, dir_fd=there)
    return True


def _target(endpoint: DropFolder) -> tuple[str, ...]:
    assert endpoint.move_to is not None  # nothing is put away without it
    return tuple(endpoint.move_to.split("/"))
