"""`hutong quarantine`: refused records and why."""

from __future__ import annotations

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say


@click.command(
    help=say(
        "Refused records by rule; with --list each of them with its reason and next step.",
        "按规则汇总被拒记录；--list 逐条列出原因与处理建议。",
    )
)
@click.option("--platform", help=say("Only this platform.", "只看该平台。"))
@click.option("--rule", help=say("Only this rule.", "只看该规则。"))
@click.option("--list", "each", is_flag=True, help=say("One line per finding.", "每个问题一行。"))
@click.option("--limit", default=50, show_default=True, help=say("Lines at most.", "最多行数。"))
@json_option
def quarantine(platform: str | None, rule: str | None, each: bool, limit: int, as_json: bool) -> None:
    """Show the quarantine."""
    from hutong.lake import query

    registry, store, _ = opened()
    if platform is not None:
        registry.connector(platform)
    reason = f"reason_{LANG}"
    chosen = "FROM quarantine WHERE ($platform IS NULL OR platform = $platform) AND ($rule IS NULL OR rule = $rule)"
    if each:
        sql = f"SELECT sequence, batch, record, rule, {reason} AS reason, raw {chosen} ORDER BY ALL LIMIT $limit"
    else:
        sql = f"""SELECT platform, stream, stage, rule, count(*) AS findings,
                         count(DISTINCT (sequence, batch, record)) AS records, min({reason}) AS example
                  {chosen} GROUP BY ALL ORDER BY findings DESC, rule LIMIT $limit"""
    answer = query(sql, registry, store, {"platform": platform, "rule": rule, "limit": limit})
    show(answer.column_names, [list(row.values()) for row in answer.to_pylist()], as_json)
