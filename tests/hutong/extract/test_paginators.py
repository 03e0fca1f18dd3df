"""Every paginator walks to the end, says when all came, and goes on where it stopped."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from hutong.extract.window import opening
from hutong.model.batch import Page
from hutong.model.incremental import Incremental

from .speaking import INCREMENTAL, NOW, Asked, Dialect, Says, connector, numbers, pull, rows, says, speaking

OFFSET = {"type": "offset", "page_size": 10, "total_path": "total"}
CURSOR = {"type": "cursor", "page_size": 10, "cursor_path": "meta.next", "cursor_param": "after"}
HEADER = {"type": "header_link", "page_size": 10}


def by_offset(count: int, *, cap: int = 10, **more: Any) -> Dialect:
    def dialect(asked: Asked) -> Says:
        begin = int(asked.query["offset"])
        return says({"rows": rows(count)[begin : begin + min(cap, int(asked.query["limit"]))], **more})

    return dialect


def by_cursor(count: int, **more: Any) -> Dialect:
    def dialect(asked: Asked) -> Says:
        begin = int(asked.query.get("after", 0))
        token = begin + 10 if begin + 10 < count else None
        return says({"rows": rows(count)[begin : begin + 10], "meta": {"next": token}, **more})

    return dialect


def by_header(count: int) -> Dialect:
    def dialect(asked: Asked) -> Says:
        begin = int(asked.query.get("begin", 0))
        link = {"Link": f'</things?begin={begin + 10}>; rel="next", </things>; rel="first"'}
        return says({"rows": rows(count)[begin : begin + 10]}, **(link if begin + 10 < count else {}))

    return dialect


def ended(pages: list[Page]) -> tuple[str, str | None]:
    return pages[-1].completeness, pages[-1].doubt


@pytest.mark.parametrize(
    ("paginator", "dialect", "end"),
    [
        pytest.param(OFFSET, by_offset(25, total=25), ("proven", None), id="offset"),
        pytest.param(OFFSET, by_offset(25, cap=4, total=25), ("proven", None), id="offset_capped_in_silence"),
        pytest.param(OFFSET, by_offset(25), ("unproven", "no_total"), id="offset_without_a_total"),
        pytest.param(CURSOR, by_cursor(25), ("unproven", "no_total"), id="cursor"),
        pytest.param(CURSOR | {"total_path": "n"}, by_cursor(25, n=25), ("proven", None), id="cursor_with_a_total"),
        pytest.param(CURSOR, by_cursor(20), ("unproven", "page_full"), id="cursor_that_ends_with_a_full_page"),
        pytest.param(HEADER, by_header(25), ("unproven", "no_total"), id="header_link"),
    ],
)
def test_a_walk_brings_every_record_once_and_goes_on_where_it_stopped(
    paginator: dict[str, Any], dialect: Dialect, end: tuple[str, str | None]
) -> None:
    with speaking(dialect) as server:
        at = connector(server.address, {"paginator": paginator})
        whole = list(pull(at))
        rest = list(pull(at, position=whole[0].resume))
    count = len(numbers(whole))
    assert numbers(whole) == list(range(count))
    assert count in (20, 25)
    assert ended(whole) == end
    assert (numbers(rest), ended(rest)) == (numbers(whole[1:]), end)


def test_a_flag_that_says_there_is_more_decides_without_a_total() -> None:
    def dialect(asked: Asked) -> Says:
        page = int(asked.query["page"])
        # The middle page is short: the flag counts, not the size.
        return says({"rows": rows([10, 3, 10][page], page * 10), "more": page < 2})

    paginator = {"type": "page_number", "page_size": 10, "base_page": 0, "has_more_path": "more"}
    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, {"paginator": paginator})))
    assert [page.records for page in pages] == [10, 3, 10]
    assert ended(pages) == ("unproven", "no_total")


def test_a_flag_that_promises_for_ever_ends_as_incomplete() -> None:
    paginator = {"type": "page_number", "page_size": 10, "has_more_path": "more"}
    with speaking(lambda asked: says({"rows": [], "more": True})) as server:
        pages = list(pull(connector(server.address, {"paginator": paginator})))
    assert ended(pages) == ("incomplete", "empty_pages")
    assert len(server.asked) == 20


def test_a_platform_that_gives_another_page_than_was_asked_for_leaves_a_gap() -> None:
    def dialect(asked: Asked) -> Says:
        page = min(int(asked.query["page"]), 2)  # it clamps, as some do
        return says({"rows": rows(10, page * 10), "page": page, "total": 40})

    paginator = {"type": "page_number", "page_size": 10, "number_path": "page", "total_path": "total"}
    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, {"paginator": paginator})))
    assert ended(pages) == ("incomplete", "gap")


def test_a_total_that_moves_during_the_pull_proves_nothing_though_it_is_met() -> None:
    def dialect(asked: Asked) -> Says:
        page = int(asked.query["page"])
        # A record of page 1 was deleted: number 10 moved there behind our back.
        left = rows(20) if page == 1 else [row for row in rows(20) if row["no"] != 4]
        return says({"rows": left[(page - 1) * 10 : page * 10], "total": len(left)})

    paginator = {"type": "page_number", "page_size": 10, "total_path": "total"}
    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, {"paginator": paginator})))
    assert 10 not in numbers(pages)
    assert ended(pages) == ("incomplete", "total_moved")


def test_a_record_on_two_pages_proves_nothing() -> None:
    def dialect(asked: Asked) -> Says:
        page = int(asked.query["page"])
        return says({"rows": rows(10) if page == 1 else rows(10, 9), "total": 20})

    paginator = {"type": "page_number", "page_size": 10, "total_path": "total"}
    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, {"paginator": paginator})))
    assert ended(pages) == ("unproven", "repeated_records")


@pytest.mark.parametrize(("count", "doubt"), [(7, "no_total"), (100, "page_full")])
def test_a_single_page_of_a_round_number_of_records_is_suspicious(count: int, doubt: str) -> None:
    with speaking(lambda asked: says({"rows": rows(count)})) as server:
        pages = list(pull(connector(server.address)))
    assert ended(pages) == ("unproven", doubt)


def test_a_single_page_with_its_total_is_proven() -> None:
    with speaking(lambda asked: says({"rows": rows(100), "total": "100"})) as server:
        pages = list(pull(connector(server.address, {"paginator": {"type": "single_page", "total_path": "total"}})))
    assert ended(pages) == ("proven", None)


def test_a_window_is_asked_for_in_steps_and_a_step_that_is_doubtful_makes_the_pull_so() -> None:
    def dialect(asked: Asked) -> Says:
        hour = int(asked.query["from"][11:13])
        return says({"rows": rows(3), "total": 4 if hour == 7 else 3})

    stream = {
        "paginator": {"type": "single_page", "total_path": "total"},
        "incremental": INCREMENTAL | {"since": "PT3H", "step": "PT1H"},
    }
    with speaking(dialect) as server:
        at = connector(server.address, stream)
        pages = list(pull(at))
        rest = list(pull(at, position=pages[1].resume))
    bounds = [(asked.query["from"], asked.query["to"]) for asked in server.asked[:4]]
    # Each begins where the one before ended, and the last, of a second, ends now.
    assert [end for _, end in bounds[:-1]] == [start for start, _ in bounds[1:]]
    assert (len(pages), bounds[0][0], bounds[-1][1]) == (4, "2026-03-18 05:30:00", "2026-03-18 08:30:01")
    assert ended(pages) == ("incomplete", "total_differs")
    assert (len(rest), ended(rest)) == (2, ("incomplete", "total_differs"))


def test_pages_and_windows_of_a_post_go_into_its_body() -> None:
    def dialect(asked: Asked) -> Says:
        sent = json.loads(asked.body)
        begin = (sent["page"]["no"] - 1) * sent["page"]["size"]
        return says({"rows": rows(15)[begin : begin + sent["page"]["size"]], "total": 15})

    stream = {
        "endpoint": {"path": "/things", "method": "POST", "params": {"v": 2}, "json": {"city": "{city}", "page": {}}},
        "paginator": {
            "type": "page_number", "page_param": "page.no", "page_size_param": "page.size", "page_size": 10,
            "total_path": "total",
        },
        "incremental": INCREMENTAL | {"start_param": "window.from", "end_param": "window.to"},
    }  # fmt: skip
    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, stream)))
    assert (numbers(pages), ended(pages)) == (list(range(15)), ("proven", None))
    sent = json.loads(server.asked[-1].body)
    assert (sent["city"], sent["page"]) == ("500000", {"no": 2, "size": 10})
    assert set(sent["window"]) == {"from", "to"}
    assert server.asked[-1].query == {"v": "2"}


@pytest.mark.parametrize(
    "changed", [{"incremental": INCREMENTAL | {"since": "PT3H", "step": "PT90M"}}, {"paginator": OFFSET}]
)
def test_a_place_that_another_declaration_left_is_not_taken_for_one_of_its_own(changed: dict[str, Any]) -> None:
    def dialect(asked: Asked) -> Says:
        begin = int(asked.query.get("offset", (int(asked.query.get("page", 1)) - 1) * 10))
        return says({"rows": rows(25)[begin : begin + 10], "total": 25})

    paginator = {"type": "page_number", "page_size": 10, "total_path": "total"}
    stream = {"paginator": paginator, "incremental": INCREMENTAL | {"since": "PT3H", "step": "PT1H"}}
    with speaking(dialect) as server:
        # Stopped in the second part, at its second page.
        left = list(pull(connector(server.address, stream)))[3]
        before = len(server.asked)
        list(pull(connector(server.address, stream | changed), position=left.resume))
    again = server.asked[before].query
    assert again["from"] == server.asked[0].query["from"] or "offset" in again
    assert again.get("offset", "0") == "0"
    assert again.get("page", "1") == "1"


def test_a_stated_stretch_is_asked_for_to_its_end_though_the_platform_needs_to_settle() -> None:
    declared = Incremental.model_validate(INCREMENTAL | {"settle": "PT10M"})
    end, start = NOW.replace(microsecond=0), NOW.replace(microsecond=0) - timedelta(hours=1)
    stated, live = opening(declared, None, end, start), opening(declared, None, end)
    assert stated is not None
    assert live is not None
    assert (stated.start, stated.end, live.end) == (start, end, end - timedelta(minutes=10))
