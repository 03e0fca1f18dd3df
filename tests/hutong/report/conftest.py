"""The city's lake, asked once."""

from __future__ import annotations

import pytest

from hutong.report import Answer, answer
from tests.conftest import CityLake


@pytest.fixture(scope="session")
def asked(city_lake: CityLake) -> Answer:
    return answer(city_lake.registry, city_lake.store, city_lake.secrets)
