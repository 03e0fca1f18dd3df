"""HTTP and SOAP: questions to one platform's host, page by page and window by window."""

from __future__ import annotations

from collections.abc import Iterator

from hutong.extract.paging import pages_of
from hutong.extract.platform import Platform
from hutong.extract.transport import Pull, State, Step
from hutong.extract.window import Window


def walk(pull: Pull, window: Window | None, state: State) -> Iterator[Step]:
    """See `transport.Transport`."""
    with Platform(pull) as platform:
        yield from pages_of(pull.stream, platform, window, state)
