"""The rule `code`: a platform's code, turned into one of a shared list; its own value stays beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, compile_look, scalar_text
from hutong.normalise.rules.context import Context, MisfitRule

UNMAPPED = "unmapped"
"""The source said something that the crosswalk lacks. Null is that it said nothing, `unknown` that it said so."""


def compile_code(rule: mapping.Code, context: Context) -> Reader:
    """Reads a scalar as text and looks it up. Raises MisfitRule."""
    column, raw_column, path = context.column, f"{context.column}_raw", rule.from_
    for name in (column, raw_column):
        if context.field_called(name).type != "string":
            raise MisfitRule(f"{context.dataset.id}.{name} is no text, the rule code makes text")
    look, codes = compile_look(path, rule.missing, "code"), dict(context.crosswalk(rule.list_))
    nothing = dict.fromkeys((column, raw_column))

    def read(raw: Raw, received_at: datetime) -> Mapping[str, str | None]:
        value = look(raw)
        if value is None:
            return nothing
        word = scalar_text(value, path, "code")
        return {column: codes.get(word, UNMAPPED), raw_column: word}

    return read
