"""Python's collector of circles, kept away while pages become plain data.

It looks again and again through a million objects that make no circles: two thirds of the time that reading an answer
takes, and an eighth of the time that making rows takes. What one page or one batch leaves lying is bounded.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Without it, unless somebody else has switched it off already; a decorator as well."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
