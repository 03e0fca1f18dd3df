"""Bad records: a seeded share of what a platform shows is broken, and the truth says which.

Every choice (whether, kind, field, value) is a hash of seed, stream and record id, so asking again gives the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, get_args

from citysim.draws import Draws, keys_of

Kind = Literal["wrong_type", "missing_key", "sentinel", "impossible_value", "duplicate", "unknown_code"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Make = Callable[[Random, Any], Any]
"""A bad value, from a generator and the good value it replaces."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One record that was made bad on purpose."""

    stream: str
    record_id: str
    """The id of the good record; the bad one shows another when the fault sits on the id itself."""
    kind: Kind
    field: str | None
    """Dotted path inside the record ("pos.lon"); null for a duplicate."""
    value: Any
    """What was put there; null for a missing key and for a duplicate."""


@dataclass(frozen=True, slots=True)
class Weaknesses:
    """Where the records of one stream can be broken, by dotted path; a number is a place in a list.

    Only wrong_type and missing_key may touch what identifies a record; the other three maps leave it alone.
    """

    stream: str
    fields: tuple[str, ...]
    """Fields for wrong_type and missing_key."""
    sentinels: Mapping[str, tuple[Any, ...]]
    """Per field, the values that mean "no value" on this platform or that vendors send for it."""
    impossible: Mapping[str, Make]
    """Per field, a value out of any physical range."""
    codes: Mapping[str, Make]
    """Per coded field, a code outside its list."""
    is_text: bool = False
    """True where every value travels as text: then a wrong type is a text that is no number and no date."""
    is_doubled: bool = True
    """False where nothing can be sent twice, as when the receiver works the records out of others."""

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of faults that fit the stream."""
        return tuple(kind for kind in KINDS if (self.is_doubled if kind == "duplicate" else _candidates(self, kind)))


def chosen_for(
    seed: int, stream: str, record_ids: Sequence[str], share: float, at_least: int = 3, kinds: Sequence[Kind] = KINDS
) -> dict[str, Kind]:
    """The records of a small stream to make bad, and how; at least `at_least` unless `share` is 0.

    Those of `kinds` go round in a seeded order, so the fewest faults still differ in kind.
    """
    if share <= 0 or not record_ids:
        return {}
    draws = Draws(seed, "faults", stream)
    ranked = sorted(zip(draws.bits("rank", keys_of(record_ids)).tolist(), record_ids, strict=True))
    count = min(len(record_ids), max(at_least, round(share * len(record_ids))))
    order = list(kinds)
    draws.sequence("kinds").shuffle(order)
    return {record_id: order[place % len(order)] for place, (_, record_id) in enumerate(ranked[:count])}


def damage(
    seed: int, weak: Weaknesses, record_id: str, kind: Kind, record: dict[str, Any]
) -> tuple[dict[str, Any], Fault]:
    """A broken copy of `record` and what was done to it; for a duplicate the copy is the record itself.

    record: a JSON object of objects, lists and scalars; it is not changed.
    """
    if kind == "duplicate":
        return record, Fault(weak.stream, record_id, kind, None, None)
    random = Draws(seed, "faults", weak.stream, kind).sequence("where", record_id)
    field = random.choice([path for path in _candidates(weak, kind) if _can_be_broken(weak, kind, record, path)])
    if kind == "missing_key":
        return _replaced(record, field.split("."), None, is_removal=True), Fault(
            weak.stream, record_id, kind, field, None
        )
    old = _value_at(record, field)
    if kind == "wrong_type":
        value = _wrong_text(random) if weak.is_text else _wrong_type(random, old)
    elif kind == "sentinel":
        value = random.choice([one for one in weak.sentinels[field] if one != old])
    else:
        value = (weak.impossible if kind == "impossible_value" else weak.codes)[field](random, old)
    return _replaced(record, field.split("."), value), Fault(weak.stream, record_id, kind, field, value)


def whole(*ranges: tuple[int, int]) -> Make:
    """A whole number from one of the closed `ranges`."""
    return lambda random, old: random.randint(*random.choice(ranges))


def one_of(*values: Any) -> Make:
    """One of `values`."""
    return lambda random, old: random.choice(values)


def as_text(make: Make) -> Make:
    """What `make` makes, written as text."""
    return lambda random, old: str(make(random, old))


def _candidates(weak: Weaknesses, kind: Kind) -> Sequence[str]:
    if kind in ("wrong_type", "missing_key"):
        return weak.fields
    return sorted({"sentinel": weak.sentinels, "impossible_value": weak.impossible, "unknown_code": weak.codes}[kind])


def _wrong_type(random: Random, old: Any) -> Any:
    """A value of another JSON type than `old`. Never a number written as text: that is a dialect, not a mistake."""
    word = random.choice(("--", "未知", "n/a", "abc", "error", "NaN", "ａｂｃ", "0x7f", ""))
    if isinstance(old, str):
        return random.choice((random.randint(0, 99999), [], [old], {"value": old}, random.random() < 0.5))
    if isinstance(old, dict | list):
        return random.choice((word, random.randint(-9, 9), False))
    if isinstance(old, bool):
        return random.choice((word, [old], {"value": old}))
    return random.choice((word, [old], {"value": old}, random.random() < 0.5))


def _wrong_text(random: Random) -> str:
    return random.choice(("--", "未知", "待定", "n/a", "abc", "见附件", "一千二百", "？？？"))


def _can_be_broken(weak: Weaknesses, kind: Kind, record: dict[str, Any], path: str) -> bool:
    """False where the field is absent, or already holds the only sentinel it has."""
    if not _holds(record, path):
        return False
    return kind != "sentinel" or any(one != _value_at(record, path) for one in weak.sentinels[path])


def _holds(record: Any, path: str) -> bool:
    for part in path.split("."):
        if isinstance(record, list):
            if int(part) >= len(record):
                return False
            record = record[int(part)]
            continue
        if not isinstance(record, dict) or part not in record:
            return False
        record = record[part]
    return True


def _value_at(record: Any, path: str) -> Any:
    for part in path.split("."):
        record = record[int(part) if isinstance(record, list) else part]
    return record


def _replaced(record: Any, path: Sequence[str], value: Any, is_removal: bool = False) -> Any:
    """A copy of `record` that shares all but the objects and lists on `path`; key order is kept."""
    head, rest = path[0], path[1:]
    if isinstance(record, list):
        place = int(head)
        return [*record[:place], _replaced(record[place], rest, value, is_removal), *record[place + 1 :]]
    if rest:
        return {**record, head: _replaced(record[head], rest, value, is_removal)}
    if is_removal:
        return {key: kept for key, kept in record.items() if key != head}
    return {**record, head: value}
