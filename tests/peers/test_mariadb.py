"""MariaDB, which speaks MySQL's protocol, as a front-end database 前置库."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from hutong.errors import PlatformBusy, PlatformRefused
from hutong.model.batch import Resume
from tests.hutong.extract.certified import Certificate
from tests.peers.asking import SECRETS, connector, ids, pull, rows
from tests.peers.servers import Server

pytestmark = pytest.mark.xdist_group("mariadb")


@pytest.fixture(scope="module")
def engine(mariadb: Server) -> Iterator[sa.Engine]:
    engine = mariadb.admin("front")
    yield engine
    engine.dispose()


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION sql_mode = ''")  # lets in what strict servers refuse
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))


@pytest.fixture
def numbered(engine: sa.Engine) -> str:
    """A table of 1,000 rows, whose ids are too large for a double."""
    run(
        engine,
        "DROP TABLE IF EXISTS numbered",
        "CREATE TABLE numbered (id bigint PRIMARY KEY, changed datetime(6), said varchar(20))",
        "INSERT INTO numbered SELECT 9007199254740992 + seq, '2026-03-18 08:00:00' + INTERVAL seq DIV 2 SECOND, '第'"
        " FROM seq_1_to_1000",
    )
    return "numbered"


LONG = "12345678901234567890123456789012345.123456789012345678901234567890"
NASTY: list[tuple[str, str, Any]] = [
    ("decimal(65,30)", LONG, Decimal(LONG)),
    ("bigint unsigned", "18446744073709551615", 18446744073709551615),
    ("int(6) zerofill", "42", 42),
    ("tinyint(1)", "1", 1),
    ("float", "1.2345678", Decimal("1.2345677614212036")),  # the number that a float holds, whole
    ("double", "0.1", Decimal("0.1")),
    ("date", "'2026-03-18'", "2026-03-18"),
    ("date", "'0000-00-00'", "0000-00-00"),
    ("datetime(6)", "'2026-03-18 08:15:00.123456'", "2026-03-18T08:15:00.123456"),
    ("datetime", "'0000-00-00 00:00:00'", "0000-00-00T00:00:00"),
    ("timestamp(3)", "'2026-03-18 08:15:00.5'", "2026-03-18T13:15:00.500+00:00"),  # written at -05:00
    ("time(3)", "'-838:59:58.999'", "-838:59:58.999"),
    ("year", "2026", 2026),
    ("varchar(20) character set gbk", "'渝A·12345'", "渝A·12345"),
    ("text", "'汉字 𠮷\\n\\t\\\\'", "汉字 𠮷\n\t\\"),
    ("binary(3)", "x'00ff10'", "AP8Q"),
    ("blob", "x'00ff10'", "AP8Q"),
    ("bit(10)", "b'1000000001'", 513),
    ("enum('wild','mild')", "'mild'", "mild"),
    ("set('a','b')", "'a,b'", "a,b"),
    ("json", "'{\"a\": 1.10}'", '{"a": 1.10}'),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
]  # fmt: skip


def test_every_type_comes_exact(mariadb: Server, engine: sa.Engine) -> None:
    columns = ", ".join(f"c{n} {kind} NULL" for n, (kind, _, _) in enumerate(NASTY))
    run(
        engine,
        "DROP TABLE IF EXISTS nasty",
        f"CREATE TABLE nasty (id int PRIMARY KEY, {columns}) CHARACTER SET utf8mb4",
        f"INSERT INTO nasty VALUES (1, {', '.join(text for _, text, _ in NASTY)})",
        "INSERT INTO nasty (id) VALUES (2)",
    )
    full, empty = rows(list(pull(connector(mariadb, {"table": "nasty"}))))
    assert [(kind, full[f"c{n}"]) for n, (kind, _, _) in enumerate(NASTY)] == [(kind, said) for kind, _, said in NASTY]
    assert empty == {"id": 2, **{f"c{n}": None for n in range(len(NASTY))}}


def test_large_ids_are_walked_without_rounding(mariadb: Server, numbered: str) -> None:
    pages = list(pull(connector(mariadb, {"table": numbered, "page_size": 7})))
    assert ids(pages) == list(range(9007199254740993, 9007199254741993))
    assert pages[-1].completeness == "proven"


def test_a_pull_sees_one_snapshot_and_goes_on_after_a_stop(mariadb: Server, engine: sa.Engine, numbered: str) -> None:
    at = connector(mariadb, {"table": numbered, "page_size": 300})
    begun = pull(at)
    first = next(begun)
    run(engine, "INSERT INTO numbered (id) VALUES (9223372036854775807)")
    assert ids([first, *begun]) == list(range(9007199254740993, 9007199254741993))
    rest = list(pull(at, Resume(None, first.resume)))
    assert ids(rest) == [*range(9007199254741293, 9007199254741993), 9223372036854775807]
    assert (rest[-1].completeness, rest[-1].doubt) == ("incomplete", "total_moved")


@pytest.mark.parametrize(
    ("kind", "value", "incremental"),
    [
        ("datetime(2)", "'2026-03-18 08:00:00.25'", {"form": "local", "zone": "Asia/Shanghai"}),
        ("timestamp(2)", "'2026-03-17 19:00:00.25'", {"form": "iso"}),  # written at -05:00
        ("varchar(30)", "'2026-03-18 08:00:00.25'", {"form": "local", "zone": "Asia/Shanghai"}),
        ("bigint", "1773792000250", {"form": "epoch_ms"}),
        ("decimal(20,3)", "1773792000.25", {"form": "epoch_s"}),
    ],
)
def test_a_window_is_asked_for_in_the_columns_own_words(
    mariadb: Server, engine: sa.Engine, kind: str, value: str, incremental: dict[str, Any]
) -> None:
    run(
        engine,
        "DROP TABLE IF EXISTS moments",
        f"CREATE TABLE moments (id int PRIMARY KEY, changed {kind} NOT NULL)",
        f"INSERT INTO moments VALUES (1, {value})",
    )
    at = connector(
        mariadb, {"table": "moments"}, {"incremental": {"cursor_path": "changed", "since": "PT1H", **incremental}}
    )
    eight = datetime(2026, 3, 18, tzinfo=UTC)
    found = {offset: ids(list(pull(at, now=eight + timedelta(seconds=offset)))) for offset in (0, 1, 3600, 3602)}
    assert found == {0: [], 1: [1], 3600: [1], 3602: []}


def test_growing_numbers_are_followed(mariadb: Server, engine: sa.Engine, numbered: str) -> None:
    at = connector(mariadb, {"table": numbered}, {"incremental": {"cursor_path": "id", "form": "number", "overlap": 3}})
    first = list(pull(at))
    assert first[-1].cursor == "9007199254741992"
    run(engine, "INSERT INTO numbered (id) VALUES (9007199254741993)")
    assert ids(list(pull(at, Resume(first[-1].cursor)))) == list(range(9007199254741990, 9007199254741994))


def test_text_that_the_database_takes_for_equal_is_missed_in_no_silence(mariadb: Server, engine: sa.Engine) -> None:
    """A view may hold 'a' and 'A', between which its collation knows no order."""
    run(
        engine,
        "DROP TABLE IF EXISTS cased",
        "CREATE TABLE cased (id varchar(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL)",
        "INSERT INTO cased VALUES ('a'), ('A'), ('b'), ('B')",
    )
    last = list(pull(connector(mariadb, {"table": "cased", "page_size": 1})))[-1]
    assert (last.completeness, last.doubt) == ("incomplete", "total_differs")


def test_a_wrong_name_is_met_with_the_nearest(mariadb: Server, numbered: str) -> None:
    with pytest.raises(PlatformRefused, match=r"no table or view 'numberd'.*did you mean 'numbered'"):
        list(pull(connector(mariadb, {"table": "numberd"})))


def test_a_refused_login_names_its_secrets_and_shows_none(mariadb: Server, numbered: str) -> None:
    with pytest.raises(PlatformRefused) as refused:
        list(pull(connector(mariadb, {"table": numbered}), secrets={**SECRETS, "front_password": "planted-wrong-7f31"}))
    assert "front_user and front_password" in str(refused.value)
    assert "7f31" not in str(refused.value)


def test_a_question_that_takes_too_long_is_ended_by_the_server(mariadb: Server, engine: sa.Engine) -> None:
    run(engine, "CREATE OR REPLACE VIEW slow AS SELECT seq AS id, sleep(seq * 30) AS slept FROM seq_1_to_2")
    with pytest.raises(PlatformBusy, match=r"within 0\.2 s"):
        list(pull(connector(mariadb, {"table": "slow"}, limits={"answer_s": 0.2})))


def test_nothing_can_be_written(mariadb: Server, engine: sa.Engine, numbered: str) -> None:
    run(
        engine,
        "CREATE OR REPLACE FUNCTION writes() RETURNS int BEGIN INSERT INTO numbered (id) VALUES (1); RETURN 1; END",
        "CREATE OR REPLACE VIEW writing AS SELECT 1 AS id, writes() AS said",
    )
    with pytest.raises(PlatformRefused, match="would write"):
        list(pull(connector(mariadb, {"table": "writing"})))


def test_a_declared_authority_is_the_only_one_trusted(mariadb: Server, engine: sa.Engine) -> None:
    run(
        engine,
        "CREATE OR REPLACE VIEW tls AS SELECT 1 AS id, variable_value <> '' AS encrypted"
        " FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'",
    )
    own = Certificate("gateway", mariadb.authority)
    secrets = {**SECRETS, "own_certificate": own.pem, "own_key": own.key}
    shown = {"certificate": "own_certificate", "key": "own_key"}
    trusted = connector(mariadb, {"table": "tls"}, tls={**shown, "authority": mariadb.authority.pem})
    assert rows(list(pull(trusted, secrets=secrets))) == [{"id": 1, "encrypted": 1}]
    other = connector(mariadb, {"table": "tls"}, tls={"authority": Certificate("other").pem})
    with pytest.raises(PlatformRefused, match="no trusted connection"):
        list(pull(other))
    usual = connector(mariadb, {"table": "tls"}, tls=shown)
    with pytest.raises(PlatformRefused, match="no trusted connection"):
        list(pull(usual, secrets=secrets))
