"""`hutong backfill`: a stretch of the past, beside the running syncs."""

from __future__ import annotations

from functools import partial

import click

from hutong import settings
from hutong.cli.carry import COLUMNS, End, carry
from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say
from hutong.model.window import Window


@click.command(
    help=say(
        "Pull what PLATFORM has of STREAM from one instant up to another, and publish it. Runs beside the live sync in"
        " a sequence of its own; the same command again goes on where it stopped."
        " Example: hutong backfill traffic_safety accident --from 2026-03-17T00:00+08:00 --to 2026-03-18T00:00+08:00",
        "补采 PLATFORM 的 STREAM 在给定时段内的数据并发布。补采有自己的批次序列，可与日常同步并行；"
        "中断后重复同一命令即可续采。",
    )
)
@click.argument("platform")
@click.argument("stream")
@click.option("--from", "start", required=True, help=say("ISO 8601 with its zone.", "ISO 8601 时间，须带时区。"))
@click.option("--to", "end", required=True, help=say("ISO 8601 with its zone; not included.", "同上；不含该时刻。"))
@json_option
def backfill(platform: str, stream: str, start: str, end: str, as_json: bool) -> None:
    """Backfill a window of a stream."""
    window = Window.read(start, end)
    here = opened(needs_lake=False)
    source = here.registry.source(platform, stream)
    from hutong.pipeline import allowance, land_window

    rows: list[list[object]] = []
    ends = set[End]()
    for live in source.sequences:
        sequence = live.within(window)
        allowed = allowance(source, live.city, here.registry, here.store, settings.read())
        land = partial(land_window, source, sequence, window, here.store, here.secrets, allowed)
        carried, end = carry(source, sequence, land, here)
        rows += carried
        ends.add(end)
    show(COLUMNS, rows, as_json)
    # Other than a sync, which comes again by itself, it was asked for a stretch of time and has not brought it.
    if ends != {"well"}:
        raise SystemExit(1)
