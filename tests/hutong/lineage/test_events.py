"""What a catalogue is told of a sync that goes well and of one that does not."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from openlineage.client.event_v2 import Job, Run, RunEvent
from openlineage.client.serde import Serde

from hutong.budget import BOUNDLESS
from hutong.errors import PlatformRefused
from hutong.lineage import Parent, Work, sending, under
from hutong.lineage.facets import landing_read
from hutong.lineage.named import of_table
from hutong.model.batch import GateResult, Published, Sequence
from hutong.model.window import Window
from hutong.pipeline import land_new, land_window, publish_landed, publish_waiting
from hutong.redo.replay import replaying
from hutong.registry import Registry, open_registry
from hutong.secrets import Secret
from hutong.settings import read
from hutong.store.paths import Place, Store
from hutong.store.tables import existing
from tests.conftest import ROOT
from tests.hutong.extract.speaking import Asked, Says, says, speaking
from tests.hutong.lineage.catalogue import Told, written_in
from tests.hutong.lineage.specified import specification
from tests.peers.declared import declare

RECORDS = [
    {"no": f"N{n}", "name": "设施", "lon": 106.5, "lat": 29.6, "checked": "2026-03-18 08:00:00"} for n in range(5)
]
BAD = {"no": "N9", "name": "设施", "lon": 106.5, "lat": 29.6, "checked": "noon"}
SEQUENCE = Sequence("s_plain", "facility", "500000")
SPECIFICATION = specification()


def secrets(name: str) -> Secret:
    return Secret(name, "no-secret-needed")


def serving(asked: Asked) -> Says:
    if asked.path.startswith("/refused"):
        return says({}, 403)
    return says({"rows": [*RECORDS, BAD]})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with speaking(serving) as server:
        yield server.address


@pytest.fixture
def registry(tmp_path: Path, address: str) -> Registry:
    stream = {"endpoint": "/things?kind=asked-7f31", "data_selector": "rows"}
    declare(tmp_path / "root", "s_plain", {"address": address, "retries": 0}, stream)
    return open_registry(read({"HUTONG_ROOT": str(tmp_path / "root")}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "lake"))


def sync(registry: Registry, store: Store) -> None:
    source = registry.source("s_plain", "facility")
    land_new(source, SEQUENCE, store, secrets, BOUNDLESS)
    list(publish_waiting(source, SEQUENCE, registry, store, secrets))


def states(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["job"]["name"], event["eventType"]) for event in events]


def names(datasets: list[dict[str, Any]]) -> list[str]:
    return [f"{one['namespace']}|{one['name']}" for one in datasets]


def test_every_event_is_as_the_specification_says(registry: Registry, store: Store, told: Told) -> None:
    with under(lambda: Parent("default", "sync__s_plain.land", UUIDS[0], "sync__s_plain", UUIDS[1])):
        sync(registry, store)
    events = told()
    assert states(events) == [
        ("s_plain.facility.land", "START"),
        ("s_plain.facility.land", "COMPLETE"),
        ("s_plain.facility.publish", "START"),
        ("s_plain.facility.publish", "COMPLETE"),
    ]
    for event in events:
        SPECIFICATION.validate(event)
        assert event["run"]["facets"]["parent"]["root"]["run"] == {"runId": UUIDS[1], "facets": {}}
    assert len({event["run"]["runId"] for event in events}) == 2


UUIDS = ["01970000-0000-7000-8000-000000000001", "01970000-0000-7000-8000-000000000002"]


def test_the_specification_refuses_what_is_not_as_it_says(registry: Registry, store: Store, told: Told) -> None:
    sync(registry, store)
    event = told()[-1]
    SPECIFICATION.validate(event)
    changes: list[tuple[list[str | int], Any]] = [
        (["eventTime"], "yesterday"),
        (["run", "runId"], "7"),
        (["job", "facets", "jobType", "processingType"], "DAILY"),
        (["inputs", 0, "facets", "schema", "fields"], "none"),
        (["outputs", 0, "facets", "columnLineage", "fields", "name", "inputFields", 0, "field"], None),
        (["outputs", 0, "facets", "invented"], {}),
        (["outputs", 0, "outputFacets", "outputStatistics", "rowCount"], "many"),
    ]
    for (*steps, last), value in changes:
        inside: Any = (changed := deepcopy(event))
        for step in steps:
            inside = inside[step]
        inside[last] = value
        assert not SPECIFICATION.is_valid(changed), last


def test_inputs_and_outputs_are_told_at_the_beginning_and_at_the_end(
    registry: Registry, store: Store, told: Told, address: str
) -> None:
    sync(registry, store)
    landing = f"file|{store.root}/landing/s_plain/facility"
    base, refused = f"file|{store.root}/base/roadside_facility", f"file|{store.root}/quarantine/s_plain"
    begun, landed, opened, published = told()
    for event in (begun, landed):
        assert names(event["inputs"]) == [f"{address}|/things"]
        assert names(event["outputs"]) == [landing]
    for event in (opened, published):
        assert names(event["inputs"]) == [landing]
        assert names(event["outputs"]) == [base, refused]


def test_names_lead_to_the_tables_and_figures_are_theirs(registry: Registry, store: Store, told: Told) -> None:
    sync(registry, store)
    _, landed, _, published = told()
    for one in (*landed["outputs"], *published["outputs"]):
        assert one["facets"]["dataSource"]["uri"] == Path(one["name"]).as_uri()
        table = existing(replace(store.ledger("s_plain"), uri=one["name"]))
        assert table is not None
        assert one["facets"]["version"]["datasetVersion"] == str(table.version())
    assert landed["inputs"][0]["inputFacets"]["inputStatistics"]["rowCount"] == 6
    base = published["outputs"][0]
    assert base["outputFacets"]["outputStatistics"]["rowCount"] == 5
    tags = {tag["key"]: tag["value"] for tag in published["run"]["facets"]["tags"]["tags"]}
    assert tags.items() >= {"city": "500000", "batch": "1", "published": "5", "quarantined": "1"}.items()


def test_a_backfill_tells_its_window(registry: Registry, store: Store, told: Told, address: str) -> None:
    source = registry.source("s_plain", "facility")
    window = {"cursor_path": "checked", "form": "local", "zone": "Asia/Shanghai", "start_param": "a", "end_param": "b"}
    shape = {"title": {"zh": "设施", "en": "Facilities"}, "endpoint": "/things", "data_selector": "rows"}
    asked = type(source.stream).model_validate(
        {**shape, "incremental": {**window, "param_form": "iso", "since": "P1D"}}
    )
    window_asked = Window(datetime(2026, 3, 17, 16, tzinfo=UTC), datetime(2026, 3, 18, 16, tzinfo=UTC))
    past = replace(SEQUENCE, run="backfill/may")
    land_window(replace(source, stream=asked), past, window_asked, store, secrets, BOUNDLESS)
    nominal = told()[-1]["run"]["facets"]["nominalTime"]
    assert (nominal["nominalStartTime"], nominal["nominalEndTime"]) == (
        "2026-03-17T16:00:00+00:00",
        "2026-03-18T16:00:00+00:00",
    )


def test_a_replay_is_told_of_as_what_it_is(registry: Registry, store: Store, told: Told, tmp_path: Path) -> None:
    sync(registry, store)
    before = len(told())
    mapping = tmp_path / "root" / "mappings" / "s_plain" / "facility.yaml"
    mapping.write_text(mapping.read_text().replace("version: 1", "version: 2").replace("from: name", "from: 'no'"))
    changed = open_registry(read({"HUTONG_ROOT": str(tmp_path / "root")}))
    with replaying(changed.source("s_plain", "facility"), "500000", changed, store, secrets) as found:
        assert len(told()) == before, "a look changes nothing"
        found.publish("a test")
    replay = ("s_plain.facility.replay", "START"), ("s_plain.facility.replay", "COMPLETE")
    assert tuple(states(told()[before:])) == replay
    SPECIFICATION.validate(told()[-1])


def test_a_platform_that_refuses_is_a_failure_with_the_next_step_and_no_secret(
    registry: Registry, store: Store, told: Told
) -> None:
    source = registry.source("s_plain", "facility")
    refused = source.stream.model_copy(
        update={"endpoint": source.stream.endpoint.model_copy(update={"path": "/refused"})}
    )
    with pytest.raises(PlatformRefused):
        land_new(replace(source, stream=refused), SEQUENCE, store, secrets, BOUNDLESS)
    events = told()
    assert states(events) == [("s_plain.facility.land", "START"), ("s_plain.facility.land", "FAIL")]
    failed = events[-1]
    SPECIFICATION.validate(failed)
    assert "403" in failed["run"]["facets"]["errorMessage"]["message"]
    assert failed["inputs"]
    assert failed["outputs"]
    assert "asked-7f31" not in json.dumps(events)


def test_an_error_that_is_not_ours_is_told_by_its_name_only(registry: Registry, store: Store, told: Told) -> None:
    def careless(name: str) -> Secret:
        raise ValueError("planted-password-7f31")

    source = registry.source("s_plain", "facility")
    connector = source.connector.model_validate(
        {**source.connector.model_dump(by_alias=True), "auth": {"type": "bearer", "token": "a_token"}}
    )
    with pytest.raises(ValueError, match="planted"):
        land_new(replace(source, connector=connector), SEQUENCE, store, careless, BOUNDLESS)
    assert told()[-1]["run"]["facets"]["errorMessage"]["message"] == "ValueError"


def test_nobody_there_to_tell_neither_fails_nor_holds_up_a_sync_and_is_said_once(
    registry: Registry, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with speaking(lambda asked: says({}, 500)) as silent:
        monkeypatch.setenv("OPENLINEAGE_URL", silent.address.replace("http://", "http://u:planted-password-7f31@"))
        monkeypatch.setenv("OPENLINEAGE_API_KEY", "planted-key-7f31")
        for cached in (sending._post, sending._say_once):
            cached.cache_clear()
        with caplog.at_level(logging.DEBUG):
            began = time.monotonic()
            with under(lambda: Parent("default", "a.b", UUIDS[0], "a", UUIDS[1])):
                sync(registry, store)
            sync(registry, store)
            assert time.monotonic() - began < sending.WAIT_S + 10
    assert sum("lineage events are lost" in record.getMessage() for record in caplog.records) == 1
    assert "planted" not in "".join(record.getMessage() for record in caplog.records)


def test_without_anybody_to_tell_nothing_of_openlineage_is_imported() -> None:
    code = "import hutong.lineage, sys; print([m for m in sys.modules if m.startswith('openlineage')])"
    environment = {"PYTHONPATH": ":".join(sys.path), "HOME": "/nonexistent"}
    asked = [sys.executable, "-P", "-c", code]
    assert subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_what_is_made_beside_the_lake_is_told_to_nobody(
    registry: Registry, store: Store, told: Told, tmp_path: Path
) -> None:
    sync(registry, store)
    before = len(told())
    source = registry.source("s_plain", "facility")
    list(publish_landed(source, SEQUENCE, [1], registry, store, Store(str(tmp_path / "beside")), secrets))
    assert len(told()) == before
    assert re.match(r"urn:hutong:\d", told()[0]["producer"])


def test_what_gates_said_is_told_of_the_batch_that_was_read(registry: Registry) -> None:
    gates = (
        GateResult("roadside_facility", "volume", "warning", True, "5", "3 ... 9", 5),
        GateResult("roadside_facility", "lon_in_city", "critical", False, "2/5", "", 5),
    )
    published = Published(SEQUENCE.id, 1, 6, {"refused": 6}, {}, gates)
    read_from = landing_read(of_table(Place("/lake/landing")), registry.source("s_plain", "facility"), published, 3)
    asserted = Serde.to_dict(read_from)["inputFacets"]["dataQualityAssertions"]
    assert [(one["name"], one["success"], one["severity"], one["actual"]) for one in asserted["assertions"]] == [
        ("roadside_facility.volume", True, "warn", "5"),
        ("roadside_facility.lon_in_city", False, "error", "2/5"),
    ]
    event = RunEvent(
        eventTime="2026-03-18T00:00:00+00:00", run=Run(UUIDS[0]), job=Job("hutong", "a"), inputs=[read_from], outputs=[]
    )
    SPECIFICATION.validate(Serde.to_dict(event))


PAGE = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8")


def test_the_page_is_followed_and_lists_what_is_told(
    registry: Registry, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (configured,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "openlineage.yml").write_text(configured)
    monkeypatch.chdir(tmp_path)
    sending._post.cache_clear()
    sync(registry, store)
    sending.flush()
    events = written_in(tmp_path / "events.ndjson")
    assert states(events)[-1] == ("s_plain.facility.publish", "COMPLETE")
    told: dict[str, set[str]] = {
        # Of a failure, a backfill, a task of Airflow, and of gates, which this platform has none of.
        "run": {"errorMessage", "nominalTime", "parent"},
        "input of the run": {"dataQualityAssertions"},
    }
    for event in events:
        parts: list[tuple[str, dict[str, Any]]] = [("run", event["run"]["facets"]), ("job", event["job"]["facets"])]
        for word in ("input", "output"):
            for one in event[f"{word}s"]:
                parts += [(word, one["facets"]), (f"{word} of the run", one[f"{word}Facets"])]
        for place, facets in parts:
            told[place] = told.get(place, set()) | set(facets)
    rows = re.findall(r"^\| (run|job|(?:in|out)put(?: of the run)?) \| (.*) \|$", PAGE, flags=re.MULTILINE)
    assert {place: set(re.findall(r"`(\w+)`", listed)) for place, listed in rows} == told
    assert set(re.findall(r"<stream>\.(\w+)`", PAGE)) == set(get_args(get_type_hints(Work)["stage"]))
