"""Ask only for what is new. Words follow dlt's and Airbyte's incremental cursors."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from hutong.model.declared import Declared, Duration, Span, ZoneName

Form = Literal["local", "epoch_s", "epoch_ms", "iso"]
"""How a moment is written: `local` as 2026-03-18 08:15:00 without a zone, `iso` as ISO 8601, or since 1970."""


class Incremental(Declared):
    """Ask from the cursor (the newest value seen, less `lateness`) up to now; every window is half-open."""

    cursor_path: str
    """Field of the record that moves the cursor. Kept as the source wrote it, compared as an instant."""
    form: Form
    """How the record writes it, as in the mapping rule `time`."""
    zone: ZoneName | None = None
    """The zone in which the record writes it, when the form carries none."""
    start_param: str | None = None
    """Needed over HTTP and SOAP; a database is asked by the column itself."""
    end_param: str | None = None
    """Without it the platform answers with everything since the start."""
    param_form: Form = "iso"
    """How the platform wants the bounds."""
    param_zone: ZoneName | None = None
    """The zone in which the platform *reads* the bounds, which may be another than it writes in."""
    since: Duration
    """How far back the very first pull reaches."""
    lateness: Duration = timedelta(0)
    """Records may show up this much late: every pull reads that much again, and the ledger counts what it caught."""
    settle: Duration = timedelta(0)
    """The window ends this long before now, for platforms that commit out of order."""
    step: Span | None = None
    """The longest window that the platform takes in one question; a longer one is asked for in several."""


class NumberCursor(Declared):
    """Ask for what has a larger number than the newest row read: a database's growing id."""

    cursor_path: str
    """Column of the number."""
    form: Literal["number"]
    overlap: NonNegativeInt
    """So many numbers below the newest are read again. A database hands out numbers before it commits, so that 17 may
    show up after 18: state more than it hands out in its longest transaction, or 0 where rows are never late."""


AnyIncremental = Annotated[Incremental | NumberCursor, Field(discriminator="form")]
