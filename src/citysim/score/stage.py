"""Scores a lake: every stream of every platform against what its platform showed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from citysim.score import cim, cloud_control, traffic_safety, transport_info
from citysim.score.account import Account, account, fault_ids, matched
from citysim.score.expected import Expected, expected
from citysim.score.fields import Field, field
from citysim.score.lake import Lake, Tables
from citysim.score.logs import Served, served
from citysim.score.measures import Number, Place, Same, is_misplaced, number, place, same
from citysim.score.streams import PLACE, Scored
from citysim.views.city import City

STREAMS: tuple[Scored, ...] = (
    *cloud_control.STREAMS,
    *traffic_safety.STREAMS,
    *transport_info.STREAMS,
    *cim.STREAMS,
)
"""Every stream that is scored."""


@dataclass(frozen=True, slots=True)
class Score:
    """One stream in one base dataset."""

    stream: str
    dataset: str
    city: str
    rows: int
    """Published."""
    precision: float
    strangers: int
    """Rows of no record that the platform showed."""
    account: Account
    place: Place | None
    numbers: Mapping[str, Number]
    times: Mapping[str, Number]
    """In seconds."""
    codes: Mapping[str, Same]
    texts: Mapping[str, Same]
    odd: tuple[str, ...]
    """Landed pages that do not fit the service's log."""

    def missed(self) -> Iterator[str]:
        """The goals that are missed, one sentence each."""
        told = self.account
        if not told.served:
            yield "nothing of it landed"
        if told.recall < 1:
            lost = f"{told.lost} lost ({', '.join(told.lost_examples)}), " if told.lost else ""
            yield f"recall {told.recall:.4f}: {lost}{told.good_refused} good ones refused, of {told.served}"
        if self.precision < 1:
            yield f"precision {self.precision:.4f}: {self.strangers} of {self.rows} rows are of no record shown"
        if told.bad_let_through:
            yield f"{told.bad_let_through} of {told.bad} bad records let through"
        if self.place is not None and (self.place.own_largest_error_m > self.place.allowed_m or self.place.missing):
            yield (
                f"place: up to {self.place.own_largest_error_m:.3f} m off beside the platform's own noise "
                f"({self.place.allowed_m:.3f} m allowed), {self.place.missing} missing"
            )
        for name, one in {**self.numbers, **self.times}.items():
            if one.beyond_wire or one.null_instead or one.value_instead:
                yield (
                    f"{name}: up to {one.beyond_wire:.6g} off beyond the wire's rounding, {one.null_instead} null and "
                    f"{one.value_instead} not null that should be"
                )
        for name, words in {**self.codes, **self.texts}.items():
            if words.right < words.count:
                examples = "; ".join(words.examples)
                yield f"{name}: {words.count - words.right} of {words.count} wrong ({examples})"
        yield from self.odd[:3]


def score(lake: Lake, logs: Path, city: City, streams: Sequence[Scored] = STREAMS) -> Iterator[Score]:
    """The score of each of `streams` that the city's platforms have, in their order.

    logs: the folder of the services' logs. Raises LogMissing.
    """
    answers: dict[str, Served] = {}
    for one in (stream for stream in streams if stream.is_of(city)):
        platform = one.stream.partition(".")[0]
        if platform not in answers:
            answers[platform] = served(logs, platform)
        yield score_one(one, lake, answers[platform], city, expected(one, city))


def score_one(scored: Scored, lake: Tables, answers: Served, city: City, wanted: Expected) -> Score:
    """The score of one stream in one base dataset."""
    places, endpoints, odd = answers.places(lake.pages(scored.stream, city.code), scored.ids)
    rows = lake.rows(scored.dataset, scored.stream, city.code)
    refused = lake.refused(scored.stream, city.code).join(places, on=["sequence", "batch", "record"], how="inner")
    found = matched(scored, rows, places, wanted)
    is_bad = fault_ids(wanted.faults, found)
    step_m = scored.steps.get(PLACE, 0.0)
    good = found.rows.filter(~is_bad)
    fields = [_field(good, name, scored, city) for name in wanted.fields]
    return Score(
        stream=scored.stream,
        dataset=scored.dataset,
        city=city.code,
        rows=found.published,
        precision=found.precision,
        strangers=found.strangers,
        account=account(
            scored,
            answers.record_ids(endpoints, scored.ids),
            found,
            set(refused["record_id"].to_list()),
            _harmful(scored, found.rows.filter(is_bad), wanted, city),
            wanted,
        ),
        place=place(good, wanted.lines, city, step_m),
        numbers={one.name: number(one) for one in fields if one.kind == "number"},
        times={one.name: number(one) for one in fields if one.kind == "time"},
        codes={one.name: same(one) for one in fields if one.kind == "code"},
        texts={one.name: same(one) for one in fields if one.kind == "text"},
        odd=tuple(odd),
    )


def _harmful(scored: Scored, rows: pl.DataFrame, wanted: Expected, city: City) -> set[str]:
    """The records of which a row says something untrue."""
    found = set(rows.filter(is_misplaced(rows, city, scored.steps.get(PLACE, 0.0)))["record_id"].to_list())
    for name in wanted.fields:
        is_looked_at = pl.col(f"looked.{name}") if f"looked.{name}" in rows.columns else pl.lit(True)
        looked = rows.filter(is_looked_at)
        found |= set(looked.filter(_field(looked, name, scored, city).is_harmful())["record_id"].to_list())
    return found


def _field(rows: pl.DataFrame, name: str, scored: Scored, city: City) -> Field:
    return field(rows, name, scored.steps.get(name, 0.0), city.recording_start)
