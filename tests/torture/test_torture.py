"""Whatever a server or a proxy does, a pull ends soon as complete and exact, as a clear failure, or in doubt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hutong.errors import PlatformError
from hutong.extract.stage import extract
from hutong.land.stage import land
from hutong.model.batch import Sequence
from hutong.model.connector import Connector
from hutong.pages import records_of
from hutong.secrets import Secret
from hutong.store.landing import LandedPage, held, mark, read_batch
from hutong.store.paths import Store
from tests.hutong.extract.speaking import NOW, PLANTED, connector
from tests.hutong.publish.conftest import settings_in
from tests.torture import busy, content, elsewhere, line, pages
from tests.torture.faults import FAULTS, Doubted, Exact, Fails, Fault
from tests.torture.server import Record, tormenting

SCRIPTS = (busy, content, elsewhere, line, pages)
"""Modules that add to FAULTS."""

NAMED = (
    "429 with Retry-After in seconds", "429 with Retry-After as a date", "429 with Retry-After absent",
    "429 with Retry-After absurd", "bursts of 503", "endless 503", "errors inside HTTP 200",
    "slow drip", "endless drip", "silence", "resets", "truncation by length", "truncation in chunks",
    "truncation at the end of the connection", "truncation that leaves valid text", "broken gzip",
    "wrong content type", "HTML login pages", "GBK", "BOM", "UTF-16", "bytes that are not text",
    "NaN", "huge integers", "duplicate keys", "mixed types", "changed key case", "deep nesting",
    "repeated pages", "drift by insertion", "drift by deletion", "loops", "endless next links", "endless empty pages",
    "links to other hosts", "redirects to other hosts", "links and redirects to files",
    "links and redirects to private addresses", "XML entity bombs", "external entities",
    "zip bombs", "gzip bombs", "zip slip", "204", "empty 200",
    "tokens that expire in mid-pull", "tokens that never work", "lying totals", "session cookies",
    "total time", "body size", "depth", "requests per pull",
)  # fmt: skip
"""What the list of a hostile network names."""

LIMITS = {
    "silence_s": 0.2, "answer_s": 0.5, "pull_s": 10, "retry_wait_s": 0.05, "answer_bytes": 100_000, "requests": 40,
}  # fmt: skip


@dataclass
class Landing:
    """What a pull left in a real store, and the error it ended with."""

    records: list[Record]
    last: LandedPage | None
    error: PlatformError | None


def pulled(at: Connector, store: Store) -> Landing:
    sequence, stream = Sequence("testing", "things", "500000"), at.streams["things"]
    since = _, resume = mark(store, sequence)
    error = None
    try:
        walk = extract(sequence, at, stream, lambda name: Secret(name, PLANTED[name]), resume, NOW)
        land(sequence, stream, walk, store, None, since)
    except PlatformError as met:
        error = met
    landed = [page for batch in held(store, sequence) for page in read_batch(store, sequence, batch, None)]
    records = [record.content for record in records_of(landed, stream)]
    return Landing(records, landed[-1] if landed else None, error)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(settings_in(tmp_path).lake)


def declared(address: str, stream: dict[str, Any], **more: Any) -> Connector:
    limits = LIMITS | more.pop("limits", {})
    return connector(address, stream, **{"retries": 2, "limits": limits, **more})


@pytest.mark.timeout(20)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_pull_ends_exact_or_in_doubt_or_fails_clearly(fault: Fault, store: Store) -> None:
    with tormenting(fault.script) as server:
        landing = pulled(declared(server.address, fault.stream, **fault.connector), store)
    handed, last = server.ledger.handed, landing.last
    match fault.ends:
        case Exact(holds):
            assert landing.error is None
            assert last is not None
            assert (last.completeness, last.doubt) == ("proven", None)
            assert landing.records == holds
            assert handed == holds
        case Doubted(completeness, doubt):
            assert landing.error is None
            assert last is not None
            assert (last.completeness, last.doubt) == (completeness, doubt)
            assert landing.records == handed
        case Fails(error, said):
            with pytest.raises(error, match=said):
                raise landing.error or AssertionError("it did not fail")
            assert landing.records == handed[: len(landing.records)]
            assert last is None or last.completeness == "unproven"


def test_every_fault_of_the_list_has_a_script() -> None:
    assert set(NAMED) <= {fault.named for fault in FAULTS}


def test_names_of_scripts_are_unique() -> None:
    names = [str(fault) for fault in FAULTS]
    assert len(names) == len(set(names))
