"""`hutong sync`: one platform, now, without Airflow."""

from __future__ import annotations

from functools import partial

import click

from hutong import settings
from hutong.cli.carry import COLUMNS, End, carry
from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say


@click.command(
    help=say(
        "Pull what PLATFORM has new, land it, and publish it. Without STREAM all its streams are synced;"
        " one that fails does not stop the others. A platform that is paused or has quiet hours is no failure.",
        "拉取 PLATFORM 的新数据，落地并发布。不指定 STREAM 时同步全部数据流；一个失败不影响其他。"
        "平台已暂停或处于静默时段不算失败。",
    )
)
@click.argument("platform")
@click.argument("stream", required=False)
@json_option
def sync(platform: str, stream: str | None, as_json: bool) -> None:
    """Sync a platform or one of its streams."""
    here = opened(needs_lake=False)
    sources = [here.registry.source(platform, stream)] if stream else here.registry.sources_of(platform)
    from hutong.pipeline import allowance, land_new

    rows: list[list[object]] = []
    ends = set[End]()
    now = settings.read()
    for source in sources:
        for sequence in source.sequences:
            allowed = allowance(source, sequence.city, here.registry, here.store, now)
            land = partial(land_new, source, sequence, here.store, here.secrets, allowed)
            carried, end = carry(source, sequence, land, here)
            rows += carried
            ends.add(end)
    if rows or as_json:
        show(COLUMNS, rows, as_json)
    elif ends == {"well"}:
        click.echo(say("nothing new", "没有新数据"), err=True)
    if "failed" in ends:
        raise SystemExit(1)
