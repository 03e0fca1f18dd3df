"""What a run is about, by its form and by Airflow's own backfill."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hutong.errors import AskedWrongly
from hutong.model.batch import Sequence
from hutong.model.window import Window
from hutong.orchestrate.plan import Asked, asked, chunks, places, queues
from hutong.registry import Registry, open_registry
from hutong.settings import read
from tests.conftest import ROOT

EMPTY = {"streams": [], "cities": [], "window_from": None, "window_to": None, "full_refresh": False, "dry_run": False}
BEGAN = datetime(2026, 3, 18, 9, 30, tzinfo=UTC)
INTERVAL = (datetime(2026, 3, 17, 23, tzinfo=UTC), datetime(2026, 3, 17, 23, 5, tzinfo=UTC))
WINDOW = Window(*INTERVAL)
NIGHT = {"window_from": "2026-03-17T00:00:00+08:00", "window_to": "2026-03-18T00:00:00+08:00"}


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The registry, with a second city for the transport platform."""
    found = open_registry(read({"HUTONG_ROOT": str(ROOT)}))
    connector = found.connector("transport_info").model_copy(update={"cities": ["500000", "460200"]})
    sources = {
        name: replace(one, connector=connector) if one.connector.platform == "transport_info" else one
        for name, one in found.sources.items()
    }
    return replace(found, sources=sources, connectors={**found.connectors, "transport_info": connector})


def test_a_live_run_reads_on_everywhere_and_has_no_window(registry: Registry) -> None:
    found = places(registry, "transport_info", "live", asked(EMPTY, "scheduled", INTERVAL, BEGAN))
    streams = registry.connector("transport_info").by_cadence["live"]
    assert [one["sequence"] for one in found] == [
        f"transport_info/{stream}/{city}" for stream in streams for city in ("500000", "460200")
    ]
    assert {one["window"] for one in found} == {None}
    assert found[0]["name"] == "section_flow · 500000"


def test_airflows_own_backfill_takes_its_data_interval_as_the_window_of_a_sequence_of_its_own(
    registry: Registry,
) -> None:
    found = places(registry, "transport_info", "live", asked(EMPTY, "backfill", INTERVAL, BEGAN))
    assert found[0]["sequence"] == Sequence("transport_info", "section_flow", "500000").within(WINDOW).id
    assert found[0]["window"] == ("2026-03-17T23:00:00+00:00", "2026-03-17T23:05:00+00:00")
    assert found[0]["name"] == "section_flow · 500000 · 2026-03-18 07:00 – 07:05"


def test_a_form_with_the_same_window_means_the_same_sequences(registry: Registry) -> None:
    form = EMPTY | {"window_from": "2026-03-18T07:00:00+08:00", "window_to": "2026-03-18T07:05:00+08:00"}
    by_form = places(registry, "transport_info", "live", asked(form, "manual", (None, None), BEGAN))
    assert by_form == places(registry, "transport_info", "live", asked(EMPTY, "backfill", INTERVAL, BEGAN))


def test_streams_and_cities_are_chosen_in_the_connectors_order(registry: Registry) -> None:
    form = EMPTY | {"streams": ["parking_space", "section_flow"], "cities": ["460200"]}
    found = places(registry, "transport_info", "live", asked(form, "manual", (None, None), BEGAN))
    assert [one["name"] for one in found] == ["section_flow · 460200", "parking_space · 460200"]


def test_streams_without_a_window_are_left_out_of_a_run_that_has_one(registry: Registry) -> None:
    with pytest.raises(AskedWrongly, match="no stream of cim that is synced daily takes a window"):
        places(registry, "cim", "daily", Asked(window=WINDOW))
    with pytest.raises(AskedWrongly, match=r"traffic_safety\.control has no window"):
        places(registry, "traffic_safety", "live", Asked(streams=("accident", "control"), window=WINDOW))
    live = places(registry, "traffic_safety", "live", Asked(window=WINDOW))
    assert "traffic_safety/control" not in {one["sequence"].rsplit("/", 3)[0] for one in live}
    assert len(live) == 5


