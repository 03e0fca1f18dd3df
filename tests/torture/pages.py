"""Pages that repeat, shift, run in circles, or never end."""

from __future__ import annotations

from hutong.errors import PlatformBusy
from tests.torture.faults import LINKED, NUMBERED, UNCOUNTED, Doubted, Exact, Fails, fault
from tests.torture.server import ALL, SIZE, Talk, things

COUNTED_LINKS = LINKED | {"total_path": "total"}
CURSOR = {"type": "cursor", "page_size": 10, "cursor_path": "next", "cursor_param": "after"}
OFFSET = {"type": "offset", "page_size": 10, "total_path": "total"}
FLAGGED = UNCOUNTED | {"has_more_path": "more"}


@fault("repeated pages", Doubted("incomplete", "repeated_page"))
def gives_its_second_page_again(talk: Talk) -> None:
    talk.give(ALL[:10] if talk.nth == 1 else ALL[10:20], total=40, stamp=talk.nth)


@fault(
    "repeated pages", Doubted("incomplete", "repeated_page"), stream={"paginator": NUMBERED | {"page_size_param": None}}
)
def knows_no_pages_and_reaches_its_total_by_repeating(talk: Talk) -> None:
    talk.give(ALL[:10], total=20)


@fault("drift by insertion", Doubted("incomplete", "total_moved"))
def grows_while_it_is_read(talk: Talk) -> None:
    held = things(talk.nth - 1, first=1000) + ALL
    talk.page(held)


@fault("drift by insertion", Doubted("unproven", "repeated_records"), stream={"paginator": UNCOUNTED})
def grows_and_states_no_total(talk: Talk) -> None:
    talk.page(things(talk.nth - 1, first=1000) + ALL, total=None)


@fault("drift by insertion", Doubted("unproven", "repeated_records"))
def sorts_otherwise_for_every_page(talk: Talk) -> None:
    # As databases do that are asked for pages without an order: the total is right, and so is the number of records.
    talk.page([*ALL[:15], *ALL[5:10], *ALL[20:]])


@fault("drift by deletion", Doubted("incomplete", "total_moved"))
def shrinks_while_it_is_read(talk: Talk) -> None:
    talk.page(ALL[talk.nth - 1 :])


@fault("loops", Doubted("incomplete", "repeated_link"), stream={"paginator": LINKED})
def leads_back_to_its_beginning(talk: Talk) -> None:
    page = int(talk.asked.query.get("page", "1"))
    talk.give(things(SIZE, first=page * SIZE), next=f"?page={page % 3 + 1}")


@fault("loops", Doubted("incomplete", "repeated_link"), stream={"paginator": CURSOR})
def gives_the_same_token_again(talk: Talk) -> None:
    talk.give(things(SIZE, first=talk.nth * SIZE), next="x")


@fault("endless next links", Fails(PlatformBusy, "limits.requests"), stream={"paginator": LINKED})
def leads_on_for_ever(talk: Talk) -> None:
    talk.give(things(SIZE, first=talk.nth * SIZE), next=f"?page={talk.nth + 1}")


@fault("endless next links", Doubted("incomplete", "repeated_page"), stream={"paginator": LINKED})
def leads_on_for_ever_to_one_page(talk: Talk) -> None:
    talk.give(ALL[:10], next=f"?page={talk.nth + 1}")


@fault("endless empty pages", Doubted("incomplete", "empty_pages"), stream={"paginator": LINKED})
def leads_on_for_ever_to_nothing(talk: Talk) -> None:
    talk.give(ALL[:10] if talk.nth == 1 else [], next=f"?page={talk.nth + 1}")


@fault("endless empty pages", Doubted("incomplete", "empty_pages"), stream={"paginator": FLAGGED})
def promises_more_and_gives_nothing(talk: Talk) -> None:
    talk.give(ALL[:10] if talk.nth == 1 else [], more=True)


@fault("lying totals", Doubted("incomplete", "total_differs"))
def states_more_than_it_has(talk: Talk) -> None:
    talk.page(total=40)


@fault("lying totals", Doubted("incomplete", "total_differs"))
def states_less_than_it_gives(talk: Talk) -> None:
    talk.page(total=12)


@fault("lying totals", Doubted("unproven", "page_full"))
def calls_the_size_of_its_page_a_total(talk: Talk) -> None:
    talk.page(total=10)


@fault("lying totals", Doubted("incomplete", "total_differs"), stream={"paginator": COUNTED_LINKS})
def ends_its_links_before_its_total(talk: Talk) -> None:
    talk.give(ALL[:10], total=25)


@fault("lying totals", Doubted("unproven", "no_total"))
def states_a_total_that_is_no_number(talk: Talk) -> None:
    talk.page(total="25 or so")  # type: ignore[arg-type]


@fault("repeated pages", Exact(), stream={"paginator": OFFSET})
def caps_its_pages_in_silence(talk: Talk) -> None:
    begin = int(talk.asked.query["offset"])
    talk.give(ALL[begin : begin + 3], total=25)


@fault("requests per pull", Fails(PlatformBusy, "made 2 requests"), limits={"requests": 2})
def has_more_pages_than_may_be_asked_for(talk: Talk) -> None:
    talk.page()
