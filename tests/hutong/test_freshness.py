"""What is late by contract and cadence, told from a ledger that the pipeline wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hutong.freshness import ZONE, Freshness, freshness
from hutong.land.stage import land
from hutong.pauses import pause, resume
from hutong.registry import Registry, Source
from hutong.secrets import Secrets
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, flow_page, publish_flow

MINUTE = timedelta(minutes=1)


def come(registry: Registry, store: Store, secrets: Secrets, at: datetime, **row: object) -> None:
    """A batch of section_flow, received at `at` and published now."""
    source = registry.source("transport_info", "section_flow")
    land(source.sequences[0], source.stream, [flow_page([flow("L1", **row)], fetched_at=at)], store, None)
    publish_flow(registry, store, secrets)


def with_source(registry: Registry, source: Source) -> Registry:
    return replace(registry, sources={**registry.sources, source.id: source})


def of_flow(registry: Registry, store: Store, at: datetime) -> Freshness:
    (found,) = (
        one for one in freshness(registry, store, at) if (one.stream, one.dataset) == ("section_flow", "traffic_flow")
    )
    return found


def test_a_dataset_is_late_when_the_time_for_the_next_batch_and_its_latency_are_over(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    now = datetime.now(UTC)
    come(registry, store, secrets, now)
    found = of_flow(registry, store, now + MINUTE)
    # Every 5 minutes there is something new, and it may be on its way for 10.
    assert (found.state, found.newest, found.late_from) == ("fresh", now, now + 15 * MINUTE)
    assert found.latency == 10 * MINUTE
    assert not of_flow(registry, store, now + 15 * MINUTE - timedelta(microseconds=1)).is_late
    assert of_flow(registry, store, now + 15 * MINUTE).is_late


def test_a_stream_that_reads_all_there_is_is_due_with_its_cadence(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    now = datetime.now(UTC)
    come(registry, store, secrets, now)
    source = registry.source("transport_info", "section_flow")
    whole = replace(source, stream=source.stream.model_copy(update={"incremental": None}))
    late_from = of_flow(with_source(registry, whole), store, now + MINUTE).late_from
    assert late_from is not None
    tick = late_from - 10 * MINUTE
    assert tick.minute % 5 == 0
    assert tick.second == 0
    assert timedelta() < tick - now <= 5 * MINUTE


def test_what_nothing_came_of_is_said_and_not_called_late(registry: Registry, store: Store, secrets: Secrets) -> None:
    now = datetime.now(UTC)
    assert {one.state for one in freshness(registry, store, now)} == {"never"}
    # It came, and all of it was refused.
    come(registry, store, secrets, now, status="no such status", statTime="no time")
    assert of_flow(registry, store, now + MINUTE).state == "never"


def test_an_earlier_moment_is_told_as_it_was_then(registry: Registry, store: Store, secrets: Secrets) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    come(registry, store, secrets, long_ago)
    before = datetime.now(UTC)
    come(registry, store, secrets, before, statTime="2026-03-18 08:20:00")
    assert of_flow(registry, store, before).newest == long_ago
    assert of_flow(registry, store, before).is_late
    assert not of_flow(registry, store, datetime.now(UTC)).is_late


def test_a_paused_platform_is_said_to_be_paused_and_has_its_time_again_when_it_is_resumed(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    come(registry, store, secrets, datetime.now(UTC) - timedelta(hours=2))
    assert of_flow(registry, store, unpaused := datetime.now(UTC)).is_late
    pause("transport_info", "works on the line", registry, store)
    assert of_flow(registry, store, paused := datetime.now(UTC)).state == "paused"
    resume("transport_info", "done", registry, store)
    resumed = of_flow(registry, store, datetime.now(UTC))
    assert resumed.state == "fresh"
    assert resumed.late_from is not None
    assert resumed.late_from >= paused + 15 * MINUTE
    assert of_flow(registry, store, paused).state == "paused"
    assert unpaused < paused


def test_in_quiet_hours_nothing_is_due(registry: Registry, store: Store, secrets: Secrets) -> None:
    now = datetime.now(UTC)
    come(registry, store, secrets, now)
    begin, end = (now + wait for wait in (timedelta(), timedelta(hours=3)))
    hours = "-".join(one.astimezone(ZONE).strftime("%H:%M") for one in (begin, end))
    source = registry.source("transport_info", "section_flow")
    budget = source.connector.budget.model_copy(update={"quiet_hours": [hours]})
    resting = replace(source, connector=source.connector.model_copy(update={"budget": budget}))
    told = of_flow(with_source(registry, resting), store, now + timedelta(hours=2))
    assert told.state == "fresh"
    assert told.late_from is not None
    assert timedelta(hours=3) <= told.late_from - now <= timedelta(hours=3, minutes=15)


def test_what_was_late_when_quiet_hours_began_is_quiet_while_they_last(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    now = datetime.now(UTC)
    come(registry, store, secrets, now - timedelta(hours=2))
    hours = "-".join((now + wait).astimezone(ZONE).strftime("%H:%M") for wait in (-30 * MINUTE, 60 * MINUTE))
    source = registry.source("transport_info", "section_flow")
    budget = source.connector.budget.model_copy(update={"quiet_hours": [hours]})
    resting = with_source(registry, replace(source, connector=source.connector.model_copy(update={"budget": budget})))
    assert of_flow(resting, store, now + MINUTE).state == "quiet"
    assert of_flow(resting, store, now + 90 * MINUTE).state == "late"


def test_lateness_goes_one_way_until_something_comes(registry: Registry, store: Store, secrets: Secrets) -> None:
    now = datetime.now(UTC)
    come(registry, store, secrets, now)
    later = [of_flow(registry, store, now + hours * timedelta(hours=1)).is_late for hours in range(1, 100, 7)]
    assert all(before <= after for before, after in pairwise(later))
    assert later[-1]
