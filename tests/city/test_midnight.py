"""A half hour that crosses midnight in Beijing: the platform writes 24:00:00, and rows belong to two dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from citysim import truth
from citysim.clock import BEIJING
from citysim.services.process import running
from citysim.views import transport_info
from citysim.views.city import City
from hutong.lake import rows_of
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from tests.conftest import CITY_SEED, environment_for, sync_all, write_secrets

from .copied import registry_copy

pytestmark = [pytest.mark.xdist_group("small_cities"), pytest.mark.slow]


def last_midnight() -> datetime:
    """The last midnight in Beijing that is at least an hour ago."""
    now = datetime.now(BEIJING) - timedelta(hours=1)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def across(tmp_path_factory: pytest.TempPathFactory) -> tuple[datetime, dict[str, pl.DataFrame]]:
    """Midnight, and the rows of two platforms that were asked for the half hour around it."""
    folder, midnight = tmp_path_factory.mktemp("midnight"), last_midnight()
    start = midnight - timedelta(minutes=15)
    root = registry_copy(folder / "root")
    for platform in ("traffic_safety", "transport_info"):
        connector = root / "connectors" / platform / "connector.yaml"
        connector.write_text(
            connector.read_text(encoding="utf-8").replace("since: P1D", "since: P3D"), encoding="utf-8"
        )
    write_secrets(folder / "secrets")
    with running(seed=CITY_SEED, recording_start=start) as live:
        settings = read({**environment_for(folder, live), "HUTONG_ROOT": str(root)})
        registry, store = open_registry(settings), Store(settings.lake)
        sync_all(registry, store, resolver(settings), platforms=("traffic_safety", "transport_info"))
    found = {}
    for dataset in ("traffic_flow", "traffic_event"):
        rows = pl.from_arrow(rows_of(registry.dataset(dataset), registry, store).to_table())
        assert isinstance(rows, pl.DataFrame)
        found[dataset] = rows
    return midnight, found


def test_24_00_00_is_the_next_midnight_and_its_period_belongs_to_the_day_before(
    across: tuple[datetime, dict[str, pl.DataFrame]],
) -> None:
    midnight, rows = across
    before = (midnight - timedelta(days=1)).date()
    city = City(truth.load(), CITY_SEED, midnight - timedelta(minutes=15))
    sound = [one for one in transport_info.flow(city).shown if one.fault is None]
    at_midnight = {str(one.record["linkId"]) for one in sound if one.record["statTime"] == f"{before} 24:00:00"}
    assert len(at_midnight) > 50
    flow = rows["traffic_flow"].filter(pl.col("period_end") == midnight.astimezone(UTC))
    assert at_midnight <= set(flow["source_id"])
    assert set(flow["date"]) == {before}
    assert set(flow["period_start"]) == {(midnight - timedelta(minutes=5)).astimezone(UTC)}


def test_both_sides_of_midnight_are_filed_under_their_own_date(
    across: tuple[datetime, dict[str, pl.DataFrame]],
) -> None:
    midnight, rows = across
    for dataset, moment in (("traffic_flow", "period_start"), ("traffic_event", "started_at")):
        frame = rows[dataset]
        is_before = frame[moment] < midnight.astimezone(UTC)
        days: tuple[date, date] = ((midnight - timedelta(days=1)).date(), midnight.date())
        assert set(frame.filter(is_before)["date"]) == {days[0]}
        assert set(frame.filter(~is_before)["date"]) == {days[1]}
