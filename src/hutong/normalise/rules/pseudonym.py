"""The rule `pseudonym`: a keyed digest in place of a personal identity."""

from __future__ import annotations

from datetime import datetime

from hutong.errors import SecretMissing
from hutong.model import mapping
from hutong.normalise.pseudonym import KEY_NAME
from hutong.normalise.reading import Raw, Reader
from hutong.normalise.rules.context import Context
from hutong.normalise.rules.identity import compile_parts


def compile_pseudonym(rule: mapping.Pseudonym, context: Context) -> Reader:
    """Reads the parts as sent; null if one of them is null. Raises SecretMissing when there is no key."""
    context.need("string")
    pseudonymiser, domain, algorithm = context.pseudonymiser, rule.domain, rule.algorithm
    if pseudonymiser is None:
        raise SecretMissing(
            f"{context.dataset.id}.{context.column} holds pseudonyms, but there is no key to make them with",
            f"set the secret {KEY_NAME}",
        )
    parts_of = compile_parts(rule.from_, rule.missing, "pseudonym")

    def read(raw: Raw, received_at: datetime) -> str | None:
        parts = parts_of(raw)
        return None if parts is None else pseudonymiser.pseudonym(domain, parts, algorithm)

    return read
