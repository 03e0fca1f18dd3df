"""Messages that carry records of a stream: what a platform pages through, where its records lie inside."""

import itertools
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from citysim.clock import minute_of_utc_year
from citysim.views.city import City, Shown, View


@dataclass(frozen=True, slots=True)
class Message:
    """One message with the records in it."""

    known_s: float
    stamp_s: float
    """Both as in `citysim.views.city.Shown`."""
    body: dict[str, Any]
    record_ids: tuple[str, ...]
    """In the order in which the body holds them; a planted duplicate is there twice."""
    fault_ids: tuple[str, ...]


def messages(
    view: View, sent_with: Callable[[Shown], Hashable], body: Callable[[Sequence[Shown]], dict[str, Any]]
) -> tuple[Message, ...]:
    """The records of `view`, neighbours of one `sent_with` in one message, in the order of the view."""
    return tuple(_wrapped(list(group), body) for _, group in itertools.groupby(view.shown, key=sent_with))


def flat(view: View) -> tuple[Message, ...]:
    """Each record as a message of its own."""
    return tuple(_wrapped([one], lambda alone: alone[0].record) for one in view.shown)


def envelope(city: City, esn: str, t_s: float) -> dict[str, Any]:
    """What this platform writes on every message of an RSU; moy as in T/CSAE 53-2020."""
    sent = city.moment(t_s)
    return {"rsuEsn": esn, "timestamp": epoch_ms(sent), "moy": minute_of_utc_year(sent)}


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def within(found: Sequence[Message], from_s: float, to_s: float, now_s: float) -> Iterator[Message]:
    """The messages that the platform shows at `now_s`, stamped in [from_s, to_s)."""
    return (one for one in found if from_s <= one.stamp_s < to_s and one.known_s <= now_s)


def _wrapped(group: Sequence[Shown], body: Callable[[Sequence[Shown]], dict[str, Any]]) -> Message:
    return Message(
        known_s=max(one.known_s for one in group),
        stamp_s=group[0].stamp_s,
        body=body(group),
        record_ids=tuple(one.record_id for one in group),
        fault_ids=tuple(dict.fromkeys(one.record_id for one in group if one.fault is not None)),
    )
