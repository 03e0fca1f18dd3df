"""An accident that is revised after it was published: corrected in its place, and the ledger says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from citysim import truth
from citysim.clock import default_recording_start
from citysim.services.process import running
from citysim.views import traffic_safety
from citysim.views.city import City
from hutong.model.batch import Published
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import CITY_SEED, CityLake, environment_for, sync_all, write_secrets

from .conftest import frame_of

# Cities of its own, so that it may run beside the large one.
pytestmark = pytest.mark.xdist_group("small_cities")


def _revised(city: City) -> tuple[str, float, float]:
    """A sound accident that is revised: its number, and the seconds at which both versions become known."""
    shown = [one for one in traffic_safety.accidents(city).shown if one.fault is None]
    known: dict[str, list[float]] = {}
    for one in shown:
        known.setdefault(str(one.record["sgbh"]), []).append(one.known_s)
    return next((number, *sorted(times)) for number, times in known.items() if len(times) == 2)


@pytest.mark.slow
def test_a_revised_accident_is_corrected_in_its_place(tmp_path: Path) -> None:
    write_secrets(tmp_path / "secrets")
    start = default_recording_start(datetime.now(UTC))
    city = City(truth.load(), CITY_SEED, start)
    number, first_s, revised_s = _revised(city)

    def sync_at(second: float) -> tuple[list[Published], pl.DataFrame, pl.DataFrame]:
        """Pull the accidents from the city as it is at `second`; its clock stands as good as still."""
        moment = start + timedelta(seconds=second)
        with running(seed=CITY_SEED, recording_start=start, clock_start=moment, speed=1e-6) as live:
            settings = read(environment_for(tmp_path, live))
            registry, store = open_registry(settings), Store(settings.lake)
            done = sync_all(registry, store, resolver(settings), platforms=("traffic_safety",))
            lake = CityLake(tmp_path, settings, {}, registry, store, resolver(settings), done, city, live, tmp_path)
            assert verify(registry, store, lake.secrets).problems == []
            rows = frame_of(lake, "traffic_event").filter(pl.col("source_id") == number)
            return done["traffic_safety/accident/500000"], rows, frame_of(lake, "ledger")

    done, before, _ = sync_at((first_s + revised_s) / 2)
    assert before.height == 1
    assert before["updated_at"].item() == city.moment(first_s)
    assert sum(batch.rows["traffic_event"].get("corrected", 0) for batch in done) == 0

    # Just after the revision: no other accident has become known since then.
    done, after, ledger = sync_at(revised_s + 0.5)
    assert after.height == 1
    assert after["updated_at"].item() == city.moment(revised_s)
    assert after["injured"].item() == before["injured"].item() + 1
    assert after["batch"].item() > before["batch"].item()
    assert after["plate_key"].item() == before["plate_key"].item()
    others = [one for one in traffic_safety.accidents(city).shown if one.fault is None]
    between = {str(one.record["sgbh"]) for one in others if (first_s + revised_s) / 2 < one.known_s <= revised_s + 0.5}
    earlier = {str(one.record["sgbh"]) for one in others if one.known_s <= (first_s + revised_s) / 2}
    corrections = len(between & earlier)
    assert corrections >= 1
    assert sum(batch.rows["traffic_event"].get("corrected", 0) for batch in done) == corrections
    told = ledger.filter(pl.col("outcome") == "corrected", pl.col("kind") == "row")
    assert told["count"].sum() == corrections
