"""What a transport sees of a budget: a right that is taken for each try, and given back when the try is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hutong.errors import PlatformBusy


class Allowance:
    """The right to ask one platform, one try at a time; this one has no bounds. Not for several threads."""

    def take(self) -> None:
        """Wait for the right to one try. Nothing happens while one that was not used yet is held.

        Raises PlatformResting when its owner wants it left alone, PlatformBusy when it cannot be had in bounded time,
        and StoreError when that cannot be told.
        """

    def give_back(self) -> None:
        """The try is over. Nothing happens when none is held."""

    def answered(self) -> None:
        """The platform answered this try, whatever it said, and is not overburdened."""

    def failed(self, wait_s: float | None = None) -> None:
        """The platform is busy or out of order. wait_s: how long it asks to be left alone."""

    def close(self) -> None:
        """The pull is over."""

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One try; the caller says how it ended. Raises as `take` does."""
        self.take()
        try:
            yield
        finally:
            self.give_back()

    @contextmanager
    def spend(self) -> Iterator[None]:
        """One try of a transport whose client does not try again by itself: a query, a file. Raises as `take` does."""
        with self.turn():
            try:
                yield
            except PlatformBusy:
                self.failed()
                raise
            self.answered()


BOUNDLESS = Allowance()
"""For whoever asks a server of their own."""
