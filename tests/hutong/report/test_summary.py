"""Streams and datasets as the screen shows them."""

from __future__ import annotations

import pytest

from hutong.lake import query
from hutong.report import Answer, screen
from tests.conftest import CityLake

pytestmark = pytest.mark.xdist_group("city")


def test_every_stream_is_listed_and_balanced(asked: Answer, city_lake: CityLake) -> None:
    assert {one.source for one in asked.streams} == set(city_lake.registry.sources)
    assert all(one.received > 0 and one.is_balanced for one in asked.streams)


def test_received_and_fates_are_what_publishing_said(asked: Answer, city_lake: CityLake) -> None:
    for one in asked.streams:
        platform, stream = one.source.split(".")
        batches = [
            batch
            for name, done in city_lake.published.items()
            if name.startswith(f"{platform}/{stream}/")
            for batch in done
        ]
        assert one.received == sum(batch.received for batch in batches)
        for fate, count in one.fates.items():
            assert count == sum(batch.fates.get(fate, 0) for batch in batches), (one.source, fate)  # fmt: skip


def test_quarantined_records_have_a_reason_in_both_languages(asked: Answer) -> None:
    quarantined = [one for one in asked.streams if one.fates["quarantined"]]
    assert quarantined
    for one in quarantined:
        assert one.reasons
        assert one.reasons[0].records == max(reason.records for reason in one.reasons)
        assert sum(reason.records for reason in one.reasons) <= one.fates["quarantined"]
        assert all(reason.said.zh and reason.said.en for reason in one.reasons)


def test_datasets_say_rows_platforms_and_age(asked: Answer, city_lake: CityLake) -> None:
    assert [one.dataset for one in asked.datasets] == [one.id for one in city_lake.registry.base_datasets]
    for one in asked.datasets:
        counted = query(f'SELECT count(*) AS n FROM "{one.dataset}"', city_lake.registry, city_lake.store)
        assert one.rows == counted["n"][0].as_py() > 0
        assert one.platforms
        assert one.newest is not None
        assert one.age_s == (asked.asked_at - one.newest).total_seconds()


def test_the_screen_says_the_same_in_both_languages(asked: Answer) -> None:
    chinese, english = screen(asked, "zh"), screen(asked, "en")
    assert [len(one.rows) for one in chinese] == [len(one.rows) for one in english]
    assert all(len(row) == len(one.columns) for one in (*chinese, *english) for row in one.rows)
    assert chinese[-1].title == asked.knew_first.headline.zh
    assert english[-1].title == asked.knew_first.headline.en
    assert "Who knew first?" in [one.title for one in english]
