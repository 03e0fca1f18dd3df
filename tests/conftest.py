"""A lake filled from the four real services, once for all tests that ask it."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets as randomness
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from citysim import truth
from citysim.services.process import RunningCity, running
from citysim.views.city import City
from hutong.budget import BOUNDLESS
from hutong.model.batch import Published
from hutong.pipeline import land_new, publish_waiting
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store

ROOT = Path(__file__).resolve().parent.parent
CITY_SEED = 7
CREDENTIALS = {
    "cloud_control_username": "hutong",
    "cloud_control_password": "city-cloud-password",
    "traffic_safety_licence": "CITY-LICENCE-0001",
    "transport_info_app_key": "hutong-city",
    "transport_info_secret": "city-transport-secret",
}
# How long an example takes is the machine's affair; speed is measured in benchmarks.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")
PLATFORMS = ("cloud_control", "traffic_safety", "transport_info", "cim")

MADE_ONCE = ("told", "twelve_corrections", "gated_once", "refused_once")
"""Fixtures that take seconds: one worker makes each and runs all tests that ask for it."""


# First, since xdist asks for the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares a fixture of `MADE_ONCE`, and begin with the longest groups, so that no worker is left
    with one alone in the end.
    """
    for item in items:
        shared = [name for name in MADE_ONCE if name in getattr(item, "fixturenames", ())]
        if shared and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(shared[0]))
    first = {"demo": 0, "chaos": 1, "cluster": 2}
    items.sort(
        key=lambda item: min((first.get(mark.args[0], 3) for mark in item.iter_markers("xdist_group")), default=3)
    )


@dataclass(frozen=True)
class CityLake:
    """A synced lake and the city that filled it. `environment` lets a command find both.

    served: the services' logs as they stood after the sync; what tests ask later is not in them.
    """

    folder: Path
    settings: Settings
    environment: dict[str, str]
    registry: Registry
    store: Store
    secrets: Secrets
    published: dict[str, list[Published]]
    city: City
    running: RunningCity
    served: Path

    @property
    def command_environment(self) -> dict[str, str]:
        """The environment of a `hutong` command that works on this lake."""
        return command_environment(self.environment)


def write_secrets(folder: Path) -> None:
    """The simulated city's credentials and fresh keys, each in a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = {name: randomness.token_hex(32) for name in ("store_key", "pseudonym_key")}
    for name, value in {**CREDENTIALS, **keys}.items():
        (folder / name).write_text(value)
        (folder / name).chmod(0o600)


def environment_for(folder: Path, city: RunningCity) -> dict[str, str]:
    """What HUTONG_* must say for a lake in `folder` that is filled from `city`."""
    addresses = {f"HUTONG_ADDRESS_{platform.upper()}": getattr(city, platform) for platform in PLATFORMS}
    return {
        "HUTONG_ROOT": str(ROOT),
        "HUTONG_LAKE": str(folder / "lake"),
        "HUTONG_SECRETS": str(folder / "secrets"),
        "HUTONG_BUDGET": str(folder / "budget"),
        "HUTONG_LANG": "en",
        **addresses,
    }


def command_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `environment` in place of its own HUTONG_ variables."""
    return {**{name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")}, **environment}


def sync_all(
    registry: Registry, store: Store, secrets: Secrets, platforms: Collection[str] = PLATFORMS
) -> dict[str, list[Published]]:
    """Every stream of `platforms` pulled and published once: sequence -> what became of its batches."""
    published: dict[str, list[Published]] = {}
    for source in registry.sources.values():
        for sequence in source.sequences if source.connector.platform in platforms else ():
            land_new(source, sequence, store, secrets, BOUNDLESS)
            published[sequence.id] = list(publish_waiting(source, sequence, registry, store, secrets))
    return published


@contextlib.contextmanager
def logging_everything(path: Path) -> Iterator[None]:
    """All that is logged in this process at any level, written to the file as well."""
    path.parent.mkdir(parents=True)
    root, handler = logging.getLogger(), logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


@pytest.fixture(scope="session")
def city_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CityLake]:
    """The whole half hour of the simulated city, synced once by the engine without Airflow."""
    folder = tmp_path_factory.mktemp("city")
    write_secrets(folder / "secrets")
    with running(seed=CITY_SEED, log_dir=folder / "served") as live:
        environment = environment_for(folder, live)
        settings = read(command_environment(environment))
        registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
        with logging_everything(folder / "logs" / "sync.log"):
            published = sync_all(registry, store, secrets)
        served = Path(shutil.copytree(folder / "served", folder / "served_by_the_sync"))
        city = City(truth=truth.load(), seed=CITY_SEED, recording_start=live.recording_start)
        yield CityLake(folder, settings, environment, registry, store, secrets, published, city, live, served)
