"""How a pull says what a platform did wrong: which stream, what was met, what to do next."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from hutong.errors import PlatformBusy, PlatformGarbled, PlatformLost, PlatformRefused
from hutong.model.batch import Sequence


class Complaint:
    """Raises the errors of one stream. Foreign text in `said` must have gone through `Keyring.clean`.

    hide: takes secrets out of what is said, for what nobody thought of.
    They are raised without their cause: requests' own texts hold full addresses.
    """

    def __init__(self, sequence: Sequence, hide: Callable[[str], str] = str) -> None:
        self._sequence, self._hide = sequence, hide
        self.file = f"connectors/{sequence.platform}/connector.yaml"

    def busy(self, said: str) -> NoReturn:
        """Raise PlatformBusy."""
        platform, stream = self._sequence.platform, self._sequence.stream
        raise PlatformBusy(
            platform,
            stream,
            self._hide(said),
            f"run `hutong sync {platform} {stream}` later; it goes on where it stopped",
        ) from None

    def refused(self, said: str, next_step: str) -> NoReturn:
        """Raise PlatformRefused."""
        raise PlatformRefused(self._sequence.platform, self._sequence.stream, self._hide(said), next_step) from None

    def lost(self, said: str, next_step: str) -> NoReturn:
        """Raise PlatformLost."""
        raise PlatformLost(self._sequence.platform, self._sequence.stream, self._hide(said), next_step) from None

    def garbled(self, said: str, next_step: str) -> NoReturn:
        """Raise PlatformGarbled."""
        raise PlatformGarbled(self._sequence.platform, self._sequence.stream, self._hide(said), next_step) from None
