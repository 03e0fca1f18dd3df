"""The rule `text`: text as it stands, trimmed, and masked where it may name people."""

from __future__ import annotations

from datetime import datetime

from hutong.model import mapping
from hutong.model.privacy import mask
from hutong.normalise.reading import Raw, Reader, compile_match, compile_path, text
from hutong.normalise.rules.context import Context


def compile_text(rule: mapping.Text, context: Context) -> Reader:
    """Reads text; anything else is unreadable, because 007 and 7 are one number but two texts."""
    context.need("string")
    path, masks = rule.from_, rule.mask
    look, is_missing = compile_path(path, "text"), compile_match(rule.missing)

    def read(raw: Raw, received_at: datetime) -> str | None:
        value = look(raw)
        if value is None or is_missing(value):
            return None
        trimmed = text(value, path, "text").strip()
        if is_missing(trimmed):
            return None
        return mask(trimmed) if masks else trimmed

    return read
