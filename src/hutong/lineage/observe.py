"""A stage, watched while it runs: that it began, and how it ended. The only door through which stages are told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from hutong.errors import PlatformResting
from hutong.lineage.configured import is_configured
from hutong.lineage.sending import lost
from hutong.model.batch import Landed, Published, Sequence
from hutong.model.dataset import Dataset
from hutong.model.window import Window
from hutong.registry import Source
from hutong.store.paths import Store

Receipt = Landed | Published
Ended = Callable[[Receipt], None]
"""Takes the receipt with which a stage ended well."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a stage is about to do. `accept` publishes what a gate refused, `replay` what is declared otherwise by now.

    batch: None for `land`, which numbers its batches itself. quarantine: the dataset that takes what may not pass; None
    for `land`. window: what a backfill asks for.
    """

    stage: Literal["land", "publish", "accept", "replay"]
    source: Source
    sequence: Sequence
    store: Store
    batch: int | None = None
    quarantine: Dataset | None = None
    window: Window | None = None


@contextmanager
def observed(work: Work | None) -> Iterator[Ended]:
    """Tell that `work` began, and when the block ends how: well with the receipt that was given, or with its error.
    None is work that nobody is told of.

    Whatever telling meets, the block does not: it neither fails of it nor waits for it.
    """
    if work is None or not is_configured():
        yield _unheard
        return
    try:
        from hutong.lineage.telling import Telling
    except ImportError:
        lost("openlineage-python is not installed, `pip install 'hutong[lineage]'` brings it")
        yield _unheard
        return
    receipts: list[Receipt] = []
    telling = Telling(work)
    telling.started()
    try:
        yield receipts.append
    except PlatformResting:
        # Somebody wants the platform left alone, which is no failure of anything.
        telling.stopped()
        raise
    except Exception as wrong:
        telling.failed(wrong)
        raise
    except BaseException:
        telling.stopped()
        raise
    telling.completed(receipts[-1] if receipts else None)


def _unheard(_: Receipt) -> None:
    return
