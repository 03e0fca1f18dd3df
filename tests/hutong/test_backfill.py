"""A backfill pulls its own window into its own sequence and leaves the live one alone."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hutong.budget import BOUNDLESS
from hutong.errors import AskedWrongly, PlatformError
from hutong.model.batch import Sequence
from hutong.model.window import Window
from hutong.pipeline import land_new, land_window
from hutong.registry import Registry, Source, open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.landing import mark, read_batch, runs
from hutong.store.paths import Store
from tests.conftest import ROOT
from tests.hutong.extract.speaking import INCREMENTAL, NUMBERED, Says, connector, numbered, rows, speaking

WINDOW = Window(datetime(2026, 3, 17, 23, 0, tzinfo=UTC), datetime(2026, 3, 17, 23, 30, tzinfo=UTC))
LIVE = Sequence("testing", "things", "500000")
BACKFILL = LIVE.within(WINDOW)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


def source_at(address: str, registry: Registry, **changes: object) -> Source:
    at = connector(address, {"paginator": NUMBERED, "incremental": INCREMENTAL, **changes})
    return replace(
        registry.source("transport_info", "section_flow"), connector=at, name="things", stream=at.streams["things"]
    )


def landed(store: Store, sequence: Sequence) -> list[int]:
    newest, _ = mark(store, sequence)
    pages = [page for batch in range(1, newest + 1) for page in read_batch(store, sequence, batch, None)]
    return [row["no"] for page in pages for row in json.loads(page.body)["rows"]]


def test_it_asks_for_its_window_and_lands_beside_the_live_sequence(tmp_path: Path, registry: Registry) -> None:
    store, secrets = Store(str(tmp_path)), resolver(read({}))
    with speaking(numbered(rows(15), total=15)) as server:
        source = source_at(server.address, registry)
        land_new(source, LIVE, store, secrets, BOUNDLESS)
        before = mark(store, LIVE)
        receipt = land_window(source, BACKFILL, WINDOW, store, secrets, BOUNDLESS)
    assert (receipt.sequence, receipt.first, receipt.records) == (BACKFILL.id, 1, 15)
    assert (server.asked[-1].query["from"], server.asked[-1].query["to"]) == (
        "2026-03-18 07:00:00",
        "2026-03-18 07:30:00",
    )
    assert mark(store, LIVE) == before
    assert runs(store, LIVE) == [LIVE, BACKFILL]


def test_one_that_came_to_its_end_asks_for_nothing(tmp_path: Path, registry: Registry) -> None:
    store, secrets = Store(str(tmp_path)), resolver(read({}))
    with speaking(numbered(rows(15), total=15)) as server:
        source = source_at(server.address, registry)
        land_window(source, BACKFILL, WINDOW, store, secrets, BOUNDLESS)
        asked = len(server.asked)
        assert land_window(source, BACKFILL, WINDOW, store, secrets, BOUNDLESS).records == 0
    assert len(server.asked) == asked


def test_one_that_stopped_goes_on_without_asking_again_for_landed_pages(tmp_path: Path, registry: Registry) -> None:
    store, secrets = Store(str(tmp_path)), resolver(read({}))
    answer = numbered(rows(25), total=25)
    with speaking(lambda asked: answer(asked) if asked.query["page"] != "3" else Says(b"", 403)) as server:
        with pytest.raises(PlatformError):
            land_window(source_at(server.address, registry), BACKFILL, WINDOW, store, secrets, BOUNDLESS)
        assert landed(store, BACKFILL) == list(range(20))
    with speaking(answer) as server:
        land_window(source_at(server.address, registry), BACKFILL, WINDOW, store, secrets, BOUNDLESS)
    assert [(one.query["page"], one.query["from"]) for one in server.asked] == [("3", "2026-03-18 07:00:00")]
    assert landed(store, BACKFILL) == list(range(25))


def test_a_stream_without_a_window_is_refused_with_the_next_step(tmp_path: Path, registry: Registry) -> None:
    source = source_at("http://127.0.0.1:1", registry, incremental=None)
    with pytest.raises(AskedWrongly, match="run `hutong sync`"):
        land_window(source, BACKFILL, WINDOW, Store(str(tmp_path)), resolver(read({})), BOUNDLESS)
