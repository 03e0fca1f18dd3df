"""Streams of the simulated city, of every dialect, through the path that the large workload goes:

    python -m benchmarks.meaning.city prepare FOLDER            pull the city once, and multiply what it says
    python -m benchmarks.meaning.city CITY.STREAM FOLDER        publish one stream, timed

The city is small (45 accidents, 130 crossings), so its landed pages are landed again and again, each time with other
identities written into their bytes and nothing else changed, until there are enough records to measure. Pages stay as
small as the platform sends them. Gates of contracts are taken out: they are Great Expectations' own time, and the large
workload's contract has none.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from benchmarks.meaning.clock import tell
from benchmarks.meaning.ground import REPOSITORY

from citysim.services.process import running
from hutong.budget import BOUNDLESS
from hutong.land.stage import land
from hutong.machine.place import Place
from hutong.model.batch import Page, Published
from hutong.pipeline import land_new, publish_waiting, store_key
from hutong.registry import Source, open_registry, open_sound
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.landing import LandedPage, mark, read_batch
from hutong.store.paths import Store

SEED, ENOUGH = 20_260_318, 60_000
IDENTITY: dict[str, tuple[bytes, bytes]] = {
    "cim.junction": (rb'("entityCode":"[0-9]{10})[0-9]{3}', rb"\g<1>%03d"),
    "cim.road_segment": (rb'("entityCode":"[0-9]{10})[0-9]{3}', rb"\g<1>%03d"),
    "cloud_control.rsm": (rb'("rsuEsn":"[^"]+)', rb"\g<1>-%d"),
    "cloud_control.rsu": (rb'("rsuEsn":"[^"]+)', rb"\g<1>-%d"),
    "traffic_safety.accident": (rb"(&lt;sgbh&gt;[0-9]{12,16})", rb"\g<1>%04d"),
    "transport_info.section_flow": (rb'("linkId":"[^"]+)', rb"\g<1>-%d"),
}
"""Stream -> where its bytes name the thing, and what they become in the n-th copy."""


class _Ground:
    """The folder of the city: declared files without gates, secrets, the lake as pulled and the one to measure."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "city"
        self.root, self.place = self.folder / "registry", Place(self.folder)

    def settings(self, addresses: dict[str, str] | None = None) -> Settings:
        return read(
            {
                "HUTONG_ROOT": str(self.root),
                "HUTONG_LAKE": str(self.place.lake),
                "HUTONG_SECRETS": str(self.place.secrets),
                **(addresses or {}),
            }
        )

    @property
    def enough(self) -> Store:
        return Store(str(self.folder / "enough"))

    @property
    def little(self) -> Store:
        return Store(str(self.folder / "little"))


def prepare(folder: Path) -> None:
    """Pull the whole city once, and land its pages again until each stream has enough records."""
    ground = _Ground(folder)
    if (ground.folder / "done").exists():
        return
    shutil.rmtree(ground.folder, ignore_errors=True)
    for name in ("connectors", "schemas", "mappings"):
        shutil.copytree(REPOSITORY / name, ground.root / name)
    for contract in (ground.root / "schemas").glob("*.yaml"):
        _without_gates(contract)
    ground.place.write_secrets()
    with running(seed=SEED) as city:
        names = ("cloud_control", "traffic_safety", "transport_info", "cim")
        settings = ground.settings({f"HUTONG_ADDRESS_{name.upper()}": getattr(city, name) for name in names})
        registry, secrets, store = open_registry(settings), resolver(settings), Store(settings.lake)
        measured = [registry.sources[name] for name in IDENTITY]
        for source in measured:
            for sequence in source.sequences:
                land_new(source, sequence, store, secrets, BOUNDLESS)
    for source in measured:
        _multiplied(source, store, secrets, ground)
    (ground.folder / "done").touch()


def _without_gates(contract: Path) -> None:
    found = yaml.safe_load(contract.read_text(encoding="utf-8"))
    table = found["schema"][0]
    table["quality"] = [entry for entry in table.get("quality", []) if entry["engine"] != "greatExpectations"]
    contract.write_text(yaml.safe_dump(found, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _multiplied(source: Source, store: Store, secrets: Secrets, ground: _Ground) -> None:
    key, (sequence,) = store_key(source, secrets), source.sequences
    newest, _ = mark(store, sequence)
    held = (page for batch in range(1, newest + 1) for page in read_batch(store, sequence, batch, key))
    pages = [page for page in held if page.records]
    stream = source.stream.model_copy(update={"max_records": ENOUGH})
    land(sequence, stream, copies(pages[:1], source.id, 1), ground.little, key)
    land(sequence, stream, copies(pages, source.id, ENOUGH), ground.enough, key)


def copies(pages: list[LandedPage], stream: str, enough: int) -> Iterator[Page]:
    """`pages` over and over, under other identities each time, until there are `enough` records."""
    where, other = IDENTITY[stream]
    made = 0
    for turn in count(1):
        for page in pages:
            if made >= enough:
                return
            body = re.sub(where, other % turn, page.body)
            made += page.records
            yield Page(
                url="http://127.0.0.1/",
                status=200,
                content_type=page.content_type,
                body=body,
                fetched_at=page.fetched_at,
                elapsed_s=page.elapsed_s,
                attempts=1,
                records=page.records,
                cursor=None,
                resume="{}" if made < enough else None,
                completeness="proven",
            )


def publish(source: Source, store: Store, ground: _Ground) -> list[Published]:
    settings = ground.settings()
    # As a task opens it: the streams of other platforms are not read.
    registry = open_sound(settings, lambda connector: connector.platform == source.connector.platform)
    (sequence,) = source.sequences
    return list(publish_waiting(source, sequence, registry, store, resolver(settings)))


def main(name: str, folder: Path) -> None:
    """Publish one stream and say how many rows came out, of all its datasets."""
    ground = _Ground(folder)
    source = open_registry(ground.settings()).sources[name]
    with TemporaryDirectory(dir=folder) as scratch:
        little, enough = (
            Store(str(shutil.copytree(store.root, Path(scratch) / Path(store.root).name, copy_function=os.link)))
            for store in (ground.little, ground.enough)
        )
        publish(source, little, ground)

        def work() -> tuple[int, dict[str, object]]:
            done = publish(source, enough, ground)
            written = sum(rows.get("written", 0) for one in done for rows in one.rows.values())
            return written, {"records": sum(one.received for one in done), "batches": len(done)}

        tell(work)


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    else:
        main(sys.argv[1], Path(sys.argv[2]))
