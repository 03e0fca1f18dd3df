"""Tries: how often a platform is asked again, and how long is waited in between."""

from __future__ import annotations

from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util.retry import Retry

from hutong.model.connector import Connector

BUSY = frozenset({429, 500, 502, 503, 504})


class Patience:
    """The tries that are left for one answer. urllib3's Retry counts them and says how pauses grow."""

    def __init__(self, connector: Connector) -> None:
        self._longest_s = connector.limits.retry_wait_s
        self._left = Retry(
            total=connector.retries,
            backoff_factor=min(0.5, self._longest_s),
            backoff_max=self._longest_s,
            backoff_jitter=min(0.5, self._longest_s),  # workers that failed together do not come back together
        )

    def pause_s(self, asked_s: float | None) -> float | None:
        """How long to wait before the next try; None when there is none.

        asked_s: what the platform asks for, which is never cut short: when it is longer than this pull may wait, it is
        not asked again.
        """
        try:
            self._left = self._left.increment()
        except MaxRetryError:
            return None
        if asked_s is not None and asked_s > self._longest_s:
            return None
        return max(asked_s or 0.0, self._left.get_backoff_time())


def asked_wait_s(retry_after: str | None) -> float | None:
    """The seconds that a Retry-After header (RFC 9110, section 10.2.3) asks for; None when it says nothing of use.

    >>> asked_wait_s("120"), asked_wait_s("9" * 5000), asked_wait_s("soon"), asked_wait_s("-5")
    (120.0, inf, None, None)
    """
    if retry_after is None:
        return None
    stated = retry_after.strip()
    if stated.isascii() and stated.isdigit():
        return float(stated) if len(stated) < 300 else float("inf")
    try:
        return Retry(retry_after_max=10**9).parse_retry_after(stated) or None
    except (InvalidHeader, ValueError, OverflowError):
        return None
