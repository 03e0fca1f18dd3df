"""PostgreSQL as a front-end database 前置库: every row, exact, whatever else goes on in it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from hutong.errors import PlatformBusy, PlatformGarbled, PlatformRefused
from hutong.model.batch import Resume
from tests.hutong.extract.certified import Certificate
from tests.peers.asking import NOW, SECRETS, connector, ids, pull, rows
from tests.peers.servers import READER_PASSWORD, Server

pytestmark = pytest.mark.xdist_group("postgresql")

CHANGED = {"cursor_path": "changed", "form": "iso", "since": "P30D"}


@pytest.fixture(scope="module")
def engine(postgresql: Server) -> Iterator[sa.Engine]:
    engine = postgresql.admin("front")
    yield engine
    engine.dispose()


def run(engine: sa.Engine, *statements: str) -> None:
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement.replace("%", "%%"))  # its driver's own sign for parameters


@pytest.fixture
def numbered(engine: sa.Engine) -> str:
    """A table of 1,000 rows, two of them a second."""
    run(
        engine,
        "DROP TABLE IF EXISTS numbered CASCADE",
        "CREATE TABLE numbered (id int PRIMARY KEY, changed timestamptz, said text)",
        "INSERT INTO numbered SELECT n, timestamptz '2026-03-18 08:00:00+08' + (n / 2) * interval '1 second', '第' || n"
        " FROM generate_series(1, 1000) n",
    )
    return "numbered"


LONG = "123456789012345678901234567890.123456789012345678901234567890"
NASTY: list[tuple[str, str, Any]] = [
    ("numeric", LONG, Decimal(LONG)),
    ("numeric(12,4)", "1.5000", Decimal("1.5000")),
    ("numeric", "NaN", "NaN"),
    ("numeric", "-Infinity", "-Infinity"),
    ("numeric", "1e400", "1" + 400 * "0"),
    ("bigint", "9223372036854775807", 9223372036854775807),
    ("smallint", "-32768", -32768),
    ("double precision", "0.1", Decimal("0.1")),
    ("double precision", "1e300", Decimal("1e+300")),
    ("double precision", "5e-324", Decimal("5e-324")),
    ("double precision", "NaN", "NaN"),
    ("real", "1.2345678", Decimal("1.2345678")),
    ("boolean", "t", True),
    ("text", "汉字 \u2028 \"quoted\" \\ \t\n\r 𠮷", "汉字 \u2028 \"quoted\" \\ \t\n\r 𠮷"),
    ("text", "", ""),
    ("char(5)", "ab", "ab   "),
    ("bytea", "\\x00ff10", "AP8Q"),
    ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("date", "2026-03-18", "2026-03-18"),
    ("date", "infinity", "infinity"),
    ("date", "0044-03-15 BC", "0044-03-15 BC"),
    ("timestamp", "2026-03-18 08:15:00.123456", "2026-03-18T08:15:00.123456"),
    ("timestamp", "10000-01-01 00:00:00", "10000-01-01T00:00:00"),
    ("timestamptz", "2026-03-18 08:15:00.5+08", "2026-03-18T00:15:00.5+00:00"),
    ("timestamptz", "-infinity", "-infinity"),
    ("time", "23:59:59.999999", "23:59:59.999999"),
    ("time", "24:00:00", "24:00:00"),
    ("timetz", "08:15:00+08", "08:15:00+08:00"),
    ("interval", "1 year 2 months 3 days 04:05:06.789", "P1Y2M3DT4H5M6.789S"),
    ("jsonb", '{"a": [1, 2.50, null], "名": "值"}', {"a": [1, Decimal("2.50"), None], "名": "值"}),
    ("json", '{"a":\n 1.10,\r\n "b": "x"}', {"a": Decimal("1.10"), "b": "x"}),
    ("json", "null", None),
    ("int[]", "{{1,2},{3,NULL}}", [[1, 2], [3, None]]),
    ("numeric[]", "{1.10,NaN}", [Decimal("1.10"), "NaN"]),
    ("text[]", '{"a,b",NULL,""}', ["a,b", None, ""]),
    ("timestamptz[]", '{"2026-03-18 08:15:00+08"}', ["2026-03-18T00:15:00+00:00"]),
    ("inet", "10.0.0.1/24", "10.0.0.1/24"),
    ("bit(4)", "1010", "1010"),
    ("int4range", "[1,5)", "[1,5)"),
    ("point", "(1.5,2)", "(1.5,2)"),
    ("xml", "<a>b</a>", "<a>b</a>"),
    ("mood", "mild", "mild"),
    ("share", "0.30", Decimal("0.30")),
]  # fmt: skip


def test_every_type_comes_exact(postgresql: Server, engine: sa.Engine) -> None:
    run(
        engine,
        "DROP TABLE IF EXISTS nasty",
        "DROP TYPE IF EXISTS mood",
        "DROP DOMAIN IF EXISTS share",
        "CREATE TYPE mood AS ENUM ('wild', 'mild')",
        "CREATE DOMAIN share AS numeric(3,2) CHECK (VALUE <= 1)",
        f"CREATE TABLE nasty (id int PRIMARY KEY, {', '.join(f'c{n} {kind}' for n, (kind, _, _) in enumerate(NASTY))})",
        "INSERT INTO nasty (id) VALUES (2)",
    )
    with engine.connect() as connection:
        casts = ", ".join(f"CAST(CAST(:c{n} AS text) AS {kind})" for n, (kind, _, _) in enumerate(NASTY))
        given = {f"c{n}": text for n, (_, text, _) in enumerate(NASTY)}
        connection.execute(sa.text(f"INSERT INTO nasty VALUES (1, {casts})"), given)
    full, empty = rows(list(pull(connector(postgresql, {"table": "nasty"}))))
    assert [(kind, full[f"c{n}"]) for n, (kind, _, _) in enumerate(NASTY)] == [(kind, said) for kind, _, said in NASTY]
    assert {type(full[f"c{n}"]) for n in range(len(NASTY))} == {type(said) for _, _, said in NASTY}
    assert empty == {"id": 2, **{f"c{n}": None for n in range(len(NASTY))}}


def test_all_pages_of_a_table_come_in_order_and_prove_it_whole(postgresql: Server, numbered: str) -> None:
    pages = list(pull(connector(postgresql, {"table": numbered, "page_size": 300})))
    assert ids(pages) == list(range(1, 1001))
    assert [page.records for page in pages] == [300, 300, 300, 100]
    assert (pages[-1].completeness, pages[-1].resume, pages[-1].content_type) == (
        "proven",
        None,
        "application/x-ndjson; charset=utf-8",
    )
    assert pages[1].url == f"postgresql://127.0.0.1:{postgresql.port}/front/numbered?page=2"


def test_a_table_of_exactly_full_pages_ends_with_the_last(postgresql: Server, numbered: str) -> None:
    pages = list(pull(connector(postgresql, {"table": numbered, "page_size": 500})))
    assert ([page.records for page in pages], pages[-1].completeness) == ([500, 500], "proven")


def test_a_writer_who_commits_meanwhile_changes_nothing_of_a_pull(
    postgresql: Server, engine: sa.Engine, numbered: str
) -> None:
    came = []
    for page in pull(connector(postgresql, {"table": numbered, "page_size": 100})):
        came.append(page)
        run(
            engine,
            f"DELETE FROM numbered WHERE id = {1000 - len(came)}",
            f"INSERT INTO numbered VALUES ({-len(came)}), ({2000 + len(came)})",
        )
    assert ids(came) == list(range(1, 1001))
    assert came[-1].completeness == "proven"


def test_a_pull_that_stopped_goes_on_at_the_next_row(postgresql: Server, numbered: str) -> None:
    at = connector(postgresql, {"table": numbered, "page_size": 300})
    begun = pull(at)
    first = next(begun)
    begun.close()
    rest = list(pull(at, Resume(None, first.resume)))
    assert ids([first, *rest]) == list(range(1, 1001))
    assert rest[-1].completeness == "proven"


def test_a_pull_that_goes_on_over_a_changed_table_is_not_proven(
    postgresql: Server, engine: sa.Engine, numbered: str
) -> None:
    at = connector(postgresql, {"table": numbered, "page_size": 300})
    begun = pull(at)
    first = next(begun)
    begun.close()
    run(engine, "INSERT INTO numbered VALUES (-1)")  # behind the place where it goes on
    last = list(pull(at, Resume(None, first.resume)))[-1]
    assert (last.completeness, last.doubt) == ("incomplete", "total_moved")


def test_a_snapshot_is_given_up_after_a_while(
    postgresql: Server, engine: sa.Engine, numbered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hutong.extract.database.session.SNAPSHOT_S", 0.0)
    came = []
    for page in pull(connector(postgresql, {"table": numbered, "page_size": 300})):
        came.append(page)
        if len(came) == 1:
            run(engine, "INSERT INTO numbered VALUES (5000)")
    assert ids(came) == [*range(1, 1001), 5000]  # seen, because the second page has a snapshot of its own
    assert (came[-1].completeness, came[-1].doubt) == ("incomplete", "total_moved")


def test_keys_of_several_columns_and_of_any_type_are_walked(postgresql: Server, engine: sa.Engine) -> None:
    run(
        engine,
        'DROP TABLE IF EXISTS "奇怪 表"',
        'CREATE TABLE "奇怪 表" (id int, "列 ""1""" text, at timestamp, amount numeric, raw bytea, u uuid,'
        ' PRIMARY KEY ("列 ""1""", at, amount, raw, u))',
        "INSERT INTO \"奇怪 表\" SELECT n, chr(97 + n % 3) || '''%%', timestamp '2026-03-18' + n % 7 * interval '1 us',"
        " n % 11 / 7.0, decode(lpad(to_hex(n), 4, '0'), 'hex'), md5(n::text)::uuid FROM generate_series(1, 500) n",
    )
    key = ['列 "1"', "at", "amount", "raw", "u"]
    pages = list(pull(connector(postgresql, {"table": "奇怪 表", "key": key, "page_size": 7})))
    assert sorted(ids(pages)) == list(range(1, 501))
    assert pages[-1].completeness == "proven"


