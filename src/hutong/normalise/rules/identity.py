"""The rule `id`: the platform's own identity of a thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look, text_or_number
from hutong.normalise.rules.context import Context

BETWEEN = "/"


def compile_id(rule: mapping.Id, context: Context) -> Reader:
    """Reads the parts and joins them; null if one of them is null."""
    context.need("string")
    parts_of = compile_parts([rule.from_] if isinstance(rule.from_, str) else rule.from_, rule.missing, "id")

    def read(raw: Raw, received_at: datetime) -> str | None:
        parts = parts_of(raw)
        return None if parts is None else BETWEEN.join(parts)

    return read


def compile_parts(
    paths: Sequence[str], missing: Sequence[mapping.Scalar], how: str
) -> Callable[[Raw], list[str] | None]:
    """A function from a record to the parts of an identity as sent, zeros and case kept; None if one of them is null.

    The function raises Unreadable for an empty part too, because it identifies nothing.
    """
    looks = [(path, compile_look(path, missing, how)) for path in paths]

    def parts_of(raw: Raw) -> list[str] | None:
        parts = []
        for path, look in looks:
            value = look(raw)
            if value is None:
                return None
            part = text_or_number(value, path, how)
            if not part or part.isspace():
                raise Unreadable(path, value, how)
            parts.append(part)
        return parts

    return parts_of
