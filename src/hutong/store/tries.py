"""Doing it again when a store failed, as often as the reason deserves."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

from hutong.errors import CommitContested, StoreError
from hutong.store.failures import FAILURES, Cause, cause_of, in_a_line, store_error
from hutong.store.paths import Place

log = logging.getLogger(__name__)

TRIES: Mapping[Cause, int] = {
    Cause.OVERTAKEN: 30,
    # Each of these lasts up to a minute by itself: the library tries again too.
    Cause.BUSY: 4,
    Cause.FILE_GONE: 3,
    Cause.UNKNOWN: 3,
    # A person has to act. Once more all the same, for the look with which every try begins: the commit may be there,
    # and only the checkpoint that follows it have failed.
    Cause.FULL: 2,
    Cause.READ_ONLY: 2,
    Cause.DENIED: 2,
    Cause.NO_BUCKET: 2,
}
"""How often something is tried, by what made it fail."""

_JITTER = random.SystemRandom()
_Result = TypeVar("_Result")


def until_done(place: Place, what: str, attempt: Callable[[], _Result]) -> _Result:
    """What `attempt` returns, at the first time that the store does not fail it.

    attempt: looks at the newest state first, each time, since what failed may be there all the same. what: what it
    commits at `place`.
    Raises CommitContested when other commits kept coming first, StoreError when the store failed more often than
    `TRIES` allows for the reason.
    """
    failed: Counter[Cause] = Counter()
    while True:
        try:
            return attempt()
        except FAILURES as failure:
            cause = cause_of(failure)
            failed[cause] += 1
            level = logging.INFO if cause is Cause.OVERTAKEN else logging.WARNING
            said = in_a_line(failure, place)
            log.log(level, "not committed table=%s: %s cause=%s: %s", place.uri, what, cause.name, said)
            if failed[cause] >= TRIES[cause]:
                # Not chained: a traceback would show the library's own text, with rows and parts of credentials in it.
                raise _given_up(failure, cause, place, what) from None
            time.sleep(_pause_s(cause, failed[cause]))


def _given_up(failure: Exception, cause: Cause, place: Place, what: str) -> StoreError:
    if cause is not Cause.OVERTAKEN:
        return store_error(failure, place)
    return CommitContested(
        f"{place.uri}: {what} was overtaken by other writers {TRIES[cause]} times in a row",
        "run the same again when fewer write to this table",
    )


def _pause_s(cause: Cause, failed: int) -> float:
    """How long to wait after so many failures: writers that race each other a moment, a store in trouble longer each
    time. Drawn at random, so that two that failed together do not meet again.
    """
    longest = 0.05 * min(failed, 10) if cause is Cause.OVERTAKEN else 0.5 * 2**failed
    return _JITTER.uniform(longest / 5, longest)