def test_only_declared_columns_are_asked_for(postgresql: Server, engine: sa.Engine, numbered: str) -> None:
    run(engine, f"DROP ROLE IF EXISTS narrow; CREATE ROLE narrow LOGIN PASSWORD '{READER_PASSWORD}'")
    run(engine, "GRANT SELECT (id, changed) ON numbered TO narrow")  # the third may not even be asked for
    at = connector(postgresql, {"table": numbered}, {"never_keep": ["said"]})
    pages = list(pull(at, secrets={**SECRETS, "front_user": "narrow"}))
    assert rows(pages)[0] == {"id": 1, "changed": "2026-03-18T00:00:00+00:00"}
    at = connector(postgresql, {"table": numbered, "columns": ["id"]})
    assert rows(list(pull(at, secrets={**SECRETS, "front_user": "narrow"})))[0] == {"id": 1}


def test_a_window_is_half_open_and_the_cursor_keeps_every_digit(
    postgresql: Server, engine: sa.Engine, numbered: str
) -> None:
    run(
        engine,
        "UPDATE numbered SET changed = timestamptz '2026-03-18 00:29:59.999999Z' WHERE id = 7",
        "UPDATE numbered SET changed = timestamptz '2026-03-18 00:30:00Z' WHERE id = 8",
    )
    at = connector(postgresql, {"table": numbered, "page_size": 300}, {"incremental": CHANGED})
    pages = list(pull(at))
    assert sorted(ids(pages)) == [n for n in range(1, 1001) if n != 8]
    assert pages[-1].cursor == "2026-03-18T00:29:59.999999+00:00"
    assert pages[-1].completeness == "proven"
    later = list(pull(at, Resume(pages[-1].cursor), now=NOW + timedelta(minutes=1)))
    assert sorted(ids(later)) == [7, 8]


