"""`hutong ledger`: what became of every record."""

from __future__ import annotations

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say


@click.command(
    help=say(
        "Received records and their fates, per stream; with --batches per batch.",
        "按数据流汇总接收记录及其去向；--batches 按批次列出。",
    )
)
@click.option("--platform", help=say("Only this platform.", "只看该平台。"))
@click.option("--batches", is_flag=True, help=say("One line per batch.", "每个批次一行。"))
@json_option
def ledger(platform: str | None, batches: bool, as_json: bool) -> None:
    """Show the ledger."""
    from hutong.lake import query
    from hutong.model.batch import FATES

    registry, store, _ = opened()
    if platform is not None:
        registry.connector(platform)
    grain = "sequence, batch" if batches else "sequence"
    fates = ", ".join(f"coalesce(sum(count) FILTER (outcome = '{fate}'), 0)::BIGINT AS {fate}" for fate in FATES)
    answer = query(
        f"""SELECT {grain}, sum(count)::BIGINT AS accounted, {fates}, arg_max(completeness, batch) AS completeness,
                   max(published_at) AS published_at
            FROM ledger
            WHERE kind = 'record' AND ($platform IS NULL OR platform = $platform)
            GROUP BY {grain}
            ORDER BY {grain}""",
        registry,
        store,
        {"platform": platform},
    )
    show(answer.column_names, [list(row.values()) for row in answer.to_pylist()], as_json)
