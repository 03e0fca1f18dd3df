"""Load without end from a little of the city: what its RSUs see, rendered once and laid out again as tile after tile.

A tile is the whole city, all of its RSUs at ten frames a second. Tiles repeat: each shows the same traffic at the same
places. What differs is what ids are made of, so that no record is that of another tile, and the clock, so that not all
tiles are at their busiest at once: tile k is k minutes ahead in the recording, and starts over at its end. Such load
says how much a gateway can carry, and nothing about traffic.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from citysim.views import cloud_control as view
from citysim.views.city import City
from citysim.views.rsm import enveloped

MOST_TILES = 1000
"""A tile's number takes three of the digits of a serial number."""
MINUTE_MS = 60_000
MANIFEST = "tile.json"
_MESSAGES = ',"rsms":'

Ints = npt.NDArray[np.int64]


class TilesUnreadable(ValueError):
    """A folder holds no rendered tile, or another one than was asked for."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a folder holds: minutes of one tile.

    envelopes and participants: of all minutes. size: bytes of JSON text.
    """

    seed: int
    fault_share: float
    hz: int
    rsus: int
    minutes: int
    envelopes: int = 0
    participants: int = 0
    size: int = 0

    @property
    def participants_per_s(self) -> float:
        """Those that the RSUs of one tile see in a second."""
        return self.participants / (60 * self.minutes)


def render(city: City, minutes: int, folder: Path, progress: Callable[[int], None]) -> Rendered:
    """Write the first `minutes` of what the RSUs of `city` see into `folder`, for `Tiles` to lay out.

    progress: called with the number of each minute when it is done. What lies there of the same city is used as it is.
    """
    asked = Rendered(city.seed, city.fault_share, city.hz, len(view.serials(city)), minutes)
    try:
        found = rendered(folder)
    except TilesUnreadable:
        pass
    else:
        if replace(found, envelopes=0, participants=0, size=0) == asked:
            return found
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    envelopes = participants = size = 0
    for minute in range(minutes):
        seen = view.rsm(city, minute).envelopes
        start_ms = round(city.moment(60 * minute).timestamp() * 1000)
        texts = [one.text.partition(_MESSAGES) for one in seen]
        # Of an envelope only its messages are kept: what stands before them is written anew for every tile.
        bodies = [tail.removesuffix("}").encode() for _, _, tail in texts]
        np.savez(
            folder / f"{minute:02}.npz",
            ends=np.cumsum([len(body) for body in bodies]),
            after_ms=np.array([one.timestamp_ms - start_ms for one in seen], np.int64),
            esn=np.array([json.loads(head + "}")["rsuEsn"] for head, _, _ in texts], "U9"),
        )
        (folder / f"{minute:02}.bodies").write_bytes(b"".join(bodies))
        envelopes += len(seen)
        participants += sum(len(one.record_ids) for one in seen)
        size += sum(len(one.text.encode()) for one in seen)
        progress(minute)
    made = replace(asked, envelopes=envelopes, participants=participants, size=size)
    (folder / MANIFEST).write_text(json.dumps(asdict(made), indent=1))
    return made


def rendered(folder: Path) -> Rendered:
    """What `folder` holds. Raises TilesUnreadable."""
    try:
        return Rendered(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError):
        raise TilesUnreadable(f"{folder} holds no rendered tile") from None


class Tiles:
    """`count` tiles from number `first` on, over the minutes that `folder` holds. Nothing but a page is in memory."""

    def __init__(self, folder: Path, count: int, start: datetime, first: int = 0) -> None:
        """start: aware, a whole minute; the moment of the first frame. Raises TilesUnreadable."""
        self.one, self.start = rendered(folder), start
        self._start_ms, self._tiles = round(start.timestamp() * 1000), range(first, first + count)
        self._minutes = [_Minute(folder, minute) for minute in range(self.one.minutes)]

    def page(self, from_ms: int, to_ms: int, first: int, count: int) -> tuple[int, list[str]]:
        """Envelopes with from_ms <= timestamp < to_ms: how many in all, and `count` of them from number `first` on.

        They come minute by minute, of a minute tile by tile, of a tile by time and RSU.
        """
        total = 0
        found: list[str] = []
        for tile, minute, start_ms in self._blocks(from_ms, to_ms):
            begin, end = minute.bounds(from_ms - start_ms, to_ms - start_ms)
            low, high = begin + max(0, first - total), min(end, begin + first + count - total)
            if low < high:
                found += minute.envelopes(low, high, tile, start_ms)
            total += end - begin
        return total, found

    def _blocks(self, from_ms: int, to_ms: int) -> Iterator[tuple[int, _Minute, int]]:
        """Each tile in each minute of the window, with the minute that it plays and the moment at which that begins."""
        length = len(self._minutes)
        begin = max(0, (from_ms - self._start_ms) // MINUTE_MS)
        end = min(length, -((self._start_ms - to_ms) // MINUTE_MS))
        for at in range(begin, end):
            for tile in self._tiles:
                yield tile, self._minutes[(at + tile) % length], self._start_ms + at * MINUTE_MS


class _Minute:
    """A rendered minute."""

    def __init__(self, folder: Path, minute: int) -> None:
        with np.load(folder / f"{minute:02}.npz") as found:
            self._ends: list[int] = found["ends"].tolist()
            self._after_ms: list[int] = found["after_ms"].tolist()
            self._esn: list[str] = found["esn"].tolist()
        self._bodies = np.memmap(folder / f"{minute:02}.bodies", np.uint8, "r")

    def bounds(self, from_ms: int, to_ms: int) -> tuple[int, int]:
        """Numbers of the envelopes in a window that is told from the minute's first frame."""
        return bisect.bisect_left(self._after_ms, from_ms), bisect.bisect_left(self._after_ms, to_ms)

    def envelopes(self, low: int, high: int, tile: int, start_ms: int) -> list[str]:
        """Those of numbers low <= n < high, as `tile` shows them."""
        begin = self._ends[low - 1] if low else 0
        ends = [end - begin for end in self._ends[low:high]]
        recorded, own = (f'"id":"{digits.encode("ascii").hex()}' for digits in (self._esn[low][1:4], f"{tile:03}"))
        # As long as before, so that the messages lie where they lay.
        bodies = bytes(self._bodies[begin : begin + ends[-1]]).replace(recorded.encode(), own.encode())
        return [
            enveloped(f"R{tile:03}{esn[4:]}", start_ms + after_ms, bodies[at:end].decode())
            for esn, after_ms, at, end in zip(
                self._esn[low:high], self._after_ms[low:high], [0, *ends[:-1]], ends, strict=True
            )
        ]