@pytest.mark.parametrize(
    ("kind", "value", "incremental"),
    [
        ("timestamp", "timestamp '2026-03-18 08:00:00.25'", {"form": "local", "zone": "Asia/Shanghai"}),
        ("timestamp", "timestamp '2026-03-18 08:00:00.25'", {"form": "iso", "zone": "Asia/Shanghai"}),
        ("timestamptz", "timestamptz '2026-03-18 00:00:00.25Z'", {"form": "iso"}),
        ("text", "'2026-03-18 08:00:00.25'", {"form": "local", "zone": "Asia/Shanghai"}),
        ("text", "'2026-03-18T08:00:00.25+08:00'", {"form": "iso", "zone": "Asia/Shanghai"}),
        ("text", "'2026-03-18T00:00:00.25Z'", {"form": "iso", "zone": "UTC"}),
        ("text", "'1773792000250'", {"form": "epoch_ms"}),
        ("bigint", "1773792000250", {"form": "epoch_ms"}),
        ("numeric", "1773792000.25", {"form": "epoch_s"}),
        ("date", "date '2026-03-18'", {"form": "local", "zone": "Asia/Shanghai"}),
    ],
)
def test_a_window_is_asked_for_in_the_columns_own_words(
    postgresql: Server, engine: sa.Engine, kind: str, value: str, incremental: dict[str, Any]
) -> None:
    """A quarter of a second after eight in Shanghai (or that day's first moment) lies in the windows that hold it."""
    run(
        engine,
        "DROP TABLE IF EXISTS moments",
        f"CREATE TABLE moments (id int PRIMARY KEY, changed {kind} NOT NULL)",
        f"INSERT INTO moments VALUES (1, {value})",
    )
    at = connector(
        postgresql, {"table": "moments"}, {"incremental": {"cursor_path": "changed", "since": "PT1H", **incremental}}
    )
    eight = datetime(2026, 3, 18, 0, 0, tzinfo=UTC) if kind != "date" else datetime(2026, 3, 17, 16, 0, tzinfo=UTC)
    found = {
        offset: ids(list(pull(at, now=eight + timedelta(seconds=offset)))) for offset in (0, 1, 3600, 3602, 30 * 3600)
    }
    until = [1] if kind == "date" else []  # a day's start may be read again, up to its end
    assert found == {0: [], 1: [1], 3600: [1], 3602: until, 30 * 3600: []}


