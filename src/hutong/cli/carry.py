"""One sequence carried from the platform to its datasets, told line by line on standard error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import click

from hutong.cli.opened import Opened
from hutong.cli.words import say
from hutong.errors import HutongError, PlatformResting

if TYPE_CHECKING:
    from hutong.model.batch import Landed, Published, Sequence
    from hutong.registry import Registry, Source

End = Literal["well", "resting", "failed"]
"""How it went. `resting`: the platform is left alone for now, as its owner or an operator wants it."""

COLUMNS = ("sequence", "batch", "received", "fates")


def carry(
    source: Source, sequence: Sequence, land: Callable[[], Landed], here: Opened
) -> tuple[list[list[object]], End]:
    """A row of `COLUMNS` per published batch, and how it went.

    What landed before a failure, or waited from an earlier run, is published all the same.
    """
    # Only now, since it takes a second that a mistyped name need not wait for.
    from hutong.pipeline import publish_waiting

    rows: list[list[object]] = []
    end: End = "well"
    title = source.connector.title
    try:
        click.echo(say(f"{sequence.id}: asking {title.en}", f"{sequence.id}：正在读取{title.zh}"), err=True)
        landed = land()
        click.echo(say(f"  {landed.records} records landed", f"  已落地 {landed.records} 条记录"), err=True)
        if landed.doubt is not None:
            click.echo(doubted(landed, here.registry), err=True)
    except PlatformResting as resting:
        end = "resting"
        click.echo(str(resting), err=True)
    except HutongError as wrong:
        end = "failed"
        click.echo(str(wrong), err=True)
    try:
        for published in publish_waiting(source, sequence, here.registry, here.store, here.secrets):
            click.echo(say(f"  batch {published.batch} published", f"  批次 {published.batch} 已发布"), err=True)
            if published.drift:
                click.echo(drifted(published), err=True)
            rows.append([published.sequence, published.batch, published.received, in_words(published.fates)])
    except HutongError as wrong:
        end = "failed"
        click.echo(str(wrong), err=True)
    return rows, end


def doubted(landed: Landed, registry: Registry) -> str:
    """Why what landed is not proven to be all."""
    codes = registry.codes
    kind, why = codes["completeness"][landed.completeness], codes["doubt"][landed.doubt or "unknown"]
    return say(f"  {kind.en}: {why.en}", f"  {kind.zh}：{why.zh}")


def drifted(published: Published) -> str:
    """How the records of a batch differ from what their stream declares."""
    changes = in_words(published.drift)
    return say(
        f"  batch {published.batch} drifted: {changes}; see `hutong ledger --drift`",
        f"  批次 {published.batch} 有字段漂移：{changes}；详见 `hutong ledger --drift`",
    )


def in_words(counts: Mapping[str, int]) -> str:
    """Counts by their names, the largest first."""
    return " ".join(f"{name}={count}" for name, count in sorted(counts.items(), key=lambda item: -item[1]))
