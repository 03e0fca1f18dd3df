"""Making a recording; with SUMO where it is installed."""

import importlib.util
from pathlib import Path

import pytest

from citysim.record import Gridlocked, SumoMissing, make
from citysim.record.recipe import Health, refuse_gridlock, size_of
from citysim.truth import load, verify

HAS_SUMO = importlib.util.find_spec("sumo") is not None


def test_a_size_is_columns_by_rows() -> None:
    assert size_of("12x11") == (12, 11)


@pytest.mark.parametrize("text", ["12", "12x", "x11", "12 x 11", "-6x6"])
def test_a_size_written_otherwise_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="for example 12x11"):
        size_of(text)


@pytest.mark.parametrize(
    "health", [Health(teleport_share=0.02, growth=1.0, mean_running=9), Health(0.0, growth=1.2, mean_running=9)]
)
def test_locked_traffic_is_refused_with_what_to_try(health: Health) -> None:
    with pytest.raises(Gridlocked, match="try another --seed"):
        refuse_gridlock(health)


def test_moving_traffic_passes() -> None:
    refuse_gridlock(Health(teleport_share=0.01, growth=1.05, mean_running=300))
    refuse_gridlock(Health(teleport_share=0.01, growth=None, mean_running=300))


@pytest.mark.skipif(HAS_SUMO, reason="SUMO is installed")
def test_without_sumo_the_message_names_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(SumoMissing, match=r"pip install 'hutong\[sim\]'"):
        make(7, 5, "6x6", 600, tmp_path)


@pytest.mark.skipif(not HAS_SUMO, reason="needs the sim extra (eclipse-sumo)")
def test_a_small_city_is_recorded_twice_alike(tmp_path: Path) -> None:
    manifests = [make(3, 5, "6x6", 900, tmp_path / name) for name in ("one", "two")]
    assert verify(tmp_path / "one") == []
    first, second = (load(tmp_path / name) for name in ("one", "two"))
    assert first.manifest == second.manifest
    assert manifests[0] == first.manifest
    assert first.duration_s == 300
    assert set(first.participants["kind"].to_pylist()) == {"passenger", "truck", "bus", "bicycle", "pedestrian"}
