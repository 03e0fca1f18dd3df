"""`hutong quarantine`: refused records and why."""

from __future__ import annotations

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say


@click.command(help=say("Refused records by rule; with --list each of them with its reason and next step.", "按规则汇总被拒记录；--list 逐条列出原因与处理建议。"))
@click.option("--platform", help=say("Only this platform.", "只看该平台。"))
@click.option("--rule", help=say("Only this rule.", "只看该规则。"))
@click.option("--list", "each", is_flag=True, help=say("One line per finding.", "每个问题一行。"))
@click.option("--limit", default=50, show_default=True, help=say("Lines at most.", "最多行数。"))
@json_option
def quarantine(platform: str | None, rule: str | None, each: bool, limit: int, as_json: bool) -> None:
    """Show the quarantine."""
    from hutong.lake import connect

    registry, store, _ = opened()
    if platform is not None:
        registry.connector(platform)
    where = "(?::VARCHAR IS NULL OR platform = ?) AND (?::VARCHAR IS NULL OR rule = ?)"
    reason = f"reason_{LANG}"
    if each:
        sql = f"SELECT sequence, batch, record, rule, {reason} AS reason, raw FROM quarantine WHERE {where} ORDER BY ALL LIMIT ?"
    else:
        sql = f"""SELECT platform, stream, stage, rule, count(*) AS findings, count(DISTINCT (sequence, batch, record)) AS records,
                  min({reason}) AS example FROM quarantine WHERE {where} GROUP BY ALL ORDER BY findings DESC, rule LIMIT ?"""
    answer = connect(registry, store).execute(sql, [platform, platform, rule, rule, limit]).to_arrow_table()
    show(answer.column_names, [list(row.values()) for row in answer.to_pylist()], as_json)
