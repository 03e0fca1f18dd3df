"""A folder into which tests drop files, and pulls of it into a real lake.

Run as a program it is a device that drips files: `python -m tests.hutong.extract.transports.dropping FOLDER COUNT`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hutong.extract.stage import extract
from hutong.land.stage import land
from hutong.model.batch import Landed, Sequence
from hutong.model.connector import Connector
from hutong.pages import records_of
from hutong.secrets import Secret
from hutong.store.landing import mark, read_batch
from hutong.store.paths import Store
from tests.hutong.extract.speaking import connector

SEQUENCE = Sequence("testing", "things", "500000")
ENDPOINT = {"transport": "drop_folder", "pattern": "*.csv", "whole": {"type": "marker"}}
ROWS = 5


@dataclass
class Gateway:
    """One stream that reads `inbox` into `store`."""

    inbox: Path
    store: Store
    declared: Connector

    def pull(self, may_ask: Callable[[], None] = lambda: None) -> Landed:
        since, stream, now = mark(self.store, SEQUENCE), self.declared.streams["things"], datetime.now(UTC)
        pages = extract(SEQUENCE, self.declared, stream, lambda name: Secret(name, name), since[1], now, None, may_ask)
        return land(SEQUENCE, stream, pages, self.store, None, since)

    def numbers(self) -> list[int]:
        """The `no` of every record that landed, in the order in which they did."""
        newest, _ = mark(self.store, SEQUENCE)
        pages = (page for batch in range(1, newest + 1) for page in read_batch(self.store, SEQUENCE, batch, None))
        return [int(record.content["no"]) for record in records_of(pages, self.declared.streams["things"])]

    def names(self) -> list[str]:
        """What lies in the folder and below it, files only."""
        return sorted(str(path.relative_to(self.inbox)) for path in self.inbox.rglob("*") if path.is_file())


def gateway(place: Path, stream: dict[str, Any] | None = None, **endpoint: Any) -> Gateway:
    """A stream of CSV files in `place`/inbox; `endpoint` says what is not as in `ENDPOINT`."""
    inbox = place / "inbox"
    inbox.mkdir(exist_ok=True)
    declared = connector(
        inbox.as_uri(), {"endpoint": ENDPOINT | endpoint, "format": "csv", "data_selector": "", **(stream or {})}
    )
    return Gateway(inbox, Store(str(place / "lake")), declared)


def drop(inbox: Path, name: str, *numbers: int, at: int | None = None, marked: bool = True) -> Path:
    """Drop a whole file. at: its time of change, in seconds since 1970."""
    path = inbox / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("no\n" + "".join(f"{number}\n" for number in numbers))
    if at is not None:
        os.utime(path, (at, at))
    if marked:
        path.with_name(f"{path.name}.ok").write_text("")
    return path


def drip(inbox: Path, count: int) -> None:
    """Write `count` files of `ROWS` numbers each, in pieces that end anywhere, each with its marker at the end."""
    for file in range(count):
        path = inbox / f"{file:04}.csv"
        text = "no\n" + "".join(f"{number}\n" for number in range(file * ROWS, file * ROWS + ROWS))
        with path.open("w") as target:
            for start in range(0, len(text), 4):
                target.write(text[start : start + 4])
                target.flush()
                time.sleep(0.001)
        path.with_name(f"{path.name}.ok").write_text("")


if __name__ == "__main__":
    drip(Path(sys.argv[1]), int(sys.argv[2]))
