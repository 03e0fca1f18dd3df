from pathlib import Path

import pytest

from hutong.errors import AskedWrongly
from hutong.lake import connect, query
from hutong.registry import Registry, open_registry
from hutong.settings import read
from hutong.store.paths import Store
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "lake"))


def test_every_contract_is_a_view_even_before_anything_was_published(registry: Registry, store: Store) -> None:
    for name, dataset in registry.datasets.items():
        answer = query(f"SELECT * FROM {name}", registry, store)
        assert (answer.num_rows, answer.column_names) == (0, list(dataset.names))


def test_the_main_view_holds_the_authority_only(registry: Registry, store: Store) -> None:
    assert query("SELECT count(*) AS n FROM junction_main", registry, store).to_pylist() == [{"n": 0}]


def test_parameters_are_values_and_never_sql(registry: Registry, store: Store) -> None:
    answer = query("SELECT $name AS name", registry, store, {"name": "'; DROP VIEW junction; --"})
    assert answer.to_pylist() == [{"name": "'; DROP VIEW junction; --"}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SELECT * FROM store",
        "SELECT * FROM nowhere",
        "SELECT",
    ],
)
def test_a_query_reaches_nothing_but_the_views(sql: str, registry: Registry, store: Store) -> None:
    with pytest.raises(AskedWrongly, match="hutong datasets"):
        query(sql, registry, store)


def test_times_are_shown_in_utc_whatever_the_machine_says(
    registry: Registry, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    connection = connect(registry, store)
    assert connection.sql("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
