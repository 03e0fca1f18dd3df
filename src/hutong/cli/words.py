"""English or Chinese, as the reader wants it."""

from __future__ import annotations

from hutong.settings import Lang, read

LANG: Lang = read().lang


def say(en: str, zh: str) -> str:
    """The text in the reader's language."""
    return zh if LANG == "zh" else en
