"""HTTP and SOAP: questions to one platform's host, page by page and window by window."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice

from hutong.errors import PlatformError, PlatformGarbled, PlatformLost
from hutong.extract.paging import pages_of
from hutong.extract.platform import Platform
from hutong.extract.transport import Pull, State, Step
from hutong.extract.window import Window
from hutong.model.paginator import Cursor, HeaderLink, JsonLink

log = logging.getLogger(__name__)


def walk(pull: Pull, window: Window | None, state: State) -> Iterator[Step]:
    """See `transport.Transport`. A state that the platform no longer takes begins the same window anew."""
    with Platform(pull) as platform:
        pages = pages_of(pull.stream, platform, window, state)
        if state:
            try:
                yield from islice(pages, 1)
            except PlatformError as lost:
                if not _may_have_expired(lost, pull):
                    raise
                log.warning("sequence=%s begins its window anew: %s", pull.sequence.id, lost.said)
                pages = pages_of(pull.stream, platform, window, {})
        yield from pages


def _may_have_expired(lost: PlatformError, pull: Pull) -> bool:
    """Whether the place where the pull stopped may be what is refused, and not all of the platform."""
    if isinstance(lost, PlatformLost):
        return True
    # Some say it with HTTP 200 and a page without records; a number of a page does not expire.
    has_lead = isinstance(pull.stream.paginator, Cursor | JsonLink | HeaderLink)
    return has_lead and isinstance(lost, PlatformGarbled)
