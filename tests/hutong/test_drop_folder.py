"""A drop folder by YAML alone: from files that somebody else writes to rows of a base dataset."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hutong.budget import BOUNDLESS
from hutong.pipeline import land_new, publish_waiting
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.store.tables import existing
from hutong.verify import verify
from tests.hutong.extract.transports.dropping import dripping
from tests.hutong.publish.conftest import declare_without_gates
from tests.hutong.publish.test_tombstones import CRS, crossing

CONNECTOR = """
platform: cim
title: {{zh: 城市信息模型平台, en: City Information Model platform}}
owner: 市住房和城乡建设委员会
cities: ["500000"]
address: {address}
streams:
  road_segment:
    title: {{zh: 道路中心线, en: Road centrelines}}
    endpoint: {{transport: drop_folder, pattern: "road_*.json", whole: {{type: marker}}}}
    format: geojson
    carry: {{crs: ^.crs.properties.name}}
  junction:
    title: {{zh: 路口, en: Crossings}}
    endpoint: {{transport: drop_folder, pattern: "crossing_*.json", whole: {{type: marker}}, {more}}}
    format: {{type: geojson, encoding: gbk}}
    carry: {{crs: ^.crs.properties.name}}
"""


@dataclass
class Gateway:
    inbox: Path
    registry: Registry
    store: Store
    secrets: Secrets

    def sync(self) -> tuple[int, str | None]:
        """Pull and publish; how many records landed, and what speaks against their being all."""
        source = self.registry.source("cim", "junction")
        landed = land_new(source, source.sequences[0], self.store, self.secrets, BOUNDLESS)
        list(publish_waiting(source, source.sequences[0], self.registry, self.store, self.secrets))
        return landed.records, landed.doubt

    def crossings(self) -> dict[str, bool]:
        """Every crossing's code, and whether it is still listed."""
        table = existing(self.store.base("junction"))
        assert table is not None
        rows = pl.scan_delta(table).select("source_id", "last_seen_at").collect()
        assert len(rows) == rows["source_id"].n_unique()
        return {code: gone is None for code, gone in rows.iter_rows()}


def gateway(place: Path, more: str) -> Gateway:
    inbox, root = place / "inbox", place / "root"
    inbox.mkdir()
    declare_without_gates(root)
    declared = CONNECTOR.format(address=inbox.as_uri(), more=more)
    (root / "connectors" / "cim" / "connector.yaml").write_text(declared, encoding="utf-8")
    for mapping in (root / "mappings" / "cim").glob("*.yaml"):
        if mapping.stem not in ("road_segment", "junction"):
            mapping.unlink()  # of a stream that this folder does not hold
    settings = read({"HUTONG_ROOT": str(root), "HUTONG_LAKE": str(place / "lake")})
    return Gateway(inbox, open_registry(settings), Store(settings.lake), resolver(settings))


def put(folder: Path, name: str, crossings: list[dict[str, Any]]) -> None:
    collection = {"type": "FeatureCollection", "crs": CRS, "features": crossings}
    (folder / name).write_bytes(json.dumps(collection, ensure_ascii=False).encode("gbk"))


def test_a_folder_that_is_being_written_to_syncs_every_record_exactly_once(tmp_path: Path) -> None:
    here = gateway(tmp_path, "move_to: done")
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    for number in range(12):
        put(outbox, f"crossing_{number:02}.json", [crossing(number * 20 + one) for one in range(20)])
    writer = dripping(outbox, here.inbox)
    landed, is_over = 0, False
    while not is_over:
        is_over = writer.poll() is not None
        records, doubt = here.sync()
        landed += records
        assert doubt in (None, "increments")
    assert landed == 240
    assert here.crossings() == {f"{code:016d}": True for code in range(240)}
    assert verify(here.registry, here.store, here.secrets).problems == []


def test_what_a_whole_file_lacks_is_gone_and_what_an_increment_lacks_is_not(tmp_path: Path) -> None:
    here = gateway(tmp_path, "each_file: whole")
    for day, codes in enumerate([[1, 2, 3], [1, 3]]):
        put(here.inbox, f"crossing_{day}.json", [crossing(code) for code in codes])
        (here.inbox / f"crossing_{day}.json.ok").write_text("")
    assert [here.sync(), here.sync()] == [(3, None), (2, None)]
    assert here.crossings() == {f"{1:016d}": True, f"{2:016d}": False, f"{3:016d}": True}
