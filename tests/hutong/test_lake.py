from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hutong.edition import ask
from hutong.errors import AskedWrongly
from hutong.lake import connect, query
from hutong.model.dataset import Field
from hutong.registry import Registry, open_registry
from hutong.schema.arrow import to_table
from hutong.settings import read
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import Change, commit
from tests.conftest import ROOT
from tests.hutong.making import START, WORDS

JUNCTION = {
    "city": "500000",
    "source_platform": "cim",
    "source_stream": "junction",
    "observed_at": START,
    "received_at": START,
    "batch": 1,
    "record": 0,
}


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


def test_what_a_platform_no_longer_lists_is_only_in_the_view_of_all(registry: Registry, store: Store) -> None:
    dataset = registry.dataset("junction")
    listed, gone = (dict.fromkeys(dataset.names) | JUNCTION | {"source_id": name} for name in ("A", "B"))
    gone["last_seen_at"] = START
    rows = to_table([listed, gone], dataset)
    commit(table_of(dataset, store.base(dataset.table)), "s", 1, lambda _: Change(rows, {}))
    for view, names in {"junction": ["A"], "junction_main": ["A"], "junction_all": ["A", "B"]}.items():
        answer = query(f"SELECT source_id FROM {view} ORDER BY ALL", registry, store)
        assert [row["source_id"] for row in answer.to_pylist()] == names


def test_a_dataset_without_tombstones_has_no_view_of_all(registry: Registry, store: Store) -> None:
    with pytest.raises(AskedWrongly, match="traffic_flow_all"):
        query("FROM traffic_flow_all", registry, store)


@pytest.mark.parametrize("is_required", [False, True])
def test_columns_that_an_old_version_lacks_are_null(is_required: bool, registry: Registry, store: Store) -> None:
    dataset = registry.dataset("junction")
    rows = to_table([dict.fromkeys(dataset.names) | JUNCTION | {"source_id": "A"}], dataset)
    commit(table_of(dataset, store.base(dataset.table)), "s", 1, lambda _: Change(rows, {}))
    new = Field("surveyed_by", WORDS, "", "string", required=is_required)
    grown = replace(
        registry, datasets={**registry.datasets, "junction": replace(dataset, fields=(*dataset.fields, new))}
    )
    answer = query("SELECT surveyed_by FROM junction WHERE surveyed_by IS NULL", grown, store)
    assert answer.to_pylist() == [{"surveyed_by": None}]


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


def test_no_progress_is_drawn_into_the_answer_of_a_long_question(registry: Registry, store: Store) -> None:
    assert connect(registry, store).sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


def violations(count: int, **changes: object) -> list[dict[str, object]]:
    """As many violations at one place within one hour."""
    told = {
        "city": "500000",
        "source_platform": "traffic_safety",
        "source_stream": "violation",
        "observed_at": START,
        "received_at": START,
        "batch": 1,
        "record": 0,
        "date": START.date(),
        "violation_code": "1625",
        "place_code": "500112800017",
    }
    return [told | {"source_id": f"{sorted(changes.items())}/{number}"} | changes for number in range(count)]


def publish_violations(registry: Registry, store: Store, number: int, rows: list[dict[str, object]]) -> None:
    dataset = registry.dataset("violation")
    table = to_table([dict.fromkeys(dataset.names) | row for row in rows], dataset)
    commit(table_of(dataset, store.base(dataset.table)), "s", number, lambda _: Change(table, {}))


def test_violations_are_counted_by_place_hour_and_kind_and_small_counts_are_left_out(
    registry: Registry, store: Store
) -> None:
    rows = [
        *violations(5),
        *violations(3, observed_at=START - timedelta(minutes=14)),
        *violations(4, place_code="500112800018"),
        *violations(6, violation_code="1636"),
        *violations(7, observed_at=START + timedelta(hours=1)),
        *violations(9, place_code=None),
    ]
    publish_violations(registry, store, 1, rows)
    asked = "SELECT place_code, period_start, violation_code, violation_count FROM violation_count ORDER BY ALL"
    hour = START.replace(minute=0)
    expected = [
        ("500112800017", hour, "1625", 8),
        ("500112800017", hour, "1636", 6),
        ("500112800017", hour + timedelta(hours=1), "1625", 7),
    ]
    assert [tuple(row.values()) for row in query(asked, registry, store).to_pylist()] == expected
    assert query("SELECT * FROM violation_count_main", registry, store).num_rows == 3


def test_counts_follow_the_rows_that_stand_there_at_the_version_that_is_asked_for(
    registry: Registry, store: Store
) -> None:
    publish_violations(registry, store, 1, violations(4))
    publish_violations(registry, store, 2, violations(1, batch=2))
    asked = "SELECT violation_count FROM violation_count"
    assert query(asked, registry, store).to_pylist() == [{"violation_count": 5}]
    assert query(asked, registry, store, at="violation=0").num_rows == 0


def test_an_edition_of_counts_names_the_table_that_was_counted(registry: Registry, store: Store) -> None:
    publish_violations(registry, store, 1, violations(5))
    _, edition = ask("SELECT * FROM violation_count", registry, store)
    assert [one.dataset for one in edition.tables] == ["violation"]
