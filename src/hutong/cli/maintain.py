"""`hutong maintain`: remove what nothing promises any longer, and make files and logs quick to read."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from hutong import settings
from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say

if TYPE_CHECKING:
    from hutong.upkeep import Upkeep


@click.command(
    help=say(
        "Remove landed pages past their contract's retention, files and log entries that no version within reach and no"
        " release needs; merge small files, write checkpoints. Batches that the ledger does not close keep theirs."
        " What goes cannot be had again: --dry-run shows it first.",
        "清理超过契约保存期限的落地页，以及可回溯范围内各版本与各发布版都不再需要的文件和日志；合并小文件，写检查点。"
        "台账未结的批次一律保留。删除不可恢复：请先用 --dry-run 查看。",
    )
)
@click.option(
    "--dry-run", is_flag=True, help=say("Show what would go; change nothing.", "只列出将被清理的内容，不作改动。")
)
@click.option(
    "--time-travel",
    "days",
    type=click.IntRange(min=7),
    default=settings.read().time_travel_days,
    show_default=True,
    help=say(
        "Days for which every version can be read again; set by HUTONG_TIME_TRAVEL_DAYS too.",
        "各版本可回溯的天数；也可由 HUTONG_TIME_TRAVEL_DAYS 设定。",
    ),
)
@json_option
def maintain(dry_run: bool, days: int, as_json: bool) -> None:
    """Keep up every table of the lake."""
    from datetime import UTC, datetime, timedelta

    from hutong.upkeep import maintain as keep_up

    registry, store, _ = opened()
    tables = keep_up(registry, store, datetime.now(UTC), timedelta(days=days), dry_run)
    if as_json:
        click.echo(json.dumps([table.to_dict() for table in tables], ensure_ascii=False, indent=1))
    else:
        _show(tables, dry_run)
    if any(table.problem for table in tables):
        raise SystemExit(1)


def _show(tables: list[Upkeep], dry_run: bool) -> None:
    from hutong.upkeep import figures

    plans = {table.table: table.plan for table in tables if table.plan is not None and not table.plan.is_empty}
    if plans:
        rows = [[name, *asdict(figures([plan])).values(), plan.held or ""] for name, plan in plans.items()]
        show(["table", *asdict(figures([])), "held by"], rows)
    for table in tables:
        if table.problem:
            click.echo(f"{table.table}: {table.problem}", err=True)
    sums = figures(plans.values())
    if not plans:
        click.echo(say("nothing to do", "无需维护"), err=True)
    elif dry_run:
        click.echo(
            say(
                f"would remove {sums.pages} pages, {sums.files} files of {sums.bytes} bytes and {sums.log_files} log"
                f" files, and merge {sums.merged} small files; nothing was changed",
                f"将清理 {sums.pages} 页、{sums.files} 个文件（{sums.bytes} 字节）和 {sums.log_files} 个日志文件，"
                f"合并 {sums.merged} 个小文件；未作任何改动",
            ),
            err=True,
        )
