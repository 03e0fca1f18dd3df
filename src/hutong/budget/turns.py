"""One pull's part in the budget of a platform.

A try goes ahead when no pause and no quiet hours forbid it, the circuit breaker is closed, a slot is free and the
minute's requests are not used up. Whoever has to wait does so without a slot, looks every second whether it still may,
and gives up after a bounded time.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from hutong.budget.allowance import Allowance
from hutong.budget.failures import private_file, private_folder
from hutong.budget.hours import ZONE, quiet_until
from hutong.budget.rate import RequestRate, share_of_rate, shared_rate
from hutong.budget.slots import Slots
from hutong.budget.standing import Standing
from hutong.errors import AskedWrongly, PlatformBusy, PlatformResting
from hutong.model.connector import Connector
from hutong.settings import Settings

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 600.0
"""Longest wait for one try: a task that waits holds a worker."""
LONGEST_HOLD_S = 30.0
"""A platform that asks to be left alone for longer ends the pull."""
LOOK_EVERY_S = 1.0
SLOT_S = 0.01
"""About how long to wait before another look for a free slot."""
_JITTER = random.SystemRandom()


def owned(
    connector: Connector, stream: str, settings: Settings, paused: Callable[[], str | None], desk: str | None = None
) -> Allowance:
    """What the owner of `connector` allows a pull of `stream`. No file is touched before the first try.

    paused: says since when and why the platform is paused, or None; called before every try. desk: the name under
    which its requests count (`Connector.desk`); the platform's by default.
    """
    return _Owned(connector, stream, settings, paused, desk or connector.platform)


def shares(settings: Settings) -> int | None:
    """Into how many parts budgets are cut; None where the processes of one machine share them in one folder.

    Raises AskedWrongly when HUTONG_BUDGET_SLOTS is no such number.
    """
    text = settings.budget_slots
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise AskedWrongly(
            f"HUTONG_BUDGET_SLOTS is no number of pulls: '{text}'", "write one from 1, such as the slots of the pool"
        )
    return int(text)


class _Owned(Allowance):
    def __init__(
        self, connector: Connector, stream: str, settings: Settings, paused: Callable[[], str | None], desk: str
    ) -> None:
        self._connector, self._stream, self._settings, self._paused = connector, stream, settings, paused
        self._desk = desk
        self._budget = connector.budget
        self._is_held = self._is_trying = self._has_answered = self._has_said = False
        self._failures = 0

    def take(self) -> None:
        if self._is_held:
            return
        self._settle()
        began = time.monotonic()
        try:
            while (wait_s := self._wait_s()) > 0:
                if time.monotonic() - began + wait_s > LONGEST_WAIT_S:
                    self._busy(f"its budget leaves no request within {LONGEST_WAIT_S / 60:g} minutes")
                self._say(wait_s)
                time.sleep(min(wait_s, LOOK_EVERY_S))
            self._is_held = self._is_trying = True
        finally:
            if not self._is_held:
                self._release()

    def give_back(self) -> None:
        if self._is_held:
            self._is_held = False
            self._release()

    def answered(self) -> None:
        # Told to the others only with the next try: by then what was answered has been read too.
        self._has_answered = True

    def failed(self, wait_s: float | None = None) -> None:
        self._has_answered = False
        if self._is_trying:
            self._is_trying = False
            self._standing.failed(wait_s)

    def close(self) -> None:
        self.give_back()
        self._settle()
        # Only what was opened: cached properties lie in the instance's own dictionary.
        for part in ("_standing", "_rate"):
            if (opened := self.__dict__.pop(part, None)) is not None:
                opened.close()

    def _settle(self) -> None:
        # What others failed at since the last look is settled with the next try.
        if self._has_answered and self._failures:
            self._standing.answered()
        self._has_answered = False

    def _wait_s(self) -> float:
        """0 when the right is taken; else the seconds after which to look again."""
        self._see_that_it_may()
        seen = self._standing.look()
        self._failures = seen.failures
        if (open_s := self._standing.open_for_s(seen)) > 0:
            self._busy(f"{seen.failures} requests in a row failed; nobody asks it until {_clock(open_s)}")
        if (held_s := self._standing.held_for_s(seen)) > LONGEST_HOLD_S:
            self._busy(f"it asks to be left alone until {_clock(held_s)} (Retry-After)")
        if held_s > 0:
            return held_s
        if self._slots is not None and not self._slots.take():
            return SLOT_S * _JITTER.uniform(0.5, 1.5)
        wait_s = self._rate.take() if self._rate is not None else 0.0
        if wait_s == 0 and not self._standing.may_try(seen):
            wait_s = SLOT_S
        if wait_s > 0:
            self._release()
        return wait_s

    def _see_that_it_may(self) -> None:
        platform = self._connector.platform
        if (said := self._paused()) is not None:
            raise PlatformResting(
                platform, self._stream, said, f"`hutong connector resume {platform} --reason TEXT` ends it"
            )
        if self._budget.quiet_hours and (end := quiet_until(self._budget.quiet_hours, datetime.now(UTC))):
            raise PlatformResting(
                platform,
                self._stream,
                f"its owner's quiet hours last until {end:%H:%M} (Asia/Shanghai)",
                "the next sync after them goes on where it stopped",
            )

    def _release(self) -> None:
        if self._slots is not None:
            self._slots.give_back()

    def _say(self, wait_s: float) -> None:
        if not self._has_said:
            self._has_said = True
            log.info(
                "waiting for the budget platform=%s stream=%s wait_s=%.1f (said once)",
                self._connector.platform, self._stream, wait_s,
            )  # fmt: skip

    def _busy(self, said: str) -> NoReturn:
        platform = self._connector.platform
        raise PlatformBusy(
            platform,
            self._stream,
            said,
            f"`hutong connector list {platform}` shows how it stands; the next sync goes on where it stopped",
        )

    @cached_property
    def _shares(self) -> int | None:
        return shares(self._settings)

    @cached_property
    def _file(self) -> Path | None:
        """The file that all processes of this machine share; None where each has a share of its own."""
        if self._shares is not None:
            return None
        return private_file(private_folder(self._settings.budget) / f"{self._desk}.sqlite")

    @cached_property
    def _standing(self) -> Standing:
        return Standing(self._file, self._budget.circuit_breaker)

    @cached_property
    def _slots(self) -> Slots | None:
        if self._file is None:  # Airflow's pool has the slots then
            return None
        return Slots(self._file.parent, self._desk, self._budget.concurrency)

    @cached_property
    def _rate(self) -> RequestRate | None:
        per_minute = self._budget.requests_per_minute
        if per_minute is None:
            return None
        if self._file is not None:
            return shared_rate(self._file, per_minute)
        return share_of_rate(per_minute, max(self._shares or 1, self._budget.concurrency))


def _clock(in_s: float) -> str:
    """The instant `in_s` seconds from now, in the city's time."""
    return (datetime.now(ZONE) + timedelta(seconds=in_s)).isoformat(timespec="seconds")
