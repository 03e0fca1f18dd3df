"""`hutong sync`: one platform, now, without Airflow."""

from __future__ import annotations

from typing import Any

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say
from hutong.errors import HutongError


@click.command(
    help=say(
        "Pull what PLATFORM has new, land it, and publish it. Without STREAM all its streams are synced;"
        " one that fails does not stop the others.",
        "拉取 PLATFORM 的新数据，落地并发布。不指定 STREAM 时同步全部数据流；一个失败不影响其他。",
    )
)
@click.argument("platform")
@click.argument("stream", required=False)
@json_option
def sync(platform: str, stream: str | None, as_json: bool) -> None:
    """Sync a platform or one of its streams."""
    registry, store, secrets = opened(needs_lake=False)
    sources = [registry.source(platform, stream)] if stream else registry.sources_of(platform)
    # Only now, since it takes a second that a mistyped name need not wait for.
    from hutong.pipeline import land_new, publish_waiting

    rows: list[list[Any]] = []
    failed = False
    for source in sources:
        for sequence in source.sequences:
            try:
                click.echo(
                    say(
                        f"{sequence.id}: asking {source.connector.title.en}",
                        f"{sequence.id}：正在读取{source.connector.title.zh}",
                    ),
                    err=True,
                )
                landed = land_new(source, sequence, store, secrets)
                click.echo(say(f"  {landed.records} records landed", f"  已落地 {landed.records} 条记录"), err=True)
            except HutongError as wrong:
                failed = True
                click.echo(str(wrong), err=True)
            try:
                # What landed before a failure, or waited from an earlier run, is published all the same.
                for published in publish_waiting(source, sequence, registry, store, secrets):
                    click.echo(
                        say(f"  batch {published.batch} published", f"  批次 {published.batch} 已发布"), err=True
                    )
                    rows.append([published.sequence, published.batch, published.received, _fates(published.fates)])
            except HutongError as wrong:
                failed = True
                click.echo(str(wrong), err=True)
    if rows or as_json:
        show(["sequence", "batch", "received", "fates"], rows, as_json)
    elif not failed:
        click.echo(say("nothing new", "没有新数据"), err=True)
    if failed:
        raise SystemExit(1)


def _fates(fates: dict[str, int]) -> str:
    return " ".join(f"{fate}={count}" for fate, count in sorted(fates.items(), key=lambda item: -item[1]))