def test_a_full_refresh_is_a_sequence_of_its_own_where_there_is_a_cursor_to_forget(registry: Registry) -> None:
    form = asked(EMPTY | {"full_refresh": True}, "manual", (None, None), BEGAN)
    assert [one["sequence"] for one in places(registry, "traffic_safety", "live", form)][1:3] == [
        "traffic_safety/violation/500000/refresh/20260318T093000",
        # It reads all there is at every sync.
        "traffic_safety/control/500000",
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"window_from": NIGHT["window_from"]}, "only one end"),
        ({**NIGHT, "full_refresh": True}, "a full refresh has no window"),
        ({"window_from": "2026-03-17T00:00:00", "window_to": NIGHT["window_to"]}, "has no zone"),
        ({"window_from": "", "window_to": NIGHT["window_to"]}, "'' is no instant"),
        ({"window_from": "0001-01-01T00:00:00+08:00", "window_to": NIGHT["window_to"]}, "lies outside 1970 to 2199"),
        ({"dryrun": True}, "field of the form 'dryrun'.*dry_run"),
        ({"stream": "rsm"}, "field of the form 'stream'.*streams"),
    ],
)
def test_a_form_that_contradicts_itself_says_what_to_do(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(AskedWrongly, match=said):
        asked(EMPTY | wrong, "manual", (None, None), BEGAN)


def test_a_stream_or_city_that_is_not_there_is_named_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(AskedWrongly, match="'section_flow'"):
        places(registry, "transport_info", "live", Asked(streams=("section_flwo",)))
    with pytest.raises(AskedWrongly, match="500000"):
        places(registry, "transport_info", "live", Asked(cities=("500001",)))


def backfill(**changes: object) -> dict[str, object]:
    form = {"stream": "section_flow", "cities": [], "chunk": "1h", "max_parallel": 3, "dry_run": False}
    return {**form, **NIGHT, **changes}


def test_a_backfill_deals_every_chunk_of_every_city_to_one_queue_oldest_first(registry: Registry) -> None:
    found = queues(registry, "transport_info", backfill())
    assert [queue["name"].rsplit(" · ", 1)[1] for queue in found] == ["1/3", "2/3", "3/3"]
    dealt = [chunks(registry, queue) for queue in found]
    windows = Window.read(NIGHT["window_from"], NIGHT["window_to"]).chunks(timedelta(hours=1))
    wanted = {Sequence("transport_info", "section_flow", c).within(w).id for w in windows for c in ("500000", "460200")}
    assert len(windows) == 24
    assert sorted(place["sequence"] for queue in dealt for place in queue) == sorted(wanted)
    for queue in dealt:
        assert [place["window"] for place in queue] == sorted(place["window"] for place in queue)


def test_a_backfill_of_few_chunks_has_few_queues(registry: Registry) -> None:
    assert len(queues(registry, "transport_info", backfill(chunk="1d", cities=["500000"]))) == 1


def test_what_travels_through_airflow_stays_small(registry: Registry) -> None:
    found = queues(registry, "transport_info", backfill(chunk="1m"))
    assert len(json.dumps(found)) < 1500


def test_a_backfill_of_airflows_own_that_states_a_window_too_is_refused() -> None:
    with pytest.raises(AskedWrongly, match="its data interval"):
        asked(EMPTY | NIGHT, "backfill", INTERVAL, BEGAN)


def test_cities_count_where_chunks_are_bounded(registry: Registry) -> None:
    assert len(queues(registry, "transport_info", backfill(chunk="12s", cities=["500000"]))) == 3
    with pytest.raises(AskedWrongly, match="would be 14400, more than 10000"):
        queues(registry, "transport_info", backfill(chunk="12s"))


def test_a_chunk_longer_than_the_window_is_the_window(registry: Registry) -> None:
    hours = {"window_from": "2026-03-17T08:00:00+08:00", "window_to": "2026-03-17T10:00:00+08:00"}
    (queue,) = queues(registry, "transport_info", backfill(chunk="1d", cities=["500000"], **hours))
    (place,) = chunks(registry, queue)
    assert place["window"] == ("2026-03-17T00:00:00+00:00", "2026-03-17T02:00:00+00:00")