def test_rows_whose_cursor_says_nothing_are_told_of(postgresql: Server, engine: sa.Engine, numbered: str) -> None:
    run(engine, "UPDATE numbered SET changed = NULL WHERE id = 500")
    at = connector(postgresql, {"table": numbered}, {"incremental": CHANGED})
    last = list(pull(at))[-1]
    assert (last.records, last.completeness, last.doubt) == (999, "incomplete", "cursor_unread")


def test_a_column_that_cannot_say_what_is_declared_is_refused(postgresql: Server, numbered: str) -> None:
    for column, form, words in (
        ("changed", {"form": "local", "zone": "Asia/Shanghai"}, "form iso"),
        ("id", {"form": "iso"}, "epoch_s"),
        ("said", {"form": "iso"}, "zone"),
    ):
        at = connector(
            postgresql, {"table": numbered}, {"incremental": {"cursor_path": column, "since": "P1D", **form}}
        )
        with pytest.raises(PlatformRefused, match=words):
            list(pull(at))
    at = connector(
        postgresql, {"table": numbered}, {"incremental": {"cursor_path": "said", "form": "number", "overlap": 0}}
    )
    with pytest.raises(PlatformRefused, match="holds no numbers"):
        list(pull(at))


def test_ids_that_commit_out_of_order_are_caught_by_the_overlap(postgresql: Server, engine: sa.Engine) -> None:
    run(engine, "DROP TABLE IF EXISTS queue", "CREATE TABLE queue (id bigserial PRIMARY KEY, said text)")
    at = connector(
        postgresql, {"table": "queue"}, {"incremental": {"cursor_path": "id", "form": "number", "overlap": 10}}
    )
    slow = engine.execution_options(isolation_level="READ COMMITTED").connect()
    slow.exec_driver_sql("INSERT INTO queue (said) VALUES ('slow')")  # takes 1, and does not commit yet
    run(engine, "INSERT INTO queue (said) SELECT 'fast' FROM generate_series(1, 5)")
    first = list(pull(at))
    assert (ids(first), first[-1].cursor) == ([2, 3, 4, 5, 6], "6")
    slow.commit()
    slow.close()
    second = list(pull(at, Resume(first[-1].cursor)))
    assert (ids(second), second[-1].cursor, second[-1].completeness) == ([1, 2, 3, 4, 5, 6], "6", "proven")
    run(engine, "INSERT INTO queue (said) SELECT 'more' FROM generate_series(1, 20)")
    assert ids(list(pull(at, Resume("20")))) == list(range(11, 27))


