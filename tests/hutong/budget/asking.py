"""A platform with a budget, pulled in this process or in one of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from hutong.budget import owned
from hutong.errors import PlatformError
from hutong.extract.stage import extract
from hutong.model.batch import Page, Resume, Sequence
from hutong.model.connector import Connector
from hutong.model.window import Window
from hutong.pipeline import allowance, land_new, land_window
from hutong.registry import Source, open_registry
from hutong.secrets import Secret, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from tests.conftest import ROOT
from tests.hutong.extract.speaking import INCREMENTAL, NOW, NUMBERED, PLANTED, connector

PLATFORM, CITY = "transport_info", "500000"
"""The name of a registered platform, so that it can be paused; nothing else of that one is used."""
START = datetime(2026, 3, 17, 23, 0, tzinfo=UTC)


def platform(address: str, budget: dict[str, Any], stream: dict[str, Any] | None = None, **more: Any) -> Connector:
    paged = {"paginator": NUMBERED, "incremental": INCREMENTAL, **(stream or {})}
    return connector(address, paged, platform=PLATFORM, budget=budget, **more)


def settings_in(folder: Path) -> Settings:
    return read(
        {"HUTONG_ROOT": str(ROOT), "HUTONG_LAKE": str(folder / "lake"), "HUTONG_BUDGET": str(folder / "budget")}
    )


def pull(at: Connector, settings: Settings) -> list[Page]:
    """Extract its one stream within its budget."""
    turns = owned(at, "things", settings, lambda: None)
    try:
        stream, since = at.streams["things"], Resume(None, None)
        sequence = Sequence(PLATFORM, "things", CITY)
        return list(
            extract(sequence, at, stream, lambda name: Secret(name, PLANTED[name]), since, NOW, allowance=turns)
        )
    finally:
        turns.close()


@dataclass
class Running:
    """A process that pulls, and says in the end what became of it."""

    process: BaseProcess
    told: Connection
    together: Barrier | None  # which is gone when nobody here holds it

    def says(self) -> str:
        return str(self.told.recv())

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


# Forked off one that has only imported the engine, which takes seconds.
processes = get_context("forkserver")
processes.set_forkserver_preload(["hutong.pipeline"])


def start(folder: Path, at: Connector, city: str = CITY, run: str = "", together: Barrier | None = None) -> Running:
    """A process that lands what the platform has: a sync, or a backfill where `run` names one.

    together: it begins when so many are ready.
    """
    told, tell = processes.Pipe(duplex=False)
    process = processes.Process(target=_tell, args=(tell, together, folder, at, city, run), daemon=True)
    process.start()
    tell.close()
    return Running(process, told, together)


def _tell(tell: Connection, together: Barrier | None, folder: Path, at: Connector, city: str, run: str) -> None:
    if together is not None:
        together.wait()
    tell.send(land(folder, at, city, run))


def land(folder: Path, at: Connector, city: str = CITY, run: str = "") -> str:
    """What was landed, or the kind of error and its words."""
    settings = settings_in(folder)
    registry, store = open_registry(settings), Store(settings.lake)
    known = registry.source(PLATFORM, "section_flow")
    source: Source = replace(known, connector=at, name="things", stream=at.streams["things"])
    sequence = Sequence(PLATFORM, "things", city, run=run)
    turns, secrets = allowance(source, "500000", registry, store, settings), resolver(settings)
    try:
        if run:
            landed = land_window(source, sequence, Window(START, START + timedelta(hours=2)), store, secrets, turns)
        else:
            landed = land_new(source, sequence, store, secrets, turns)
    except PlatformError as wrong:
        return f"{type(wrong).__name__}: {wrong}"
    return f"{landed.records} records"
