"""A front-end database synced into a lake by YAML alone, also when the sync is killed in between."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from hutong.model.incremental import Incremental
from hutong.registry import open_registry
from hutong.settings import read
from tests.peers.asking import LOGIN, SECRETS
from tests.peers.declared import STREAM, declare
from tests.peers.servers import Server
from tests.peers.syncing import Gateway

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]

COUNT = 1500


INCREMENTAL = {
    "all": None,
    "time": {"cursor_path": "checked", "form": "local", "zone": "Asia/Shanghai", "since": "P3650D"},
    "number": {"cursor_path": "no", "form": "number", "overlap": 10},
}


@pytest.fixture(params=["all"])
def gateway(request: pytest.FixtureRequest, postgresql: Server, tmp_path: Path) -> Gateway:
    """A table of places and their names, read in small pages that land in small batches."""
    engine = postgresql.admin("front")
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE IF EXISTS facility")
        connection.exec_driver_sql(
            "CREATE TABLE facility (no bigint PRIMARY KEY, lon numeric(10,7), lat numeric(10,7), name text,"
            " checked timestamp, photo bytea)"
        )
        connection.execute(
            sa.text(
                "INSERT INTO facility SELECT n, 106.5 + n * 0.0000001, 29.5, '设施 ' || n,"
                " timestamp '2026-03-18 08:00:00' + n * interval '1 second', 'planted-7f31'"
                f" FROM generate_series(1, {COUNT}) n"
            )
        )
    engine.dispose()
    stream = {
        "endpoint": {"transport": "database", "table": "facility", "key": ["no"], "page_size": 50},
        "never_keep": ["photo"],
        "incremental": INCREMENTAL[request.param],
        "max_records": 300,
    }
    return Gateway(
        declare(tmp_path, "front", {"address": postgresql.address("front"), "auth": LOGIN}, stream), "front", SECRETS
    )


def expected() -> list[tuple[str, float, str]]:
    return sorted((str(n), round(106.5 + n * 1e-7, 7), f"设施 {n}") for n in range(1, COUNT + 1))


@pytest.mark.parametrize("gateway", INCREMENTAL, indirect=True)
def test_every_row_of_a_table_reaches_its_dataset(gateway: Gateway) -> None:
    batches = gateway.sync()
    assert sum(batch["received"] for batch in batches) == COUNT
    rows = gateway.rows()
    found = sorted((row["source_id"], round(row["lon"], 7), row["name"]) for row in rows.iter_rows(named=True))
    assert found == expected()
    pages = gateway.pages()
    assert pages[-1].completeness == "proven"
    assert not any(b"photo" in page.body for page in pages)
    assert b'"lon": 106.5000001,' in pages[0].body
    again = gateway.sync()
    assert {batch["fates"].split("=")[0] for batch in again} == {"unchanged"}
    declared = open_registry(read(gateway.environment)).source("front", STREAM).stream.incremental
    count = 1 if isinstance(declared, Incremental) else declared.overlap if declared else COUNT
    assert sum(batch["received"] for batch in again) == count  # of which the newest is read again


def test_a_killed_sync_goes_on_behind_what_has_landed(gateway: Gateway) -> None:
    log = gateway.root / "lake" / "landing" / "front" / "facility" / "_delta_log"
    killed = subprocess.Popen(
        gateway.command, env=gateway.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while killed.poll() is None and len(list(log.glob("*.json"))) < 4:
        time.sleep(0.005)
    killed.kill()
    assert killed.wait() == -9
    assert 0 < sum(page.records for page in gateway.pages()) < COUNT
    gateway.sync()
    assert sum(page.records for page in gateway.pages()) == COUNT  # nothing was asked for twice
    found = sorted(
        (row["source_id"], round(row["lon"], 7), row["name"]) for row in gateway.rows().iter_rows(named=True)
    )
    assert found == expected()
    assert gateway.pages()[-1].completeness == "proven"
