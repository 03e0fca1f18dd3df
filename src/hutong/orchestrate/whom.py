"""Whom HUTONG_ALERTS names."""

from __future__ import annotations

from dataclasses import dataclass

from hutong.errors import AskedWrongly
from hutong.settings import Settings

MAIL, WEBHOOK = "mailto", "webhook"


@dataclass(frozen=True, slots=True)
class Targets:
    """Whom to tell. mail: addresses. webhooks: names of secrets that hold addresses."""

    mail: tuple[str, ...]
    webhooks: tuple[str, ...]


def targets(settings: Settings) -> Targets:
    """What HUTONG_ALERTS names. Raises AskedWrongly, with the word that cannot be read."""
    found: dict[str, list[str]] = {MAIL: [], WEBHOOK: []}
    for word in settings.alerts:
        kind, _, name = word.partition(":")
        if kind not in found or not name or (kind == MAIL) != ("@" in name):
            raise AskedWrongly(
                "HUTONG_ALERTS has a word that is neither a mail address nor the name of a webhook's secret",
                "write mailto:NAME@HOST or webhook:SECRET, separated by spaces; the webhook's address is the secret",
            )
        found[kind].append(name)
    return Targets(tuple(found[MAIL]), tuple(found[WEBHOOK]))
