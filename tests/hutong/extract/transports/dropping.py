"""A folder into which tests drop files, and pulls of it into a real lake."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hutong.budget import BOUNDLESS, Allowance
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


@dataclass
class Gateway:
    """One stream that reads `inbox` into `store`."""

    inbox: Path
    store: Store
    declared: Connector

    def pull(self, allowance: Allowance = BOUNDLESS) -> Landed:
        since, stream, now = mark(self.store, SEQUENCE), self.declared.streams["things"], datetime.now(UTC)
        pages = extract(
            SEQUENCE, self.declared, stream, lambda name: Secret(name, name), since[1], now, None, allowance
        )
        return land(SEQUENCE, stream, pages, self.store, None, since)

    def numbers(self) -> list[int]:
        """The `no` of every record that landed, in the order in which they did."""
        newest, _ = mark(self.store, SEQUENCE)
        pages = (page for batch in range(1, newest + 1) for page in read_batch(self.store, SEQUENCE, batch, None))
        return [int(record.content["no"]) for record in records_of(pages, self.declared.streams["things"])]

    def names(self) -> list[str]:
        """What lies in the folder and below it, files only."""
        return sorted(str(path.relative_to(self.inbox)) for path in self.inbox.rglob("*") if path.is_file())


def _no_secret(name: str) -> Secret:
    raise AssertionError(name)


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


def dripping(outbox: Path, inbox: Path) -> subprocess.Popen[bytes]:
    """A process of its own that writes every file of `outbox` into `inbox`, slowly (`device.py`)."""
    return subprocess.Popen([sys.executable, str(Path(__file__).with_name("device.py")), str(outbox), str(inbox)])
