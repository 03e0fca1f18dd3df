"""Every stream of the simulated city, pulled completely: as many records as its platform has to show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from citysim import truth
from citysim.services.process import RunningCity, running
from citysim.views import cim, cloud_control, traffic_safety, transport_info
from citysim.views.city import City, Shown
from hutong.errors import PlatformRefused
from hutong.extract.stage import extract
from hutong.model.batch import Page, Resume, Sequence
from hutong.model.connector import Connector
from hutong.secrets import Secret

CONNECTORS = Path(__file__).resolve().parents[3] / "connectors"
SECRETS = {
    "cloud_control_username": "hutong",
    "cloud_control_password": "city-cloud-password",
    "traffic_safety_licence": "CITY-LICENCE-0001",
    "transport_info_app_key": "hutong-city",
    "transport_info_secret": "city-transport-secret",
}


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def city(log_dir: Path) -> Iterator[RunningCity]:
    # Tokens that end within the long pull, so that it must renew them.
    with running(log_dir=log_dir, token_life_s=2) as started:
        yield started


def pull(
    city: RunningCity, source: str, since: Resume | None = None, secrets: dict[str, str] = SECRETS, **changes: Any
) -> Iterator[Page]:
    platform, _, name = source.partition(".")
    declared = Connector.model_validate(yaml.safe_load((CONNECTORS / platform / "connector.yaml").read_text("utf-8")))
    connector = declared.model_copy(update={"address": getattr(city, platform), **changes})
    return extract(
        Sequence(platform, name, "500000"),
        connector,
        connector.streams[name],
        lambda secret: Secret(secret, secrets[secret]),
        since or Resume(),
        datetime.now(UTC),
    )


@cache
def _views(recording_start: datetime) -> dict[str, tuple[Shown, ...]]:
    recording = truth.load()
    at = City(recording, recording.seed, recording_start)
    accidents = traffic_safety.accidents(at).shown
    newest = {one.record_id.partition("@")[0]: one.known_s for one in sorted(accidents, key=lambda one: one.known_s)}
    return {
        "cloud_control.rsu": cloud_control.rsus(at).shown,
        "traffic_safety.accident": tuple(
            one for one in accidents if newest[one.record_id.partition("@")[0]] == one.known_s
        ),
        "transport_info.section_flow": transport_info.flow(at).shown,
        "cim.road_segment": cim.road_segment(at).shown,
        "cim.junction": cim.intersection(at).shown,
    }


@pytest.mark.parametrize(
    "source",
    [
        "cloud_control.rsu",
        "traffic_safety.accident",
        "transport_info.section_flow",
        "cim.road_segment",
        "cim.junction",
    ],
)
def test_a_stream_is_pulled_completely(city: RunningCity, source: str) -> None:
    pages = list(pull(city, source))
    assert pages[-1].completeness == "proven"
    assert pages[-1].resume is None
    assert sum(page.records for page in pages) == len(_views(city.recording_start)[source]) > 0


@pytest.mark.slow
def test_participants_are_pulled_completely_while_tokens_end(city: RunningCity, log_dir: Path) -> None:
    pages = list(pull(city, "cloud_control.rsm"))
    assert pages[-1].completeness == "proven"
    lines = [json.loads(line) for line in (log_dir / "cloud_control.served.jsonl").read_text("utf-8").splitlines()]
    served = [line["records"] for line in lines if line["path"].endswith("/rsm") and line["status"] == 200]
    assert [page.records for page in pages] == served
    assert sum(served) > 200_000
    assert sum(line["path"].endswith("/login") for line in lines) > 1


def test_the_next_pull_asks_only_for_what_is_new(city: RunningCity) -> None:
    first = list(pull(city, "transport_info.section_flow"))
    again = list(pull(city, "transport_info.section_flow", Resume(first[-1].cursor, first[-1].resume)))
    assert again[-1].cursor == first[-1].cursor
    assert 0 < sum(page.records for page in again) < sum(page.records for page in first)


def test_a_pull_that_stopped_goes_on_where_it_was(city: RunningCity) -> None:
    whole = [page.body for page in pull(city, "traffic_safety.accident")]
    walk = pull(city, "traffic_safety.accident")
    kept = [next(walk) for _ in range(len(whole) // 2)]
    walk.close()
    rest = list(pull(city, "traffic_safety.accident", Resume(kept[-1].cursor, kept[-1].resume)))
    assert rest[-1].completeness == "proven"
    assert sum(page.records for page in kept + rest) == len(_views(city.recording_start)["traffic_safety.accident"])


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("cloud_control.rsu", "cloud_control_password"),
        ("traffic_safety.accident", "traffic_safety_licence"),
        ("transport_info.section_flow", "transport_info_app_key"),
        ("transport_info.section_flow", "transport_info_secret"),
    ],
)
def test_a_wrong_credential_is_refused_by_name(city: RunningCity, source: str, wrong: str) -> None:
    with pytest.raises(PlatformRefused, match=wrong) as refused:
        list(pull(city, source, secrets=SECRETS | {wrong: "not-this-one"}))
    assert "not-this-one" not in str(refused.value)
