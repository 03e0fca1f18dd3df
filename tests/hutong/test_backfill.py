"""A backfill pulls its own window into its own sequence and leaves the live one alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Semaphore
from time import sleep

import pytest

from hutong.backfill import Backfill, Outcome, chunks_of, standing
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
from tests.hutong.extract.speaking import INCREMENTAL, NUMBERED, Asked, Says, connector, numbered, rows, speaking

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


HALVES = Window(START := WINDOW.start, START + timedelta(hours=2)).chunks(timedelta(minutes=30))


def brought(
    source: Source, registry: Registry, root: Path, *, at_once: int = 1, stop: Event | None = None
) -> dict[datetime, Outcome]:
    """Start of each half hour -> what became of it."""
    settings = read({"HUTONG_ROOT": str(ROOT), "HUTONG_BUDGET": str(root / "budget")})
    work = Backfill(source, registry, Store(str(root)), resolver(settings), settings, stop or Event())
    return {one.chunk.window.start: one for one in work.bring(chunks_of(source, HALVES), at_once)}


def by_hour(fails: Callable[[Asked], Says | None]) -> Callable[[Asked], Says]:
    """A platform that has three records in every window, unless it `fails`."""
    return lambda asked: fails(asked) or numbered(rows(3), total=3)(asked)


def starting(at: datetime) -> str:
    return f"{at + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"


def test_a_chunk_that_fails_stops_no_other_and_the_next_run_asks_for_it_alone(
    tmp_path: Path, registry: Registry
) -> None:
    second = starting(HALVES[1].start)
    broken = by_hour(lambda asked: Says(b"{", 200) if asked.query["from"] == second else None)
    with speaking(broken) as server:
        outcomes = brought(source_at(server.address, registry), registry, tmp_path)
    assert [one.state for one in outcomes.values()] == ["brought", "failed", "brought", "brought"]
    assert "testing.things" in str(outcomes[HALVES[1].start].why)
    with speaking(by_hour(lambda _: None)) as server:
        again = brought(source_at(server.address, registry), registry, tmp_path, at_once=2)
    assert sorted(one.state for one in again.values()) == ["brought", "earlier", "earlier", "earlier"]
    assert [one.query["from"] for one in server.asked] == [second]


def test_a_credential_that_is_refused_is_not_shown_again_for_every_chunk(tmp_path: Path, registry: Registry) -> None:
    with speaking(lambda _: Says(b"", 403)) as server:
        outcomes = brought(source_at(server.address, registry), registry, tmp_path)
    assert [one.state for one in outcomes.values()] == ["failed", "open", "open", "open"]
    assert len(server.asked) == 1


def test_told_to_stop_it_lands_what_has_come_and_goes_on_behind_it(tmp_path: Path, registry: Registry) -> None:
    stop = Event()

    def stopping(asked: Asked) -> Says:
        if asked.query["page"] == "2":
            stop.set()
        return numbered(rows(25), total=25)(asked)

    with speaking(stopping) as server:
        source = source_at(server.address, registry)
        outcomes = brought(source, registry, tmp_path, stop=stop)
        assert [one.state for one in outcomes.values()] == ["stopped", "open", "open", "open"]
        store, chunks = Store(str(tmp_path)), chunks_of(source, HALVES)
        assert landed(store, chunks[0].sequence) == list(range(20))
        assert list(standing(chunks, store).values()) == ["stopped", "open", "open", "open"]
    with speaking(numbered(rows(25), total=25)) as server:
        again = brought(source_at(server.address, registry), registry, tmp_path)
    assert {one.state for one in again.values()} == {"brought"}
    assert server.asked[0].query["page"] == "3"


def test_a_chunk_in_which_the_platform_had_nothing_is_asked_for_again(tmp_path: Path, registry: Registry) -> None:
    for _ in range(2):
        with speaking(numbered(rows(0), total=0)) as server:
            outcomes = brought(source_at(server.address, registry), registry, tmp_path)
        assert {one.state for one in outcomes.values()} == {"empty"}
        assert len(server.asked) == len(HALVES)


def test_the_budget_of_the_owner_holds_over_all_chunks_together(tmp_path: Path, registry: Registry) -> None:
    under_way, most = Semaphore(2), []

    def counting(asked: Asked) -> Says | None:
        most.append(under_way.acquire(blocking=False))
        sleep(0.1)
        under_way.release()
        return None

    with speaking(by_hour(counting)) as server:
        outcomes = brought(source_at(server.address, registry), registry, tmp_path, at_once=4)
    assert {one.state for one in outcomes.values()} == {"brought"}
    assert most == [True] * 4, "a connector that says nothing allows two requests at a time"


def test_only_a_city_that_the_platform_serves_can_be_chosen(registry: Registry) -> None:
    source = source_at("http://127.0.0.1:1", registry)
    assert {chunk.live.city for chunk in chunks_of(source, HALVES, ["500000"])} == {"500000"}
    with pytest.raises(AskedWrongly, match="no city of testing '310000'"):
        chunks_of(source, HALVES, ["310000"])
