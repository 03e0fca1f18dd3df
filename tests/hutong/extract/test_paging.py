"""Walks through pages: nothing skipped, no walk without an end, and an honest word on whether all came."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hutong.errors import PlatformRefused

from .speaking import INCREMENTAL, NUMBERED, Asked, Says, connector, numbered, numbers, pull, rows, says, speaking


def test_pages_by_number_end_at_the_stated_total() -> None:
    with speaking(numbered(rows(25), total=25)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert numbers(pages) == list(range(25))
    assert [page.records for page in pages] == [10, 10, 5]
    assert [page.completeness for page in pages] == ["unproven", "unproven", "proven"]
    assert [page.resume is None for page in pages] == [False, False, True]
    assert [asked.query["page"] for asked in server.asked] == ["1", "2", "3"]


def test_a_total_that_is_a_multiple_of_the_size_needs_no_empty_page() -> None:
    with speaking(numbered(rows(20), total=20)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert (len(server.asked), pages[-1].completeness) == (2, "proven")


def test_a_silent_cap_of_the_page_size_loses_nothing() -> None:
    with speaking(numbered(rows(25), cap=4, total=25)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert numbers(pages) == list(range(25))
    assert pages[-1].completeness == "proven"


def test_without_a_total_the_walk_ends_at_a_short_page_unproven() -> None:
    with speaking(numbered(rows(25))) as server:
        pages = list(pull(connector(server.address, {"paginator": {"type": "page_number", "page_size": 10}})))
    assert numbers(pages) == list(range(25))
    assert (len(server.asked), pages[-1].completeness) == (3, "unproven")


def test_without_a_total_an_empty_page_ends_the_walk() -> None:
    with speaking(numbered(rows(20))) as server:
        pages = list(pull(connector(server.address, {"paginator": {"type": "page_number", "page_size": 10}})))
    assert [page.records for page in pages] == [10, 10, 0]
    assert pages[-1].resume is None


def test_fewer_items_than_the_total_is_incomplete() -> None:
    with speaking(numbered(rows(25), total=40)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert pages[-1].completeness == "incomplete"
    assert numbers(pages) == list(range(25))


def test_more_items_than_the_total_is_incomplete() -> None:
    with speaking(numbered(rows(25), total=12)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert pages[-1].completeness == "incomplete"


@pytest.mark.parametrize("stated", [None, -1, "unknown", True])
def test_a_total_that_says_nothing_proves_nothing(stated: Any) -> None:
    with speaking(lambda asked: says({"rows": rows(3), "total": stated})) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert (pages[-1].completeness, pages[-1].doubt) == ("unproven", "no_total")


def test_an_empty_answer_with_total_zero_is_proven() -> None:
    with speaking(numbered([], total=0)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert [(page.records, page.completeness, page.resume) for page in pages] == [(0, "proven", None)]


def test_a_repeated_page_ends_the_walk_as_incomplete_even_when_it_fills_the_total() -> None:
    with speaking(lambda asked: says({"rows": rows(10), "total": 20, "served": str(asked.query)})) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED})))
    assert [page.completeness for page in pages] == ["unproven", "incomplete"]
    assert len(server.asked) == 2


def test_a_repeated_page_is_known_after_a_crash_too() -> None:
    with speaking(lambda asked: says({"rows": rows(10), "total": 90})) as server:
        at = connector(server.address, {"paginator": NUMBERED})
        first = next(pull(at))
        pages = list(pull(at, position=first.resume))
    assert [page.completeness for page in pages] == ["incomplete"]


def test_items_that_hold_several_records_are_what_is_counted() -> None:
    def dialect(asked: Asked) -> Says:
        begin = (int(asked.query["page"]) - 1) * 2
        envelopes = [{"no": no, "parts": [{"a": 1}, {"a": 2}, {"a": 3}]} for no in range(5)]
        return says({"count": 5, "data": envelopes[begin : begin + 2]})

    paging = {"type": "page_number", "page_size": 2, "page_size_param": "size", "total_path": "count", "items": "data"}
    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, {"data_selector": "data[].parts", "paginator": paging})))
    assert ([page.records for page in pages], pages[-1].completeness) == ([6, 6, 3], "proven")


def linked(count: int, *, matched: int | None = None, relative: bool = False, last: str | None = None) -> Any:
    """Pages of ten by `next` links; the last page's link may be given."""

    def dialect(asked: Asked) -> Says:
        begin, host = int(asked.query.get("offset", "0")), asked.headers["Host"]
        onward = f"?limit=10&offset={begin + 10}" if relative else f"http://{host}/things?limit=10&offset={begin + 10}"
        link = onward if begin + 10 < count else last
        answer = {"rows": rows(count)[begin : begin + 10], "links": [{"rel": "self", "href": "/things"}]}
        if link:
            answer["links"].append({"rel": "next", "href": link.replace("HOST", host)})
        return says(answer | ({} if matched is None else {"numberMatched": matched}))

    return dialect


LINKED = {"type": "json_link", "page_size": 10, "total_path": "numberMatched"}


@pytest.mark.parametrize("relative", [False, True])
def test_links_are_followed_to_their_end(relative: bool) -> None:
    with speaking(linked(25, matched=25, relative=relative)) as server:
        pages = list(pull(connector(server.address, {"paginator": LINKED})))
    assert numbers(pages) == list(range(25))
    assert [page.completeness for page in pages] == ["unproven", "unproven", "proven"]


@pytest.mark.parametrize(("matched", "verdict"), [(None, "unproven"), (26, "incomplete")])
def test_the_end_of_links_proves_nothing_by_itself(matched: int | None, verdict: str) -> None:
    with speaking(linked(25, matched=matched)) as server:
        pages = list(pull(connector(server.address, {"paginator": LINKED})))
    assert pages[-1].completeness == verdict


