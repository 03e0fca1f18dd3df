"""The score in words and as data."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from citysim.score.measures import Number, Same
from citysim.score.stage import Score

_COLUMNS = (
    "city", "stream", "dataset", "served", "rows", "recall", "precision", "p50 m", "p95 m", "own p95 m", "speed",
    "flow", "time s", "codes", "bad", "caught", "let by", "refused",
)  # fmt: skip


def as_data(scores: Sequence[Score]) -> list[dict[str, Any]]:
    """One object per stream and dataset, with everything measured and the goals that it misses."""
    return [_one(score) for score in scores]


def as_text(scores: Sequence[Score]) -> Iterator[str]:
    """A line per stream and dataset under a heading, then the goals that are missed, then a sentence over all."""
    rows = [_COLUMNS, *(_row(score) for score in scores)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_COLUMNS))]
    for row in rows:
        cells = [
            cell.ljust(width) if place < 3 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
    for score in scores:
        for said in score.missed():
            yield f"{score.city} {score.stream} -> {score.dataset}: {said}"
    yield summary(scores)


def summary(scores: Sequence[Score]) -> str:
    """One sentence over all of them. A record that goes to two datasets counts in each."""
    accounts = [score.account for score in scores]
    served, bad = sum(one.served for one in accounts), sum(one.bad for one in accounts)
    lost, refused = sum(one.lost for one in accounts), sum(one.good_refused for one in accounts)
    caught, let_through = sum(one.bad_caught for one in accounts), sum(one.bad_let_through for one in accounts)
    strangers = sum(score.rows for score in scores) - sum(round(score.precision * score.rows) for score in scores)
    missing = sum(1 for score in scores if any(True for _ in score.missed()))
    recall = 1.0 - (lost + refused) / served if served else 1.0
    rows = sum(score.rows for score in scores)
    precision = 1.0 - strangers / rows if rows else 1.0
    return (
        f"score: {len(scores)} streams by dataset, {missing} of them miss a goal; recall {recall:.4f} of {served} "
        f"records, precision {precision:.4f} of {rows} rows; of {bad} bad records {caught} caught, {let_through} let "
        f"through; {refused} good ones refused"
    )


def _one(score: Score) -> dict[str, Any]:
    told = dataclasses.asdict(score)
    told["account"]["recall"] = score.account.recall
    for kind, measured in (("codes", score.codes), ("texts", score.texts)):
        for name, same in measured.items():
            told[kind][name]["accuracy"] = same.accuracy
    return {**told, "missed": list(score.missed())}


def _row(score: Score) -> tuple[str, ...]:
    place, account = score.place, score.account
    positions = (place.p50_error_m, place.p95_error_m, place.own_p95_error_m) if place else (None, None, None)
    return (
        score.city,
        score.stream,
        score.dataset,
        str(account.served),
        str(score.rows),
        f"{account.recall:.4f}",
        f"{score.precision:.4f}",
        *("" if metres is None else f"{metres:.3f}" for metres in positions),
        _mean(score.numbers, "speed_mps"),
        _mean(score.numbers, "vehicle_count"),
        _largest(score.times),
        _accuracy(score.codes),
        str(account.bad),
        str(account.bad_caught),
        str(account.bad_let_through),
        str(account.good_refused),
    )


def _mean(numbers: Mapping[str, Number], name: str) -> str:
    measured = numbers.get(name)
    return "" if measured is None or not measured.count else f"{measured.mean_error:.4f}"


def _largest(times: Mapping[str, Number]) -> str:
    errors = [one.largest_error for one in times.values() if one.count]
    return f"{max(errors):.3f}" if errors else ""


def _accuracy(codes: Mapping[str, Same]) -> str:
    measured = list(codes.values())
    count = sum(one.count for one in measured)
    return f"{sum(one.right for one in measured) / count:.4f}" if count else ""
