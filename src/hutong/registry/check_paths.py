"""Whether what a rule reads can be there, is of a type that it reads, and may be shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from hutong.model import mapping as rules
from hutong.model.connector import Stream
from hutong.model.path import Level, read_path
from hutong.registry.reach import levels_of, misreadings, reached, said
from hutong.registry.reads import types_of, types_read
from hutong.schema.shape import Shape


def path_problems(rule: rules.Rule, rows: rules.Rows, stream: Stream, shape: Shape) -> Iterator[str]:
    """What is wrong with the paths that `rule` reads."""
    levels, met = levels_of(rows), frozenset[str]()
    for text, types in types_read(rule):
        wrong = list(misreadings(text, types, levels, shape))
        yield from wrong
        if wrong:
            return
        way = read_path(text).within(levels)
        met |= reached(shape, way).types
        keys = tuple(step for step in way if isinstance(step, str))
        if set(keys) & set(stream.never_keep):
            yield f"'{text}' is cut out before anything is stored (never_keep); remove one of the two"
        elif _is_personal(keys, stream) and not keeps_private(rule):
            yield f"'{text}' is personal; use the rule pseudonym, or text with `mask: true`"
    for value in getattr(rule, "missing", ()):
        if value is not None and not types_of([value]) & met:
            never = f"missing: {json.dumps(value, ensure_ascii=False)} can never come, the schema says {said(met)}"
            yield f"{never}; write it as the source does"
    yield from _undeclared_personal(rule, levels, stream)


def _undeclared_personal(rule: rules.Rule, levels: Sequence[Level], stream: Stream) -> Iterator[str]:
    """A rule that hides what is personal, of fields that would lie in landing for all to read."""
    if not keeps_private(rule):
        return
    texts = rules.paths_of(rule)
    ways = [read_path(text).within(levels) for text in texts]
    if not any(_is_personal(tuple(step for step in way if isinstance(step, str)), stream) for way in ways):
        yield f"it hides '{texts[0]}', which would land in the clear; name it under `personal` of the stream"


def _is_personal(keys: Sequence[str], stream: Stream) -> bool:
    return any(tuple(name.split(".")) == tuple(keys[: name.count(".") + 1]) for name in stream.personal)


def keeps_private(rule: rules.Rule) -> bool:
    """Whether `rule` hides what it reads."""
    return isinstance(rule, rules.Pseudonym) or (isinstance(rule, rules.Text) and rule.mask)
