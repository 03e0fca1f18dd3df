"""`hutong quarantine`: the work queue of refused records."""

from __future__ import annotations

from typing import Any

import click

from hutong.cli.quarantine.choosing import filtered, limit_option
from hutong.cli.quarantine.drop import drop
from hutong.cli.quarantine.look import list_, print_list, print_summary, show_, summary
from hutong.cli.quarantine.repair import repair
from hutong.cli.replay import replay
from hutong.cli.show import json_option
from hutong.cli.words import say


@click.group(
    invoke_without_command=True,
    help=say(
        "Refused records as a work queue. Without a command: what waits, by rule.",
        "问题数据工作队列。不带子命令时按规则汇总待处理记录。",
    ),
)
@filtered
@click.option("--list", "each", is_flag=True, help=say("The same as `quarantine list`.", "等同于 `quarantine list`。"))
@limit_option
@json_option
@click.pass_context
def quarantine(ctx: click.Context, /, each: bool, limit: int, as_json: bool, **words: Any) -> None:
    """Show the quarantine."""
    if ctx.invoked_subcommand is None:
        (print_list if each else print_summary)(limit, as_json, "open", words)


# What is refused is run again by the very command that runs a stream again.
for command in (summary, list_, show_, repair, replay, drop):
    quarantine.add_command(command)
