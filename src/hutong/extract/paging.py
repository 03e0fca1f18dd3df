"""Ways through an answer that comes in pieces, and whether all of it came.

Each pager asks, yields a `Step` per answer, and says in `Step.state` where to go on after it. A state that another
paginator left (the connector was changed in between) begins the same window anew.

What a pull can prove: that the platform's own count stood still through the whole walk and equals what came, and that
no page came twice. Where that is not so, the step says why (`model.batch.Doubt`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, assert_never

from hutong.extract.answer import Answer
from hutong.extract.transport import State, Step
from hutong.extract.window import Window
from hutong.model.batch import Completeness, Doubt
from hutong.model.connector import Stream
from hutong.model.paginator import Cursor, HeaderLink, JsonLink, Offset, PageNumber, Paginator, SinglePage, WindowSplit

MOST_EMPTY_PAGES = 20
"""Empty pages in a row, each promising more, after which a walk gives up."""

DEFINITE: frozenset[Doubt] = frozenset(
    {"total_differs", "total_moved", "repeated_page", "repeated_link", "empty_pages", "gap", "window_full"}
)
"""Doubts that make a pull incomplete; the others leave it unproven."""

Paged = PageNumber | Offset | Cursor | JsonLink | HeaderLink


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


def pages_of(stream: Stream, platform: Askable, window: Window | None, state: State) -> Iterator[Step]:
    """All pages of `window` from `state` on, asked for in windows of `incremental.step`; oldest first."""
    longest = stream.window_by.step if stream.window_by else None
    parts = [window] if window is None or longest is None else list(window.cut(longest))
    step_s = longest.total_seconds() if longest else None
    # Part 3 of another step begins elsewhere.
    known = "part" in state and state.get("step_s") == step_s
    at, doubt, inner = (state["part"], state["doubt"], state["within"]) if known else (0, None, {})
    for number in range(at, len(parts)):
        for step in walk(stream.paginator, platform, parts[number], inner):
            if step.state is not None:
                onward: State | None = {"part": number, "step_s": step_s, "within": step.state, "doubt": doubt}
                yield Step(step.reply, step.records, onward, "unproven", step.doubt)
                continue
            doubt = _worse(doubt, step.doubt)
            is_last = number == len(parts) - 1
            onward = None if is_last else {"part": number + 1, "step_s": step_s, "within": {}, "doubt": doubt}
            yield Step(step.reply, step.records, onward, _completeness(doubt) if is_last else "unproven", doubt)
        inner = {}


def walk(paginator: Paginator, platform: Askable, window: Window | None, state: State) -> Iterator[Step]:
    """All pages of one window from `state` on (empty: from the first)."""
    match paginator:
        case SinglePage():
            answer = platform.ask(window, {})
            yield _last(answer, _Tally.begun({}).end_of_one(answer))
        case WindowSplit():
            assert window is not None  # the registry refuses such a stream
            yield from by_halves(paginator, platform, window, state)
        case PageNumber() | Offset():
            yield from by_number(paginator, platform, window, state)
        case Cursor() | JsonLink() | HeaderLink():
            yield from by_lead(paginator, platform, window, state)
        case _:
            assert_never(paginator)


def by_number(paginator: PageNumber | Offset, platform: Askable, window: Window | None, state: State) -> Iterator[Step]:
    """Pages that are counted, up to the stated total.

    Without a total: up to the page of which the platform says that it is the last; without such a flag, up to the
    first that is empty or smaller than one before it. A first page that is not full proves nothing: platforms cap
    sizes in silence.
    """
    first = paginator.base_page if isinstance(paginator, PageNumber) else 0
    way = [paginator.type, paginator.page_size, first]
    known = state.get("way") == way  # page 4 of another size, or offset 4, begins elsewhere
    position, tally = (state["at"], _Tally.begun(state)) if known else (first, _Tally.begun({}))
    param = paginator.page_param if isinstance(paginator, PageNumber) else paginator.offset_param
    while True:
        answer = platform.ask(window, {param: position, **_size(paginator)})
        tally.add(answer)
        is_over, doubt = tally.end_by_number(answer, position, paginator.page_size)
        if is_over:
            yield _last(answer, doubt)
            return
        position += 1 if isinstance(paginator, PageNumber) else len(answer.items)
        yield _onward(answer, {"at": position, "way": way, **tally.to_json()})


def by_lead(
    paginator: Cursor | JsonLink | HeaderLink, platform: Askable, window: Window | None, state: State
) -> Iterator[Step]:
    """Pages each of which leads to the next, by link or by token, until one leads nowhere or back."""
    known = state.get("way") == paginator.type
    lead, tally = (state["lead"], _Tally.begun(state)) if known else (None, _Tally.begun({}))
    followed = {hash(lead)}
    while True:
        if isinstance(paginator, Cursor):
            answer = platform.ask(window, {**_size(paginator), **({paginator.cursor_param: lead} if lead else {})})
            lead = answer.next
        else:
            answer = platform.follow(lead) if lead else platform.ask(window, _size(paginator))
            lead = platform.onward(answer)
        tally.add(answer)
        is_over, doubt = tally.end_by_lead(answer, lead, hash(lead) in followed, paginator.page_size)
        if is_over:
            yield _last(answer, doubt)
            return
        followed.add(hash(lead))
        yield _onward(answer, {"lead": lead, "way": paginator.type, **tally.to_json()})


def by_halves(paginator: WindowSplit, platform: Askable, window: Window, state: State) -> Iterator[Step]:
    """The window, cut in halves for as long as an answer is full; oldest first.

    An answer whose window is cut is no page: all it holds comes again with its halves.
    """
    known = "pending" in state
    pending = [Window.of(stated, window.step) for stated in state["pending"]] if known else [window]
    doubt: Doubt | None = state.get("full")
    while pending:
        asked = pending.pop(0)
        answer = platform.ask(asked, {})
        is_full = len(answer.items) >= paginator.cap
        length = asked.end - asked.start
        if is_full and length > paginator.least and length >= 2 * asked.step:
            pending[:0] = asked.halves()
            continue
        doubt = _worse(doubt, "window_full" if is_full else answer.doubt)
        if pending:
            yield _onward(answer, {"pending": [rest.to_json() for rest in pending], "full": doubt})
        else:
            yield _last(answer, doubt)


@dataclass
class _Tally:
    """What a walk has seen so far: how many items, the first stated total, the page before."""

    received: int = 0
    total: int | None = None
    before: str | None = None
    most: int = 0
    empties: int = 0
    pages: int = 0
    doubt: Doubt | None = None
    page: list[dict[str, Any]] = field(default_factory=list)
    repeats: bool = False

    @classmethod
    def begun(cls, state: State) -> _Tally:
        kept = ("received", "total", "before", "most", "empties", "pages", "doubt")
        return cls(**{name: state[name] for name in kept if name in state})

    def to_json(self) -> dict[str, Any]:
        return {
            "received": self.received,
            "total": self.total,
            "before": self.before,
            "most": self.most,
            "empties": self.empties,
            "pages": self.pages,
            "doubt": self.doubt,
        }

    def add(self, answer: Answer) -> None:
        same = answer.items == self.page if self.page else answer.digest == self.before
        self.repeats = bool(answer.items) and same
        if answer.total is not None:
            if self.total is not None and answer.total != self.total:
                self.doubt = _worse(self.doubt, "total_moved")
            self.total = answer.total
        if answer.items and not self.repeats and self._overlaps(answer.items):
            self.doubt = _worse(self.doubt, "repeated_records")
        self.doubt = _worse(self.doubt, answer.doubt)
        self.pages += 1
        self.received += len(answer.items)
        self.empties = 0 if answer.items else self.empties + 1
        self.before, self.page = answer.digest, answer.items

    def _overlaps(self, items: list[dict[str, Any]]) -> bool:
        """Whether some of `items` were on the page before.

        What was inserted meanwhile pushes the end of one page to the beginning of the next; a database that is asked
        for pages without an order repeats records anywhere, and leaves others out. Three looks for each page are enough
        to meet that in a walk of some length, and cost next to nothing.
        """
        return any(items[at] in self.page for at in (0, len(items) // 2, -1))

    def end_of_one(self, answer: Answer) -> Doubt | None:
        """What speaks against an answer that is all there is."""
        self.add(answer)
        if self.total is None:
            # Platforms that page by default give a round number and say nothing.
            is_round = len(answer.items) > 0 and len(answer.items) % 50 == 0
            return _worse(self.doubt, "page_full" if is_round else "no_total")
        return self._against_total()

    def end_by_number(self, answer: Answer, position: int, page_size: int) -> tuple[bool, Doubt | None]:
        """Whether the walk ends with `answer`, which was asked for at `position`, and what speaks against it."""
        if answer.position is not None and answer.position != position:
            return True, _worse(self.doubt, "gap")
        # Before the total: a platform that ignores the page number would reach its total by repeating one page.
        if self.repeats:
            # One that knows no pages and sends few records has sent them all.
            is_all = self.total is None and self.pages == 2 and len(answer.items) < page_size
            return True, _worse(self.doubt, "no_total" if is_all else "repeated_page")
        if self.total is not None:
            is_over = self.received >= self.total or not answer.items
            # Some platforms give the number of records on a page for the number of all.
            is_page = self.pages == 1 and self.total == len(answer.items) == page_size
            return is_over, _worse(self._against_total(), "page_full" if is_page else None)
        if answer.has_more is not None:
            if answer.has_more and self.empties >= MOST_EMPTY_PAGES:
                return True, _worse(self.doubt, "empty_pages")
            return not answer.has_more, _worse(self.doubt, "no_total")
        is_short = len(answer.items) < self.most
        self.most = max(self.most, len(answer.items))
        return not answer.items or is_short, _worse(self.doubt, "no_total")

    def end_by_lead(
        self, answer: Answer, lead: str | None, was_followed: bool, page_size: int
    ) -> tuple[bool, Doubt | None]:
        """Whether the walk ends with `answer`, which leads to `lead`, and what speaks against it."""
        if self.repeats:
            return True, _worse(self.doubt, "repeated_page")
        if lead is not None and answer.has_more is not False:
            if was_followed:
                return True, _worse(self.doubt, "repeated_link")
            if not answer.items and self.total is not None and self.received == self.total:
                return True, self.doubt
            return self.empties >= MOST_EMPTY_PAGES, _worse(self.doubt, "empty_pages")
        if self.total is not None:
            return True, self._against_total()
        return True, _worse(self.doubt, "page_full" if len(answer.items) == page_size else "no_total")

    def _against_total(self) -> Doubt | None:
        return self.doubt if self.received == self.total else _worse("total_differs", self.doubt)


def _worse(one: Doubt | None, other: Doubt | None) -> Doubt | None:
    """The one that says more: a definite doubt before others, the earlier before the later."""
    if one is None or other is None:
        return one or other
    return other if other in DEFINITE and one not in DEFINITE else one


def _completeness(doubt: Doubt | None) -> Completeness:
    return "proven" if doubt is None else "incomplete" if doubt in DEFINITE else "unproven"


def _size(paginator: Paged) -> dict[str, str | int]:
    return {} if paginator.page_size_param is None else {paginator.page_size_param: paginator.page_size}


def _onward(answer: Answer, state: State) -> Step:
    return Step(answer.reply, answer.records, state, "unproven")


def _last(answer: Answer, doubt: Doubt | None) -> Step:
    return Step(answer.reply, answer.records, None, _completeness(doubt), doubt)
