"""The city's datasets made anew from what landed: the encrypted and pseudonymised ones, past every gate."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from hutong.errors import SecretMissing
from hutong.redo import rebuilding
from hutong.secrets import Secret, Secrets
from hutong.store.paths import Store
from tests.conftest import CityLake

pytestmark = pytest.mark.xdist_group("city")


@pytest.fixture(scope="module")
def lake(city_lake: CityLake, tmp_path_factory: pytest.TempPathFactory) -> CityLake:
    """A copy of the lake."""
    folder = shutil.copytree(city_lake.settings.lake, tmp_path_factory.mktemp("rebuilt") / "lake")
    return replace(city_lake, store=Store(str(folder)))


@pytest.mark.parametrize("name", ["traffic_event", "junction", "road_segment"])
def test_what_is_made_anew_is_what_was_published(name: str, lake: CityLake) -> None:
    with rebuilding(name, lake.registry, lake.store, lake.secrets) as found:
        assert found.is_equal
        assert found.difference.compared > 0


@pytest.mark.parametrize("missing", ["store_key", "pseudonym_key"])
def test_without_a_key_it_is_said_which_one(missing: str, lake: CityLake) -> None:
    def without(secrets: Secrets) -> Secrets:
        def resolve(name: str) -> Secret:
            if name == missing:
                raise SecretMissing(f"the secret '{name}' is not to be had", "set it")
            return secrets(name)

        return resolve

    with (
        pytest.raises(SecretMissing, match=missing),
        rebuilding("traffic_event", lake.registry, lake.store, without(lake.secrets)),
    ):
        pass