def test_a_pull_by_number_that_stopped_keeps_its_floor(postgresql: Server, numbered: str) -> None:
    at = connector(
        postgresql,
        {"table": numbered, "page_size": 100},
        {"incremental": {"cursor_path": "id", "form": "number", "overlap": 5}},
    )
    begun = pull(at, Resume("600"))
    first = next(begun)
    begun.close()
    assert first.cursor == "695"
    rest = list(pull(at, Resume(first.cursor, first.resume)))
    assert ids([first, *rest]) == list(range(596, 1001))
    assert rest[-1].completeness == "proven"


def test_numbers_that_begin_anew_are_an_error(postgresql: Server, engine: sa.Engine) -> None:
    run(engine, "DROP TABLE IF EXISTS queue", "CREATE TABLE queue (id bigserial PRIMARY KEY)")
    at = connector(
        postgresql, {"table": "queue"}, {"incremental": {"cursor_path": "id", "form": "number", "overlap": 10}}
    )
    assert ids(list(pull(at, Resume("9007199254740993")))) == []  # emptied by those who read it: nothing new
    run(engine, "INSERT INTO queue DEFAULT VALUES")
    with pytest.raises(PlatformGarbled, match="began anew"):
        list(pull(at, Resume("9007199254740993")))


def test_rows_that_the_key_does_not_tell_apart_are_an_error(postgresql: Server, engine: sa.Engine) -> None:
    run(engine, "DROP TABLE IF EXISTS twins", "CREATE TABLE twins AS SELECT 1 AS id FROM generate_series(1, 9)")
    with pytest.raises(PlatformRefused, match=r"share their id.*endpoint\.key"):
        list(pull(connector(postgresql, {"table": "twins", "page_size": 3})))


def test_rows_without_a_key_are_missed_in_no_silence(postgresql: Server, engine: sa.Engine) -> None:
    run(
        engine,
        "DROP TABLE IF EXISTS keyless",
        "CREATE TABLE keyless (id int)",
        "INSERT INTO keyless VALUES (1), (NULL)",
    )
    last = list(pull(connector(postgresql, {"table": "keyless"})))[-1]
    assert (last.records, last.completeness, last.doubt) == (1, "incomplete", "total_differs")


def test_a_wrong_name_is_met_with_the_nearest(postgresql: Server, numbered: str) -> None:
    with pytest.raises(PlatformRefused, match=r"no table or view 'numberd'.*did you mean 'numbered'"):
        list(pull(connector(postgresql, {"table": "numberd"})))
    with pytest.raises(PlatformRefused, match=r"no column 'sayd'.*endpoint\.columns.*did you mean 'said'"):
        list(pull(connector(postgresql, {"table": numbered, "columns": ["id", "sayd"]})))
    with pytest.raises(PlatformRefused, match=r"no column 'no'.*endpoint\.key"):
        list(pull(connector(postgresql, {"table": numbered, "key": ["no"]})))


