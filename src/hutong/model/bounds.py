"""What a pull may take: of this machine (limits) and of the platform (its owner's budget)."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, StringConstraints

from hutong.model.declared import Declared

MIB = 1024 * 1024
DEEPEST = 200
"""No connector may allow deeper documents: whoever reads one may do so by recursion."""

Hours = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
"""A stretch of the city's civil day, such as `07:00-09:30` or `22:00-06:00`."""


class Limits(Declared):
    """Bounds that end every pull, whatever a platform sends."""

    silence_s: PositiveFloat = 60.0
    """Longest silence while an answer is awaited or read."""
    answer_s: PositiveFloat = 600.0
    """Longest time for one answer, however steadily it drips."""
    pull_s: PositiveFloat = 6 * 3600.0
    """Longest time for one pull; what came is kept, and the next one goes on there."""
    requests: PositiveInt = 100_000
    """Most requests of one pull, tries included."""
    answer_bytes: PositiveInt = 256 * MIB
    """The largest answer, after it is unpacked."""
    depth: Annotated[int, Field(gt=0, le=DEEPEST)] = 64
    """The deepest nesting of a document."""
    retry_wait_s: PositiveFloat = 30.0
    """Longest pause before another try. A platform that asks for more (Retry-After) ends the pull as busy."""


class Breaker(Declared):
    """After so many failures in a row nobody asks the platform for a while; then one request tries.

    A failure is what means that it is down or overburdened: unreachable, silent, 429, 502 to 504, or a code that a
    stream's `success` calls busy; not a plain 500, which may be about the one question. Any other answer ends the row.
    """

    failures: PositiveInt = 5
    pause: timedelta = timedelta(minutes=5)


class Budget(Declared):
    """What the platform's owner allows, over all schedules, backfills and processes of this gateway together."""

    requests_per_minute: PositiveInt | None = None
    concurrency: PositiveInt = 2
    """Requests that may be under way at one time. Also the slots of the platform's pool in Airflow."""
    quiet_hours: list[Hours] = []
    """Hours of Asia/Shanghai in which nothing is asked."""
    max_page_size: PositiveInt | None = None
    """The largest page that may be asked for; no stream's `page_size` may be larger."""
    circuit_breaker: Breaker = Breaker()
