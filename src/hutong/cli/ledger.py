"""`hutong ledger`: what became of every record."""

from __future__ import annotations

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say
from hutong.model.batch import FATES


@click.command(
    help=say(
        "Received records and their fates, per stream; with --batches per batch. With --drift, the fields in which a"
        " source is no longer as its schema and mapping have it.",
        "按数据流汇总接收记录及其去向；--batches 按批次列出。--drift 列出来源与其结构文件、映射不再一致的字段。",
    )
)
@click.option("--platform", help=say("Only this platform.", "只看该平台。"))
@click.option("--batches", is_flag=True, help=say("One line per batch.", "每个批次一行。"))
@click.option("--drift", is_flag=True, help=say("Fields that drifted.", "发生漂移的字段。"))
@json_option
def ledger(platform: str | None, batches: bool, drift: bool, as_json: bool) -> None:
    """Show the ledger."""
    from hutong.lake import query

    registry, store, _ = opened()
    if platform is not None:
        registry.connector(platform)
    answer = query((_drift if drift else _fates)(batches), registry, store, {"platform": platform})
    show(answer.column_names, [list(row.values()) for row in answer.to_pylist()], as_json)


def _fates(batches: bool) -> str:
    grain = "sequence, batch" if batches else "sequence"
    fates = ", ".join(f"coalesce(sum(count) FILTER (outcome = '{fate}'), 0)::BIGINT AS {fate}" for fate in FATES)
    return f"""SELECT {grain}, sum(count)::BIGINT AS accounted, {fates}, arg_max(completeness, batch) AS completeness,
                      max(published_at) AS published_at
               FROM ledger
               WHERE kind = 'record' AND ($platform IS NULL OR platform = $platform)
               GROUP BY {grain}
               ORDER BY {grain}"""


def _drift(batches: bool) -> str:
    """What changed and in which field; with the batches that show it, or the records of each batch."""
    chosen = "FROM ledger WHERE kind = 'drift' AND ($platform IS NULL OR platform = $platform)"
    if batches:
        return f"""SELECT sequence, batch, outcome AS change, rule AS field, count AS records, received, published_at
                   {chosen} ORDER BY sequence, batch, change, field"""
    return f"""SELECT sequence, outcome AS change, rule AS field, count(*) AS batches, min(batch) AS first_batch,
                      max(batch) AS last_batch, sum(count)::BIGINT AS records, max(published_at) AS published_at
               {chosen} GROUP BY ALL ORDER BY sequence, change, field"""
