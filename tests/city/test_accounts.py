"""Every record that the city hands out is accounted for, and of the bad ones exactly those are refused that must be."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping

import polars as pl
import pytest

from citysim.faults import KINDS, Fault
from hutong.model.finding import Finding, parts
from hutong.model.finding import reason as said_as
from hutong.registry import open_registry
from hutong.settings import read
from tests.conftest import ROOT, CityLake

from .conftest import Received
from .expecting import NOT_KEPT, Expected, expected, is_named
from .handed import STREAMS, Stream

pytestmark = pytest.mark.xdist_group("city")

by_stream = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.city)
Planted = Mapping[str, Mapping[str, Fault]]


def must_become(received: Received, faults: Mapping[str, Fault]) -> dict[tuple[int, int], Expected]:
    """(batch, record) -> what must become of it, for the bad ones among the records received."""
    found = {}
    for batch, record, record_id, copy in received.records.filter(pl.col("record_id").is_in(list(faults))).iter_rows():
        wanted = expected(faults[record_id])
        # Of two equal records one is published; which of them stands there does not matter to anybody.
        if wanted.fate != "duplicate" or copy == 1:
            found[batch, record] = wanted
    return found


@by_stream
def test_received_is_what_the_service_handed_out(
    stream: Stream, received: Mapping[str, Received], ledger: pl.DataFrame
) -> None:
    handed = received[stream.city].handed
    of_stream = ledger.filter(pl.col("sequence") == stream.sequence)
    assert of_stream.group_by("batch").agg(pl.col("received").first())["received"].sum() == len(handed.record_ids) > 0
    # Stated once per batch, the same on each of its lines; that a pull was complete only its last batch can prove.
    assert of_stream.group_by("batch").agg(pl.col("received").n_unique())["received"].max() == 1
    assert set(of_stream.filter(pl.col("batch") == pl.col("batch").max())["completeness"]) == {"proven"}
    assert "incomplete" not in set(of_stream["completeness"])


@by_stream
def test_fates_add_up_to_what_was_received(stream: Stream, ledger: pl.DataFrame) -> None:
    of_records = ledger.filter(pl.col("sequence") == stream.sequence, pl.col("kind") == "record")
    sums = of_records.group_by("batch").agg(pl.col("count").sum(), pl.col("received").first())
    assert sums.filter(pl.col("count") != pl.col("received")).is_empty()


@by_stream
def test_the_log_and_the_view_agree_on_what_was_planted(
    stream: Stream, received: Mapping[str, Received], faults: Planted
) -> None:
    handed = received[stream.city].handed
    assert handed.fault_ids == set(faults[stream.city]) & set(handed.record_ids)
    # A bad first version of an accident may have been revised before anybody asked.
    assert handed.fault_ids
    assert len(faults[stream.city]) >= 3
    if stream.city == "rsm":
        assert {faults["rsm"][one].kind for one in handed.fault_ids} == set(KINDS)


@by_stream
def test_quarantine_holds_exactly_the_records_that_must_not_pass(
    stream: Stream, received: Mapping[str, Received], faults: Planted, quarantine: pl.DataFrame, ledger: pl.DataFrame
) -> None:
    wanted = must_become(received[stream.city], faults[stream.city])
    refused = quarantine.filter(pl.col("sequence") == stream.sequence)
    there = set(refused.select("batch", "record").unique().iter_rows())
    must = {place for place, one in wanted.items() if one.fate == "quarantined"}
    ids = {(batch, record): one for batch, record, one, _ in received[stream.city].records.iter_rows()}
    good_ones_refused = {ids[place]: faults[stream.city].get(ids[place]) for place in there - must}
    bad_ones_let_through = {ids[place]: faults[stream.city][ids[place]] for place in must - there}
    assert not good_ones_refused
    assert not bad_ones_let_through
    counted = ledger.filter(pl.col("sequence") == stream.sequence, pl.col("outcome") == "quarantined")["count"].sum()
    assert counted == len(must) == refused["is_first"].sum()


@by_stream
def test_a_quarantine_row_names_the_field_that_was_broken(
    stream: Stream, received: Mapping[str, Received], faults: Planted, quarantine: pl.DataFrame
) -> None:
    refused = quarantine.filter(pl.col("sequence") == stream.sequence).join(
        received[stream.city].records, on=["batch", "record"]
    )
    misleading = {
        record_id: (faults[stream.city][record_id], place)
        for record_id, place in refused.select("record_id", "place").iter_rows()
        if not is_named(faults[stream.city][record_id], place)
    }
    assert not misleading


@by_stream
def test_the_other_bad_records_are_published_with_null_or_unmapped(
    stream: Stream, received: Mapping[str, Received], faults: Planted, base: Mapping[str, pl.DataFrame]
) -> None:
    wanted = must_become(received[stream.city], faults[stream.city])
    bad = received[stream.city].records.filter(pl.col("record_id").is_in(list(faults[stream.city])))
    rows = base[stream.dataset].filter(
        pl.concat_str("source_platform", pl.lit("/"), "source_stream", pl.lit("/"), "city") == stream.sequence
    )
    by_place = {(row["batch"], row["record"]): row for row in rows.join(bad, on=["batch", "record"]).to_dicts()}
    wrong = {}
    for place, one in wanted.items():
        if one.fate == "published":
            row = by_place.get(place)
            if row is None or any(row[column] != value for column, value in one.holds.items()):
                wrong[place] = one, row
        elif one.fate == "quarantined" and place in by_place:
            wrong[place] = one, by_place[place]
    assert not wrong


@by_stream
def test_a_record_sent_twice_is_published_once(
    stream: Stream,
    received: Mapping[str, Received],
    faults: Planted,
    base: Mapping[str, pl.DataFrame],
    ledger: pl.DataFrame,
) -> None:
    records = received[stream.city].records
    twice = set(records.filter(pl.col("copy") == 1)["record_id"])
    planted = {one for one, fault in faults[stream.city].items() if fault.kind == "duplicate"}
    assert twice == planted & set(records["record_id"])
    of_records = ledger.filter(pl.col("sequence") == stream.sequence, pl.col("kind") == "record")
    fates = {fate: n for fate, n in of_records.group_by("outcome").agg(pl.col("count").sum()).iter_rows() if n}
    quarantined = fates.pop("quarantined", 0)
    assert fates.pop("duplicate", 0) == len(twice)
    assert fates == {"published": records.height - quarantined - len(twice)}
    rows = base[stream.dataset].filter(pl.col("source_stream") == stream.sequence.split("/")[1])
    assert rows.height == fates["published"]
    assert rows.select(["source_platform", "source_id", "observed_at"]).n_unique() == rows.height


def test_what_no_dataset_takes_refuses_nobody(received: Mapping[str, Received], faults: Planted) -> None:
    """A guard of this file: the exceptions it allows stay the few that they are."""
    met = Counter(
        "quarantined" if expected(fault).fate == "quarantined" else fault.kind
        for stream in STREAMS
        for fault in faults[stream.city].values()
        if (fault.stream, fault.field) not in NOT_KEPT
    )
    assert met["quarantined"] > met["sentinel"] + met["unknown_code"] > 100


UNFIT = re.compile(
    r"Traceback|Exception|Error\b|<class|object at 0x|datetime\.|Decimal\(|hutong\.|\{[a-z_]+\}|\\n|\bNone\b"
)
CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_quarantine_row_explains_itself_in_both_languages(quarantine: pl.DataFrame) -> None:
    assert quarantine.height > 100
    for row in quarantine.iter_rows(named=True):
        assert re.fullmatch(r"[\w.\[\]]+_[a-z_A-Z]+", row["rule"], re.ASCII), row["rule"]
        for column in ("place", "value", "reason_zh", "reason_en"):
            assert row[column].strip(), (column, row)
        for reason in (row["reason_zh"], row["reason_en"]):
            own_words = reason.replace(row["value"], "")
            assert not UNFIT.search(own_words), reason
            assert row["place"] in reason
            assert row["value"] in reason
            assert row["rule"] in reason
        said = Finding(*(row[name] for name in ("stage", "rule", "kind", "place", "value")), json.loads(row["params"]))
        assert (row["reason_zh"], row["reason_en"]) == (said_as(said, "zh"), said_as(said, "en"))
        assert all(part.strip() for part in (*parts(said, "zh"), *parts(said, "en")))
        assert CHINESE.search(row["reason_zh"])
        assert not CHINESE.search(row["reason_en"].replace(row["value"], "")), row["reason_en"]


def test_the_raw_record_stands_in_quarantine_unless_it_is_personal(quarantine: pl.DataFrame) -> None:
    sources = open_registry(read({"HUTONG_ROOT": str(ROOT)})).sources.values()
    streams = [source.id for source in sources if source.is_personal]
    personal = (pl.col("platform") + "." + pl.col("stream")).is_in(streams)
    assert quarantine.filter(personal)["raw"].null_count() == quarantine.filter(personal).height
    for raw in quarantine.filter(~personal)["raw"]:
        assert isinstance(json.loads(raw), dict)


@by_stream
def test_no_gate_of_a_sound_city_fails(stream: Stream, ledger: pl.DataFrame) -> None:
    gates = ledger.filter(pl.col("sequence") == stream.sequence, pl.col("kind") == "gate")
    assert gates.filter(pl.col("dataset") == stream.dataset).height > 0
    assert gates.filter(pl.col("outcome") != "passed").is_empty()


def test_hutong_verify_finds_the_account_balanced(city_lake: CityLake) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hutong.cli", "verify", "--json"],
        env=city_lake.command_environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["problems"] == []
    assert report["by_commit"] == 0
    batches = [batch for of_sequence in city_lake.published.values() for batch in of_sequence]
    assert report["records"] == sum(batch.received for batch in batches)
