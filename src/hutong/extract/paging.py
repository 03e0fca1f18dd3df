"""Ways through an answer that comes in pieces, and whether all of it came.

Each pager asks, yields a `Step` per answer, and says in `Step.state` where to go on after it: plain data for JSON,
given back after a crash. A state of another pager (the connector was changed in between) begins the same window anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hutong.extract.answer import Answer
from hutong.extract.window import Window
from hutong.model.batch import Completeness
from hutong.model.connector import NextLink, OnePage, PageNumber, Paging, WindowSplit

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """An answer, where to go on after it (None: it was the last), and whether all is there by now."""

    answer: Answer
    state: State | None
    completeness: Completeness


class Askable(Protocol):
    """What a pager needs of a platform."""

    def ask(self, window: Window | None, params: Mapping[str, str | int]) -> Answer:
        """Ask for `window` with the pager's own parameters."""
        ...

    def follow(self, link: str) -> Answer:
        """Ask for what `link` leads to, on the same host."""
        ...

    def onward(self, answer: Answer) -> str | None:
        """The next link of `answer` as path and query, without credentials; None when there is none."""
        ...


def walk(paging: Paging, platform: Askable, window: Window | None, state: State) -> Iterator[Step]:
    """All pages of `window` from `state` on (empty: from the first)."""
    match paging:
        case PageNumber():
            yield from by_number(paging, platform, window, state)
        case NextLink():
            yield from by_link(paging, platform, window, state)
        case WindowSplit():
            assert window is not None  # the stage refuses such a stream
            yield from by_halves(paging, platform, window, state)
        case OnePage():
            yield Step(platform.ask(window, {}), None, "unproven")


def by_number(paging: PageNumber, platform: Askable, window: Window | None, state: State) -> Iterator[Step]:
    """Pages 1, 2, 3... up to the stated total; without one, up to the first that is not full or that is empty."""
    known = state.get("size") == paging.size  # page 4 of another size begins elsewhere
    number, received, before = (state["page"], state["received"], state["before"]) if known else (1, 0, None)
    while True:
        answer = platform.ask(window, {paging.param: number, paging.size_param: paging.size})
        received += answer.items
        end = _end(answer, received, before, paging.size)
        if end:
            yield Step(answer, None, end)
            return
        number, before = number + 1, answer.digest
        yield Step(answer, {"page": number, "received": received, "before": before, "size": paging.size}, "unproven")


def _end(answer: Answer, received: int, before: str | None, size: int) -> Completeness | None:
    """How complete the walk is with this answer, if it ends here."""
    # First of all: a platform that ignores the page number would reach its total by repeating one page.
    if answer.items and answer.digest == before:
        return "incomplete"
    if answer.total is None:
        return "unproven" if answer.items < size else None
    if received == answer.total:
        return "proven"
    # A short page does not end it: the platform may cap pages in silence.
    return "incomplete" if answer.items == 0 or received > answer.total else None


def by_link(paging: NextLink, platform: Askable, window: Window | None, state: State) -> Iterator[Step]:
    """Links from page to page until there is none; a link that was followed before ends it too."""
    known = "next" in state
    link, received, before = (state["next"], state["received"], state["before"]) if known else (None, 0, None)
    followed = {link}
    while True:
        answer = platform.follow(link) if link else platform.ask(window, {paging.size_param: paging.size})
        received += answer.items
        link = platform.onward(answer)
        repeats = bool(answer.items) and answer.digest == before
        if link is None or link in followed or repeats or answer.items == 0:
            if repeats or answer.total is None:
                yield Step(answer, None, "incomplete" if repeats or link else "unproven")
            else:
                yield Step(answer, None, "proven" if answer.total == received else "incomplete")
            return
        followed.add(link)
        before = answer.digest
        yield Step(answer, {"next": link, "received": received, "before": before}, "unproven")


def by_halves(paging: WindowSplit, platform: Askable, window: Window, state: State) -> Iterator[Step]:
    """The window, cut in halves for as long as an answer is full; oldest first.

    An answer whose window is cut is no page: all it holds comes again with its halves.
    """
    known = "pending" in state
    pending = [Window.of(stated, window.step) for stated in state["pending"]] if known else [window]
    is_full = bool(state.get("is_full"))
    while pending:
        asked = pending.pop(0)
        answer = platform.ask(asked, {})
        full = answer.items >= paging.cap
        length = asked.end - asked.start
        if full and length > paging.least and length >= 2 * asked.step:
            pending[:0] = asked.halves()
            continue
        is_full = is_full or full
        left = {"pending": [rest.to_json() for rest in pending], "is_full": is_full}
        end: Completeness = "incomplete" if is_full else "proven"
        yield Step(answer, left if pending else None, "unproven" if pending else end)
