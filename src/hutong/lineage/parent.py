"""The run that a stage is part of, such as a task of Airflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from hutong.lineage.configured import is_configured


@dataclass(frozen=True, slots=True)
class Parent:
    """A run above ours, and the one above all. Runs are named by UUIDs, jobs within `namespace`."""

    namespace: str
    job: str
    run: str
    root_job: str
    root_run: str


_above: ContextVar[Callable[[], Parent] | None] = ContextVar("hutong_lineage_parent", default=None)


@contextmanager
def under(parent: Callable[[], Parent]) -> Iterator[None]:
    """Stages within the block are parts of `parent`, which is asked only when there is somebody to tell.

    The block ends when what was told is delivered, or two seconds are over: a process of Airflow's ends without notice.
    """
    token = _above.set(parent)
    try:
        yield
    finally:
        _above.reset(token)
        if is_configured():
            from hutong.lineage.sending import flush

            flush()


def above() -> Parent | None:
    """The run that whatever runs now is part of."""
    ask = _above.get()
    return None if ask is None else ask()