def test_a_link_to_another_host_is_refused_and_not_asked() -> None:
    with (
        speaking(linked(5)) as other,
        speaking(linked(5, last=other.address + "/things?token=x")) as server,
        pytest.raises(PlatformRefused, match="another host") as refused,
    ):
        list(pull(connector(server.address, {"paginator": LINKED})))
    assert other.asked == []
    assert "token" not in str(refused.value)


def test_links_in_a_circle_end_as_incomplete() -> None:
    with speaking(linked(25, last="http://HOST/things?limit=10&offset=10")) as server:
        pages = list(pull(connector(server.address, {"paginator": LINKED})))
    assert pages[-1].completeness == "incomplete"
    assert len(server.asked) == 3


def test_empty_pages_that_lead_in_a_circle_end_as_incomplete() -> None:
    with speaking(lambda asked: says({"rows": [], "links": [{"rel": "next", "href": "?offset=1"}]})) as server:
        pages = list(pull(connector(server.address, {"paginator": LINKED})))
    assert [page.completeness for page in pages] == ["unproven", "incomplete"]
    assert pages[-1].doubt == "repeated_link"


def test_a_pull_along_links_goes_on_at_another_port() -> None:
    with speaking(linked(25, matched=25)) as server:
        first = next(pull(connector(server.address, {"paginator": LINKED})))
    with speaking(linked(25, matched=25)) as moved:
        rest = list(pull(connector(moved.address, {"paginator": LINKED}), position=first.resume))
    assert numbers(rest) == list(range(10, 25))
    assert rest[-1].completeness == "proven"


def test_resuming_after_the_third_page_asks_only_for_later_ones() -> None:
    with speaking(numbered(rows(55), total=55)) as server:
        at = connector(server.address, {"paginator": NUMBERED, "incremental": INCREMENTAL})
        walk = pull(at)
        kept = [next(walk) for _ in range(3)]
        walk.close()
        asked_before = len(server.asked)
        rest = list(pull(at, cursor=kept[-1].cursor, position=kept[-1].resume))
    assert numbers(kept + rest) == list(range(55))
    assert [asked.query["page"] for asked in server.asked[asked_before:]] == ["4", "5", "6"]
    assert len({(asked.query["from"], asked.query["to"]) for asked in server.asked}) == 1
    assert rest[-1].completeness == "proven"


def test_another_page_size_begins_the_same_window_anew() -> None:
    with speaking(numbered(rows(25), total=25)) as server:
        first = next(pull(connector(server.address, {"paginator": NUMBERED, "incremental": INCREMENTAL})))
        smaller = connector(server.address, {"paginator": NUMBERED | {"page_size": 5}, "incremental": INCREMENTAL})
        pages = list(pull(smaller, cursor="2026-03-18 08:30:00", position=first.resume))
    assert numbers(pages) == list(range(25))
    assert len({asked.query["from"] for asked in server.asked}) == 1


def test_nothing_is_asked_before_it_is_wanted_and_nothing_ahead() -> None:
    with speaking(numbered(rows(25), total=25)) as server:
        walk = pull(connector(server.address, {"paginator": NUMBERED}))
        assert server.asked == []
        next(walk)
        assert len(server.asked) == 1


def windowed(all_rows: list[dict[str, Any]], cap: int) -> Any:
    """Answers with the newest `cap` rows of a window, and drops the others in silence."""

    def dialect(asked: Asked) -> Says:
        met = [row for row in all_rows if asked.query["from"] <= row["at"] < asked.query["to"]]
        return says({"rows": met[-cap:]})

    return dialect


SPLIT = {"type": "window_split", "cap": 10, "least": "PT1S"}


def test_a_full_window_is_cut_until_nothing_is_dropped_oldest_first() -> None:
    with speaking(windowed(rows(80), 10)) as server:
        pages = list(pull(connector(server.address, {"paginator": SPLIT, "incremental": INCREMENTAL})))
    assert numbers(pages) == list(range(80))
    assert pages[-1].completeness == "proven"
    assert all(page.records < 10 for page in pages)
    assert {page.completeness for page in pages[:-1]} == {"unproven"}


def test_a_cut_window_goes_on_where_it_stopped() -> None:
    with speaking(windowed(rows(80), 10)) as server:
        at = connector(server.address, {"paginator": SPLIT, "incremental": INCREMENTAL})
        walk = pull(at)
        kept = [next(walk) for _ in range(3)]
        walk.close()
        before = len(server.asked)
        rest = list(pull(at, cursor=kept[-1].cursor, position=kept[-1].resume))
    assert numbers(kept + rest) == list(range(80))
    last = max(row["at"] for row in json.loads(kept[-1].body)["rows"])
    assert all(asked.query["from"] > last for asked in server.asked[before:])


def test_a_window_that_is_full_at_its_shortest_is_incomplete() -> None:
    crowd = [{"no": no, "at": "2026-03-18 07:30:00"} for no in range(15)]
    with speaking(windowed(crowd + rows(5), 10)) as server:
        pages = list(pull(connector(server.address, {"paginator": SPLIT, "incremental": INCREMENTAL})))
    assert pages[-1].completeness == "incomplete"
    assert sum(page.records for page in pages) == 15


def test_one_page_is_unproven() -> None:
    with speaking(lambda asked: says({"rows": rows(3)})) as server:
        pages = list(pull(connector(server.address)))
    assert [(page.records, page.completeness, page.resume) for page in pages] == [(3, "unproven", None)]
