"""A city in which every other record of the small streams is bad: nearly every kind of fault at nearly every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from citysim import truth
from citysim.clock import default_recording_start
from citysim.faults import KINDS, Fault
from citysim.services.process import running
from citysim.views.city import City
from hutong.budget import BOUNDLESS
from hutong.lake import rows_of
from hutong.pipeline import land_new, publish_waiting
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import CITY_SEED, environment_for, write_secrets

from . import test_accounts as accounts
from .conftest import Received, received_of, small_views
from .expecting import UNFIT
from .handed import STREAMS, Stream

pytestmark = [pytest.mark.xdist_group("small_cities"), pytest.mark.slow]

BAD_SHARE = 0.5
SMALL = tuple(stream for stream in STREAMS if stream.city not in ("rsm", "spat", "bsm"))
by_stream = pytest.mark.parametrize("stream", SMALL, ids=lambda stream: stream.city)


@dataclass(frozen=True)
class BadCity:
    """What the tests of accounts ask for, of another lake."""

    received: Mapping[str, Received]
    faults: Mapping[str, Mapping[str, Fault]]
    tables: Mapping[str, pl.DataFrame]
    problems: list[str]


@pytest.fixture(scope="module")
def bad_city(tmp_path_factory: pytest.TempPathFactory) -> BadCity:
    folder: Path = tmp_path_factory.mktemp("bad")
    write_secrets(folder / "secrets")
    start = default_recording_start(datetime.now(UTC))
    with running(seed=CITY_SEED, recording_start=start, faults=BAD_SHARE, log_dir=folder / "served") as live:
        settings = read(environment_for(folder, live))
        registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
        for stream in SMALL:
            source = registry.source(*stream.sequence.split("/")[:2])
            for sequence in source.sequences:
                land_new(source, sequence, store, secrets, BOUNDLESS)
                list(publish_waiting(source, sequence, registry, store, secrets))
    tables = {}
    for name in ("ledger", "quarantine", *(stream.dataset for stream in SMALL)):
        rows = pl.from_arrow(rows_of(registry.dataset(name), registry, store).to_table())
        assert isinstance(rows, pl.DataFrame)
        tables[name] = rows
    return BadCity(
        {stream.city: received_of(stream, folder / "served", tables["ledger"]) for stream in SMALL},
        {
            stream: {fault.record_id: fault for fault in view.faults}
            for stream, view in small_views(City(truth.load(), CITY_SEED, start, fault_share=BAD_SHARE)).items()
        },
        tables,
        verify(registry, store, secrets).problems,
    )


@by_stream
def test_every_kind_of_fault_is_there(stream: Stream, bad_city: BadCity) -> None:
    met = [bad_city.faults[stream.city][one] for one in bad_city.received[stream.city].handed.fault_ids]
    kinds = set(KINDS) - UNFIT.get(stream.city, frozenset())
    met_kinds = {fault.kind for fault in met}
    # Of a few records only as many are bad; then each is bad in a way of its own.
    assert met_kinds == kinds or len(met_kinds) == len(met) < len(kinds)
    assert len({(fault.kind, fault.field) for fault in met}) > min(10, len(met) // 2)


@by_stream
def test_exactly_those_are_refused_that_must_be_and_the_field_is_named(stream: Stream, bad_city: BadCity) -> None:
    received, faults, quarantine = bad_city.received, bad_city.faults, bad_city.tables["quarantine"]
    accounts.test_quarantine_holds_exactly_the_records_that_must_not_pass(
        stream, received, faults, quarantine, bad_city.tables["ledger"]
    )
    accounts.test_a_quarantine_row_names_the_field_that_was_broken(stream, received, faults, quarantine)


@by_stream
def test_the_others_are_published_once_with_null_or_unmapped(stream: Stream, bad_city: BadCity) -> None:
    received, faults, tables = bad_city.received, bad_city.faults, bad_city.tables
    accounts.test_the_other_bad_records_are_published_with_null_or_unmapped(stream, received, faults, tables)
    accounts.test_a_record_sent_twice_is_published_once(stream, received, faults, tables, tables["ledger"])


def test_every_reason_reads_well(bad_city: BadCity) -> None:
    accounts.test_every_quarantine_row_explains_itself_in_both_languages(bad_city.tables["quarantine"])
    accounts.test_the_raw_record_stands_in_quarantine_unless_it_is_personal(bad_city.tables["quarantine"])


def test_the_account_balances_all_the_same(bad_city: BadCity) -> None:
    assert bad_city.problems == []
