"""What a platform no longer lists stays as a tombstone: through the real pipeline, pull by pull."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import polars as pl
import pytest

from hutong.land.stage import land
from hutong.model.batch import Completeness, Page, Published, Sequence
from hutong.pipeline import publish_waiting
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store
from hutong.store.tables import existing
from hutong.verify import verify
from tests.hutong.making import START

DAY = timedelta(days=1)
CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4545"}}
"""What an answer of the City Information Model platform says of the zone of all its features."""


def crossing(code: int, **properties: Any) -> dict[str, Any]:
    """A crossing as the City Information Model platform lists it; None leaves a property out."""
    said = {
        "entityCode": f"{code:016d}",
        "name": "金开大道口",
        "adminCode": "500112",
        "elevation85": 246.2,
        "updateDate": "2026-03-01",
        "status": 1,
        **properties,
    }
    return {
        "type": "Feature",
        "id": str(code),
        "geometry": {"type": "Point", "coordinates": [356789.0, 3275123.0, 246.2]},
        "properties": {name: value for name, value in said.items() if value is not None},
    }


@dataclass
class Cim:
    """The platform `cim`, as it would be asked for its crossings."""

    registry: Registry
    store: Store
    secrets: Secrets

    @property
    def sequence(self) -> Sequence:
        return self.registry.source("cim", "junction").sequences[0]

    def pull(
        self,
        *pages: list[dict[str, Any]],
        at: datetime,
        completeness: Completeness = "proven",
        stops: bool = False,
        run: str = "",
    ) -> list[Published]:
        """Land one pull, as `land` does, and publish it."""
        self.land(*pages, at=at, completeness=completeness, stops=stops, run=run)
        return self.publish(run)

    def land(
        self,
        *pages: list[dict[str, Any]],
        at: datetime,
        completeness: Completeness = "proven",
        stops: bool = False,
        run: str = "",
    ) -> None:
        """Land one pull of `pages`, a batch for every two records. stops: in the middle of the pull."""
        source = self.registry.source("cim", "junction")
        sequence = replace(self.sequence, run=run)
        answers = [
            Page(
                url="http://127.0.0.1/junction",
                status=200,
                content_type="application/geo+json",
                body=json.dumps({"crs": CRS, "features": page, "links": []}).encode(),
                fetched_at=at + timedelta(seconds=number),
                elapsed_s=0.1,
                attempts=1,
                records=len(page),
                cursor=None,
                resume="{}" if stops or number + 1 < len(pages) else None,
                completeness=completeness,
            )
            for number, page in enumerate(pages)
        ]
        land(sequence, source.stream.model_copy(update={"max_records": 2}), answers, self.store, None)

    def publish(self, run: str = "", *, at_most: int | None = None) -> list[Published]:
        """Publish what waits; no more than so many batches."""
        source = self.registry.source("cim", "junction")
        sequence = replace(self.sequence, run=run)
        with closing(publish_waiting(source, sequence, self.registry, self.store, self.secrets)) as published:
            return list(islice(published, at_most))

    def listed(self) -> dict[int, datetime | None]:
        """Every crossing that the table holds, with its `last_seen_at`."""
        table = existing(self.store.base("junction"))
        assert table is not None
        rows = pl.scan_delta(table).select("source_id", "last_seen_at").collect()
        return {int(code): gone for code, gone in rows.iter_rows()}


@pytest.fixture
def cim(registry: Registry, store: Store, secrets: Secrets) -> Cim:
    return Cim(registry, store, secrets)


def test_what_a_complete_refresh_no_longer_shows_becomes_a_tombstone_and_lives_again_when_it_is_back(cim: Cim) -> None:
    cim.pull([crossing(1), crossing(2)], at=START)
    (second,) = cim.pull([crossing(1)], at=START + DAY)
    assert cim.listed() == {1: None, 2: START}
    assert second.fates == {"unchanged": 1}
    assert second.rows == {"junction": {"unchanged": 1, "tombstoned": 1}}
    (third,) = cim.pull([crossing(1), crossing(2)], at=START + 2 * DAY)
    assert cim.listed() == {1: None, 2: None}
    assert third.rows == {"junction": {"unchanged": 1, "corrected": 1}}
    assert verify(cim.registry, cim.store, cim.secrets).problems == []


def test_a_tombstone_says_when_the_last_refresh_before_showed_it(cim: Cim) -> None:
    for day in range(3):
        cim.pull([crossing(1), crossing(2)], at=START + day * DAY)
    cim.pull([crossing(1)], at=START + 3 * DAY)
    cim.pull([crossing(1)], at=START + 4 * DAY)
    assert cim.listed() == {1: None, 2: START + 2 * DAY}


def test_the_batches_of_one_pull_count_as_one(cim: Cim) -> None:
    cim.pull([crossing(1), crossing(2)], [crossing(3)], at=START)
    batches = cim.pull([crossing(1), crossing(4)], [crossing(3)], at=START + DAY)
    assert [batch.rows["junction"] for batch in batches] == [
        {"unchanged": 1, "written": 1},
        {"unchanged": 1, "tombstoned": 1},
    ]
    assert cim.listed() == {1: None, 2: START + timedelta(seconds=1), 3: None, 4: None}


@pytest.mark.parametrize("at_most", [None, 1, 2])
def test_pulls_that_wait_together_are_told_apart_whoever_publishes_which_of_their_batches(
    at_most: int | None, cim: Cim
) -> None:
    cim.land([crossing(1), crossing(2)], [crossing(3)], at=START)
    cim.land([crossing(1), crossing(4)], [crossing(5), crossing(6)], [crossing(3)], at=START + DAY)
    cim.land([crossing(4), crossing(6)], at=START + 2 * DAY)
    while cim.publish(at_most=at_most):
        pass
    second = START + DAY + timedelta(seconds=2)
    assert cim.listed() == {1: second, 2: START + timedelta(seconds=1), 3: second, 4: None, 5: second, 6: None}


@pytest.mark.parametrize(
    "how", [{"completeness": "unproven"}, {"completeness": "incomplete"}, {"stops": True}], ids=str
)
def test_a_pull_that_does_not_prove_that_it_shows_everything_makes_no_tombstones(how: dict[str, Any], cim: Cim) -> None:
    cim.pull([crossing(1), crossing(2)], at=START)
    cim.pull([crossing(1)], at=START + DAY, **how)
    assert cim.listed() == {1: None, 2: None}


def test_a_refused_record_still_shows_that_its_thing_is_listed(cim: Cim) -> None:
    cim.pull([crossing(1), crossing(2), crossing(3), crossing(4)], at=START)
    unusable = [crossing(2, updateDate="-"), crossing(3, status="open")]
    (second,) = cim.pull([crossing(1), *unusable], at=START + DAY)
    assert second.fates == {"unchanged": 1, "quarantined": 2}
    assert cim.listed() == {1: None, 2: None, 3: None, 4: START}


def test_a_record_whose_key_cannot_be_read_holds_all_tombstones_back_and_the_ledger_says_so(
    cim: Cim, caplog: pytest.LogCaptureFixture
) -> None:
    cim.pull([crossing(1), crossing(2)], at=START)
    cim.pull([crossing(1), crossing(3, entityCode=None)], at=START + DAY)
    assert cim.listed() == {1: None, 2: None}
    assert "no tombstones sequence=cim/junction/500000 batch=2" in caplog.text
    ledger = existing(cim.store.ledger("cim"))
    assert ledger is not None
    of_drift = pl.scan_delta(ledger).filter(pl.col("outcome") == "no_tombstones")
    assert of_drift.select("batch", "kind", "dataset", "count").collect().rows() == [(2, "drift", "junction", 1)]
    cim.pull([crossing(1)], at=START + 2 * DAY)
    assert cim.listed() == {1: None, 2: START}
    assert verify(cim.registry, cim.store, cim.secrets).problems == []


def test_what_comes_in_after_a_newer_refresh_does_not_raise_the_dead(cim: Cim) -> None:
    cim.pull([crossing(1), crossing(2)], at=START)
    cim.pull([crossing(1)], at=START + 3 * DAY)
    late = [crossing(2, name="旧名", updateDate="2026-03-02"), crossing(5)]
    cim.pull(late, at=START + DAY, completeness="unproven", run="accept/2")
    assert cim.listed() == {1: None, 2: START + DAY, 5: START + DAY}
    cim.pull([crossing(1), crossing(5)], at=START + 2 * DAY, run="accept/3")
    assert cim.listed() == {1: None, 2: START + DAY, 5: START + 2 * DAY}


def test_a_pull_whose_beginning_landing_no_longer_holds_makes_no_tombstones(cim: Cim) -> None:
    cim.pull([crossing(1), crossing(2)], [crossing(3)], at=START)
    cim.pull([crossing(1), crossing(2)], [crossing(1), crossing(2)], at=START + DAY, stops=True)
    landing = existing(cim.store.landing("cim", "junction"))
    assert landing is not None
    landing.delete("batch <= 3")
    cim.pull([crossing(1)], at=START + 2 * DAY)
    assert cim.listed() == {1: None, 2: None, 3: None}
