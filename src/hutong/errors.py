"""Everything hutong raises, grouped by who has to act.

HutongError
  AskedWrongly        the person at the keyboard: another word, another option
  RegistryError       a declared file is wrong: its owner edits it
  SecretMissing       a secret is named but not to be had: the operator sets it
    SecretUnset       no source of secrets has it
  PlatformError       the platform let us down
    PlatformBusy      wait and try again: it is down, slow or over its budget
    PlatformRefused   do not retry: credentials, address or rights
      PlatformLost    address or parameters mean nothing to it, or no longer
    PlatformGarbled   do not retry at once: the answer is not what its connector declares
    PlatformResting   nothing went wrong: it is paused, or has quiet hours
  StoreError          the lake cannot be read or written: the operator looks at the store
    CommitContested   others kept committing first; running again is safe

Bad *data* is not here: a record that fails is a finding (`model.finding`), not an exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class HutongError(Exception):
    """Base of all of them. `next_step` is a sentence that tells the reader what to do."""

    def __init__(self, said: str, next_step: str = "") -> None:
        self.said, self.next_step = said, next_step
        super().__init__(f"{said}; {next_step}" if next_step else said)


class AskedWrongly(HutongError):
    """A name or an option that hutong does not know."""

    @classmethod
    def unknown(cls, kind: str, word: str, known: Iterable[str]) -> AskedWrongly:
        """`word` is no `kind`; the nearest known word is offered, else all of them."""
        return cls(f"there is no {kind} '{word}'", nearest(word, known))


class RegistryError(HutongError):
    """Declared files are wrong. `problems` holds every one of them, as `path:line: message`."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class SecretMissing(HutongError):
    """A connector names a secret that no source of secrets holds."""


class SecretUnset(SecretMissing):
    """Nobody set the secret, which is different from one that is set and unusable."""


class PlatformError(HutongError):
    """A platform did not give what its connector says it gives."""

    def __init__(self, platform: str, stream: str, said: str, next_step: str) -> None:
        self.platform, self.stream = platform, stream
        super().__init__(f"{platform}.{stream}: {said}", next_step)


class PlatformBusy(PlatformError):
    """Not now: connection refused, time-out, 429 or 5xx after all retries."""


class PlatformRefused(PlatformError):
    """Not with these credentials, or not at this address."""


class PlatformLost(PlatformRefused):
    """Not at this address or with these parameters, which may have been good once: a link that has expired."""


class PlatformGarbled(PlatformError):
    """An answer that cannot be understood: HTML, a cut document, another shape than declared."""


class PlatformResting(PlatformError):
    """Not now, because its owner or an operator wants it left alone. What came before is landed; the next pull goes on
    there.
    """


class StoreError(HutongError):
    """The lake cannot be read or written."""


class CommitContested(StoreError):
    """Every try found that another writer had committed in between."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a mistyped `word`.

    >>> nearest("lenght", ["length", "width"])
    "did you mean 'length'?"
    >>> nearest("colour", ["length", "width"])
    'known: length, width'
    """
    words = sorted(known)
    near = get_close_matches(word, words, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(words)}"
