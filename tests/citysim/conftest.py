"""A city to look at, and a city that answers, shared by the tests of the simulated city."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from citysim.clock import BEIJING
from citysim.services import RunningCity, running
from citysim.truth import Truth, load
from citysim.views.city import City

RECORDING_START = datetime(2026, 3, 18, 8, 0, tzinfo=BEIJING)


@pytest.fixture(scope="session")
def truth() -> Truth:
    return load()


@pytest.fixture(scope="session")
def city(truth: Truth) -> City:
    """The city as the services show it: same seed, date and share of faults as `past`."""
    return City(truth, truth.seed, RECORDING_START)


@pytest.fixture(scope="session")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def past(log_dir: Path) -> Iterator[RunningCity]:
    """Services for which the whole recording has happened."""
    with running(
        recording_start=RECORDING_START, clock_start=RECORDING_START + timedelta(hours=1), log_dir=log_dir
    ) as found:
        yield found


@pytest.fixture(scope="session")
def halfway() -> Iterator[RunningCity]:
    """Services whose clock stands, as good as still, at second 900 of the recording; tokens live for half a second."""
    with running(
        recording_start=RECORDING_START,
        clock_start=RECORDING_START + timedelta(seconds=900),
        speed=1e-6,
        token_life_s=0.5,
        row_cap=1000,
    ) as found:
        yield found