def test_a_view_in_another_schema_is_read(postgresql: Server, engine: sa.Engine, numbered: str) -> None:
    run(
        engine,
        "CREATE SCHEMA IF NOT EXISTS outbound",
        "CREATE OR REPLACE VIEW outbound.v_even AS SELECT * FROM numbered WHERE id % 2 = 0",
    )
    pages = list(pull(connector(postgresql, {"table": "outbound.v_even", "page_size": 99})))
    assert ids(pages) == list(range(2, 1001, 2))


def test_a_refused_login_names_its_secrets_and_shows_none(postgresql: Server, numbered: str) -> None:
    at = connector(postgresql, {"table": numbered})
    for wrong in ({"front_password": "planted-wrong-7f31"}, {"front_user": "nobody-7f31"}):
        with pytest.raises(PlatformRefused) as refused:
            list(pull(at, secrets={**SECRETS, **wrong}))
        assert "front_user and front_password" in str(refused.value)
        assert "7f31" not in str(refused.value)


def test_a_database_that_is_not_there_is_busy(postgresql: Server, numbered: str) -> None:
    at = connector(postgresql, {"table": numbered}, address="postgresql://127.0.0.1:1/front")
    with pytest.raises(PlatformBusy, match="cannot be asked now"):
        list(pull(at))


def test_a_question_that_takes_too_long_is_ended_by_the_server(postgresql: Server, engine: sa.Engine) -> None:
    run(
        engine,
        "CREATE OR REPLACE VIEW slow AS SELECT n AS id, pg_sleep(30)::text AS slept FROM generate_series(1, 2) n",
    )
    at = connector(postgresql, {"table": "slow"}, limits={"answer_s": 0.2})
    with pytest.raises(PlatformBusy, match=r"within 0\.2 s"):
        list(pull(at))


def test_a_server_that_gives_the_session_up_between_two_pages_is_busy(
    postgresql: Server, engine: sa.Engine, numbered: str
) -> None:
    run(engine, "ALTER ROLE gateway SET idle_in_transaction_session_timeout = 50")
    try:
        begun = pull(connector(postgresql, {"table": numbered, "page_size": 300}))
        next(begun)
        time.sleep(0.2)
        with pytest.raises(PlatformBusy, match="goes on where it stopped"):
            list(begun)
    finally:
        run(engine, "ALTER ROLE gateway RESET idle_in_transaction_session_timeout")


