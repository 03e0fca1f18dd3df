"""What a transport is: one function that walks through what a stream has, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hutong.budget import Allowance
from hutong.extract.window import Window
from hutong.model.batch import Completeness, Doubt, Sequence
from hutong.model.connector import Connector, Stream
from hutong.secrets import Secrets

State = Mapping[str, Any]
"""Where a walk goes on: plain data for JSON, kept with the page, given back after a crash; empty at the beginning."""


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull of one stream.

    cursor: what the newest landed page holds, as the source (or the transport) wrote it; None before the first.
    allowance: what the platform's owner allows; every try takes its turn there (`with pull.allowance.spend(): ...`).
    """

    sequence: Sequence
    connector: Connector
    stream: Stream
    secrets: Secrets
    cursor: str | None
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Reply:
    """The bytes of one answer.

    url: where they came from; without secrets once it stands in a `Step`. elapsed_s: over all attempts.
    links: of a Link header, by relation. is_framed: whether the end of the body was marked, so that a cut would show.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    fetched_at: datetime
    elapsed_s: float
    attempts: int
    links: Mapping[str, str] = field(default_factory=dict)
    is_framed: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a walk.

    state: where to go on after it; None: it was the last. completeness, doubt: whether all is there by now, and what
    speaks against it. cursor: for transports that keep their own instead of the newest value of a field.
    """

    reply: Reply
    records: list[dict[str, Any]]
    state: State | None
    completeness: Completeness
    doubt: Doubt | None = None
    cursor: str | None = None


class Transport(Protocol):
    """A way to get at a stream. To add one, write such a function and name it in `transports/__init__.py`."""

    def __call__(self, pull: Pull, window: Window | None, state: State) -> Iterator[Step]:
        """All pages of `window` (None: everything there is), from `state` on; nothing is asked ahead.

        Raises PlatformError (busy, refused, garbled, resting), SecretMissing, RegistryError. Given a state that another
        release or another declaration left, begins anew: what comes twice is told apart by publish.
        """
        ...
