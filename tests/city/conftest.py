"""What the tests of the whole city share: what was handed out, what was planted, and what the lake holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from citysim.faults import Fault
from citysim.views import buses, cim, cloud_control, detectors, parking, road_status, traffic_safety, transport_info
from citysim.views.city import City, View
from citysim.views.connected import bsm, cloud_reports
from citysim.views.heartbeats import heartbeats
from citysim.views.map_messages import map_nodes
from citysim.views.rsi import rsi, signs
from citysim.views.rsm import RsmMinute
from citysim.views.spat import spat
from hutong.lake import rows_of
from tests.conftest import CityLake

from .handed import STREAMS, Handed, Stream, handed_out


def frame_of(lake: CityLake, dataset: str) -> pl.DataFrame:
    """All rows of a dataset, or of the ledger or the quarantine, over all platforms."""
    found = pl.from_arrow(rows_of(lake.registry.dataset(dataset), lake.registry, lake.store).to_table())
    assert isinstance(found, pl.DataFrame)
    return found


@dataclass(frozen=True)
class Received:
    """A stream's records as the gateway received them.

    records: a row per record: batch, record (its number there), record_id, copy (0, or 1 for a planted second one).
    """

    records: pl.DataFrame
    handed: Handed


@pytest.fixture(scope="session")
def rsm_minutes(city_lake: CityLake) -> list[RsmMinute]:
    """What all roadside units saw, minute by minute."""
    city = city_lake.city
    return [cloud_control.rsm(city, minute) for minute in range(city.truth.duration_s // 60)]


@pytest.fixture(scope="session")
def views(city_lake: CityLake) -> Mapping[str, View]:
    """The small streams as the city shows them."""
    return small_views(city_lake.city)


def small_views(city: City) -> dict[str, View]:
    return {
        "rsus": cloud_control.rsus(city),
        "spat": spat(city),
        "rsi": rsi(city),
        "signs": signs(city),
        "map": map_nodes(city),
        "heartbeat": heartbeats(city),
        "bsm": bsm(city),
        "vehicle": cloud_reports(city),
        "accidents": traffic_safety.accidents(city),
        "flow": transport_info.flow(city),
        "road_status": road_status.road_status(city),
        "bus_positions": buses.bus_positions(city),
        "parking_facility": parking.facilities(city),
        "parking_spaces": parking.spaces(city),
        "detectors": detectors.detectors(city),
        "detector_flow": detectors.detector_flow(city),
        "road_segment": cim.road_segment(city),
        "intersection": cim.intersection(city),
        "building": cim.building(city),
        "building_model": cim.building_model(city),
        "lane": cim.lane(city),
        "parking_lot": cim.parking_lot(city),
        "roadside_asset": cim.roadside_asset(city),
    }


@pytest.fixture(scope="session")
def faults(views: Mapping[str, View], rsm_minutes: list[RsmMinute]) -> Mapping[str, Mapping[str, Fault]]:
    """Stream -> record id -> what was planted there."""
    found = {stream: {fault.record_id: fault for fault in view.faults} for stream, view in views.items()}
    found["rsm"] = {fault.record_id: fault for minute in rsm_minutes for fault in minute.faults}
    return found


@pytest.fixture(scope="session")
def ledger(city_lake: CityLake) -> pl.DataFrame:
    return frame_of(city_lake, "ledger")


@pytest.fixture(scope="session")
def quarantine(city_lake: CityLake) -> pl.DataFrame:
    return frame_of(city_lake, "quarantine")


@pytest.fixture(scope="session")
def base(city_lake: CityLake) -> Mapping[str, pl.DataFrame]:
    """The base datasets of those streams."""
    return {
        name: frame_of(city_lake, name)
        for name in sorted({*(stream.dataset for stream in STREAMS)})
    }  # fmt: skip


@pytest.fixture(scope="session")
def received(city_lake: CityLake, ledger: pl.DataFrame) -> Mapping[str, Received]:
    """Per stream, which record the gateway knows under which batch and number."""
    return {stream.city: received_of(stream, city_lake.served, ledger) for stream in STREAMS}


def received_of(stream: Stream, served: Path, ledger: pl.DataFrame) -> Received:
    """The records of one stream: `served` says which were handed out, the ledger how they fell into batches."""
    handed = handed_out(served, stream)
    batches = (
        ledger.filter(pl.col("sequence") == stream.sequence)
        .group_by("batch")
        .agg(pl.col("received").first())
        .sort("batch")
    )
    places = [(batch, number) for batch, count in batches.iter_rows() for number in range(count)]
    assert len(places) == len(handed.record_ids), f"{stream.sequence}: received is not what was handed out"
    records = pl.DataFrame(
        {
            "batch": [batch for batch, _ in places],
            "record": pl.Series([number for _, number in places], dtype=pl.Int32),
            "record_id": handed.record_ids,
        }
    ).with_columns(copy=pl.int_range(pl.len()).over("record_id"))
    return Received(records, handed)
