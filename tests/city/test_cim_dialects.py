"""The two dialects of the city model, from what the city shows to rows: every place comes to where it is."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from citysim import truth
from citysim.views import cim
from citysim.views.city import City, Shown
from hutong.model.batch import Record
from hutong.normalise import compile_source, normalise_records
from hutong.registry import Registry, open_registry
from hutong.settings import read
from tests.conftest import ROOT
from tests.hutong.making import START

from .copied import registry_copy

SOME = 40
URN, URL = "urn:ogc:def:crs:EPSG::", "https://www.opengis.net/def/crs/EPSG/0/"
VIEWS = {
    "road_segment": cim.road_segment, "junction": cim.intersection, "lane": cim.lane, "building": cim.building,
    "building_model": cim.building_model, "parking_lot": cim.parking_lot, "roadside_asset": cim.roadside_asset,
}  # fmt: skip


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """What this repository declares, with the dialects of other cities laid over it."""
    root = registry_copy(tmp_path_factory.mktemp("dialects"))
    for folder in ("connectors", "mappings"):
        for dialect in sorted((ROOT / "variants" / folder).glob("cim-*")):
            shutil.copytree(dialect, root / folder / dialect.name)
    return open_registry(read({"HUTONG_ROOT": str(root)}))


@pytest.fixture(scope="module")
def cities() -> Mapping[str, City]:
    """Chongqing, as its model would speak in each dialect."""
    whole = truth.load()
    # A few of each are enough, and the rest takes its time.
    few = {name: getattr(whole, name).slice(0, 2 * SOME) for name in ("buildings", "lanes", "assets")}
    here = City(replace(whole, **few), 7, START, fault_share=0.0)
    return {
        name: replace(here, variants={**here.variants, "cim": name}) for name in ("northing_easting", "zone_prefixed")
    }


def sent(one: Shown, stream: str, epsg: int) -> dict[str, Any]:
    """A record as it comes out of an answer: with the system that the whole answer names."""
    if stream == "building_model":
        return {**one.record, "id": one.record_id, "crs": f"{URL}{epsg}"}
    return {**one.record, "crs": f"{URN}{epsg}"}


@pytest.mark.parametrize("stream", VIEWS)
@pytest.mark.parametrize(("dialect", "epsg"), [("northing_easting", 4545), ("zone_prefixed", 4524)])
def test_places_are_those_that_were_measured(
    dialect: str, epsg: int, stream: str, registry: Registry, cities: Mapping[str, City]
) -> None:
    city = cities[dialect]
    assert cim.epsg(city) == epsg
    source = registry.source(f"cim-{dialect}", stream)
    shown = VIEWS[stream](city).shown[:SOME]
    records = [Record(n, 0, n, sent(one, stream, epsg), START) for n, one in enumerate(shown)]
    made = normalise_records(records, source.sequences[0], 1, compile_source(source, None))
    assert made.refused == []
    rows = made.frames[source.deciding.id].sort("record").to_dicts()
    plane = city.plane()
    for row, one in zip(rows, shown, strict=True):
        assert row["source_crs"] == f"EPSG:{epsg}"
        assert row["source_id"] == one.record_id
        assert one.origin.noise_m is not None
        shape = shapely.from_wkb(row["geometry"]) if "geometry" in row else shapely.Point(row["lon"], row["lat"])
        first = shapely.get_coordinates(shape)[:1].T
        x, y = plane.to_metres(*first)
        true_x, true_y = plane.to_metres(np.array([one.origin.lon]), np.array([one.origin.lat]))
        east, north = one.origin.noise_m
        assert np.hypot(x - true_x - east, y - true_y - north) < 0.05


def test_the_mappings_of_a_dialect_say_the_same_but_for_the_places() -> None:
    """A field that only the standard mapping gained would be missing in other cities."""
    own = sorted((ROOT / "variants" / "mappings" / "cim-northing_easting").glob("*.yaml"))
    assert own
    for path in own:
        assert besides_places(path) == besides_places(ROOT / "mappings" / "cim" / path.name)


def besides_places(mapping: Path) -> list[str]:
    words = ("stream:", "EPSG", "axes:", "# ")
    return [line for line in mapping.read_text("utf-8").splitlines() if not any(word in line for word in words)]
