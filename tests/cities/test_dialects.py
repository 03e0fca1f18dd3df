"""Three cities with all their streams in one gateway: the recorded one, Sanya, whose four platforms speak dialects, and
Wuxi, whose city model does. Slow, since every stream of the gateway is pulled three times.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from citysim import city_file
from citysim.score.lake import Lake
from citysim.score.stage import STREAMS, Score, score
from citysim.services.process import running_cities
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.cities.three import CITIES, addresses, declare
from tests.conftest import PLATFORMS, command_environment, sync_all, write_secrets

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the lake of all three, the logs of what each served, and what the recount found wrong."""
    folder = tmp_path_factory.mktemp("three")
    declare(folder)
    write_secrets(folder / "secrets")
    with running_cities(*CITIES, log_dir=folder / "served") as live:
        environment = {
            "HUTONG_ROOT": str(folder),
            "HUTONG_LAKE": str(folder / "lake"),
            "HUTONG_SECRETS": str(folder / "secrets"),
            "HUTONG_BUDGET": str(folder / "budget"),
            "HUTONG_LANG": "en",
            **addresses({code: {one: getattr(live[code], one) for one in PLATFORMS} for code in CITIES}),
        }
        settings = read(command_environment(environment))
        registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
        sync_all(registry, store, secrets, registry.connectors)
        (folder / "problems").write_text("\n".join(verify(registry, store, secrets).problems))
        yield folder


@pytest.mark.parametrize("code", CITIES)
def test_the_score_of_every_stream_is_perfect_in_every_city(code: str, three: Path) -> None:
    city = city_file.read(three / "served" / code)
    declared = {
        (f"{source.connector.source_platform}.{source.name}", rows.dataset)
        for source in open_registry(read({"HUTONG_ROOT": str(three)})).sources.values()
        for rows in source.mapping.rows
        if code in source.connector.cities
    }
    scored = [one for one in STREAMS if one.is_of(city) and (one.stream, one.dataset) in declared]
    assert len(scored) == len(declared) > 25
    scores: list[Score] = list(score(Lake(three / "lake"), three / "served" / code, city, scored))
    assert {f"{one.stream} -> {one.dataset}": list(one.missed()) for one in scores if any(one.missed())} == {}


def test_the_account_of_the_whole_gateway_balances(three: Path) -> None:
    assert (three / "problems").read_text() == ""