def test_a_server_that_stands_still_is_hung_up_on(
    postgresql: Server, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's own limit is switched off by the view, as a server that hangs would not keep it."""
    monkeypatch.setattr("hutong.extract.database.session.GRACE_S", 0.2)
    run(
        engine,
        "CREATE OR REPLACE FUNCTION stuck() RETURNS text LANGUAGE plpgsql STABLE SET statement_timeout = 0 AS"
        " $$ BEGIN PERFORM pg_sleep(30); RETURN 'x'; EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(30);"
        " RETURN 'y'; END $$",
        "CREATE OR REPLACE VIEW still AS SELECT 1 AS id, stuck() AS said",
    )
    at = connector(postgresql, {"table": "still"}, limits={"answer_s": 0.2})
    with pytest.raises(PlatformBusy, match="no connection"):
        list(pull(at))


def test_a_value_in_a_failing_row_is_shown_nowhere(postgresql: Server, engine: sa.Engine) -> None:
    run(
        engine,
        "CREATE OR REPLACE VIEW broken AS SELECT 1 AS id, ('planted-' || n)::int AS said FROM generate_series(7, 8) n",
    )
    with pytest.raises(PlatformGarbled) as garbled:
        list(pull(connector(postgresql, {"table": "broken"})))
    assert "22P02" in str(garbled.value)
    assert "planted" not in str(garbled.value)


def test_nothing_can_be_written(postgresql: Server, engine: sa.Engine, numbered: str) -> None:
    run(
        engine,
        "CREATE OR REPLACE FUNCTION writes() RETURNS int LANGUAGE sql AS"
        " 'INSERT INTO numbered VALUES (9999) RETURNING id'",
        "CREATE OR REPLACE VIEW writing AS SELECT 1 AS id, writes() AS said",
    )
    with pytest.raises(PlatformRefused, match="would write"):
        list(pull(connector(postgresql, {"table": "writing"})))


def test_a_pull_keeps_to_its_number_of_questions(postgresql: Server, numbered: str) -> None:
    at = connector(postgresql, {"table": numbered, "page_size": 100}, limits={"requests": 7})
    came, resume = [], Resume()
    for _ in range(10):
        try:
            for page in pull(at, resume):
                came.append(page)
                resume = Resume(None, page.resume)
        except PlatformBusy:
            continue
        break
    assert ids(came) == list(range(1, 1001))


def test_a_page_larger_than_its_limit_is_refused(postgresql: Server, numbered: str) -> None:
    with pytest.raises(PlatformGarbled, match=r"lower endpoint\.page_size"):
        list(pull(connector(postgresql, {"table": numbered}, limits={"answer_bytes": 2000})))


def test_pulls_beside_a_busy_writer_get_every_row_once_all_windows_are_read(
    postgresql: Server, engine: sa.Engine
) -> None:
    """A writer inserts with the time at which it began, and commits late; `lateness` reads that much again."""
    run(
        engine,
        "DROP TABLE IF EXISTS busy",
        "CREATE TABLE busy (id bigserial PRIMARY KEY, changed timestamptz NOT NULL)",
    )
    committed: list[int] = []

    def write(number: int) -> None:
        with engine.execution_options(isolation_level="READ COMMITTED").connect() as own:
            for _ in range(100):
                found = own.exec_driver_sql(
                    "INSERT INTO busy (changed) SELECT clock_timestamp() FROM generate_series(1, 20) RETURNING id"
                )
                given = [row[0] for row in found]
                time.sleep(0.01 + 0.01 * number)  # begun, and not committed yet
                own.commit()
                committed.extend(given)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for writer in writers:
        writer.start()
    at = connector(
        postgresql,
        {"table": "busy", "page_size": 500},
        {"incremental": {"cursor_path": "changed", "form": "iso", "since": "P1D", "lateness": "PT1S"}},
    )
    came: set[int] = set()
    resume = Resume()
    is_over = False
    while not is_over:
        is_over = not any(writer.is_alive() for writer in writers)
        for page in pull(at, resume, now=datetime.now(UTC) + timedelta(seconds=1)):
            came |= set(ids([page]))
            resume = Resume(page.cursor, page.resume)
    assert came == set(committed) == set(range(1, 6001))


def test_state_and_address_hold_no_more_than_they_need(postgresql: Server, numbered: str) -> None:
    at = connector(postgresql, {"table": numbered, "page_size": 300}, {"incremental": CHANGED})
    page = next(pull(at))
    kept = json.loads(page.resume or "")
    assert kept["position"]["progress"]["after"] == ["2026-03-18 00:02:30+00", "300"]
    assert "planted" not in f"{page.url}{page.resume}"


def test_a_declared_authority_is_the_only_one_trusted(postgresql: Server, engine: sa.Engine) -> None:
    run(
        engine,
        "CREATE OR REPLACE VIEW tls AS SELECT 1 AS id, ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    )
    own = Certificate("gateway", postgresql.authority)
    secrets = {**SECRETS, "own_certificate": own.pem, "own_key": own.key}
    shown = {"certificate": "own_certificate", "key": "own_key"}
    trusted = connector(postgresql, {"table": "tls"}, tls={**shown, "authority": postgresql.authority.pem})
    assert rows(list(pull(trusted, secrets=secrets))) == [{"id": 1, "ssl": True, "client_dn": "/CN=gateway"}]
    other = connector(postgresql, {"table": "tls"}, tls={"authority": Certificate("other").pem})
    with pytest.raises(PlatformRefused, match="no trusted connection"):
        list(pull(other))
    usual = connector(postgresql, {"table": "tls"}, tls=shown)
    with pytest.raises(PlatformRefused, match="no trusted connection"):
        list(pull(usual, secrets=secrets))
