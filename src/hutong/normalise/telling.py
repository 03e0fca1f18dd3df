"""What the log says of a normalised batch: counts and names of fields, no values."""

from __future__ import annotations

import logging

from hutong.model.batch import Sequence
from hutong.model.rows import Normalised
from hutong.normalise.plan import Plan

log = logging.getLogger(__name__)

TOLD = 5
"""Changes that the log names."""


def tell(made: Normalised, sequence: Sequence, batch: int, plan: Plan) -> Normalised:
    """Log what became of the batch; gives `made` back."""
    log.info(
        "normalised sequence=%s batch=%d records=%d refused=%d withheld=%d",
        sequence.id,
        batch,
        made.received,
        len(made.refused),
        made.withheld,
    )
    if made.drift:
        told = ", ".join(f"{one.change} {one.field} records={one.records}" for one in made.drift[:TOLD])
        mode, changes = plan.stream.drift, len(made.drift)
        log.warning("drift sequence=%s batch=%d mode=%s changes=%d: %s", sequence.id, batch, mode, changes, told)
    return made
