import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from hutong.cli.query import query
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

Ask = Callable[..., Result]
SQL = "SELECT source_id, vehicle_count FROM traffic_flow ORDER BY ALL"


@pytest.fixture(scope="module")
def ask(declared: Path, registry: Registry, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    store = Store(str(tmp_path_factory.mktemp("asked") / "lake"))
    land_flow(registry, store, [flow("L1"), flow("L2"), flow("L3", speed="fast")])
    publish_flow(registry, store, secrets)
    env = {"HUTONG_ROOT": str(declared), "HUTONG_LAKE": store.root}
    return lambda *words: CliRunner().invoke(query, words, env=env, catch_exceptions=False)


def test_json_with_an_edition_is_still_an_object_a_line(ask: Ask) -> None:
    *rows, last = [json.loads(line) for line in ask(SQL, "--json", "--edition").stdout.splitlines()]
    assert [row["source_id"] for row in rows] == ["L1", "L2"]
    assert last["edition"]["tables"][0]["dataset"] == "traffic_flow"
    assert last["edition"]["newest"] == {"transport_info": "2026-03-18T00:10:00Z"}
    assert last["edition"]["shares"][0]["quarantined"] == 1


@pytest.mark.parametrize("form", ["csv", "table"])
def test_text_with_an_edition_ends_with_a_line_that_readers_skip(form: str, ask: Ask) -> None:
    *lines, last = ask(SQL, "--format", form, "--edition").stdout.splitlines()
    assert last.startswith("# ")
    assert json.loads(last[2:])["at"] == "now"
    assert len(lines) == 3


def test_csv_without_an_edition_is_as_it_was(ask: Ask) -> None:
    assert len(list(csv.reader(io.StringIO(ask(SQL, "--format", "csv").stdout)))) == 3


def test_parquet_carries_its_edition_in_the_files_metadata(ask: Ask, tmp_path: Path) -> None:
    out = tmp_path / "answer.parquet"
    ask(SQL, "--format", "parquet", "--edition", "--out", str(out))
    found = pq.read_table(out)
    assert found.num_rows == 2
    assert json.loads(found.schema.metadata[b"hutong.edition"])["tables"][0]["version"] == 1


def test_a_time_before_the_first_commit_finds_empty_tables(ask: Ask) -> None:
    assert ask(SQL, "--json", "--at", "2020-01-01T00:00:00+08:00").stdout == ""
