"""`hutong codes`: codes that a platform sent and its crosswalk lacks."""

from __future__ import annotations

import shlex
from dataclasses import astuple, fields

import click

from hutong import settings
from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say


@click.group(
    help=say(
        "Codes that a platform sent and its crosswalk lacks. They are published as `unmapped`, with the platform's own"
        " value beside it, until somebody says what they mean.",
        "平台发来、但其对照表中没有的代码。在有人说明其含义之前，均发布为 unmapped，并保留平台原值。",
    )
)
def codes() -> None:
    """Run a command."""


@codes.command(
    help=say(
        "List the codes that stand in the base datasets as `unmapped`, most rows first. Ends with 1 if there are any.",
        "列出基础数据集中为 unmapped 的代码，行数多的在前。有任何一个时以 1 结束。",
    )
)
@json_option
def review(as_json: bool) -> None:
    """Show what waits."""
    registry, store, _ = opened()
    from hutong.unmapped import Met
    from hutong.unmapped import review as look

    found = look(registry, store)
    if found or as_json:
        show([field.name for field in fields(Met)], [astuple(one) for one in found], as_json)
    else:
        click.echo(say("every code has a match", "所有代码均有对照"), err=True)
    if found:
        raise SystemExit(1)


@codes.command(
    help=say(
        "Say that CODE of a platform means CANONICAL of the code list LIST: a line more in the platform's crosswalk,"
        " with your name, the day and the reason, and a row in the operations. What is published already changes when"
        " you replay its streams.",
        "说明某平台的代码 CODE 对应代码表 LIST 中的 CANONICAL：在该平台的对照表中增加一行（含操作人、日期与理由），"
        "并写入操作记录。已发布的数据在重跑相应数据流后更正。",
    )
)
@click.argument("code_list", metavar="LIST")
@click.argument("code")
@click.option("--as", "canonical", required=True, metavar="CANONICAL", help=say("Code of LIST.", "LIST 中的代码。"))
@click.option("--reason", required=True, help=say("Why; kept with your name.", "理由，与操作人一并记录。"))
@click.option("--platform", help=say("Whose code, if several sent it.", "多个平台都发来时，指明是哪个平台的代码。"))
def accept(code_list: str, code: str, canonical: str, reason: str, platform: str | None) -> None:
    """Accept a code."""
    registry, store, _ = opened()
    from hutong.unmapped import accept as add

    accepted = add(code_list, code, canonical, reason, platform, registry, store, settings.read())
    line = f"{accepted.path.relative_to(registry.root)}: {code} -> {canonical}"
    click.echo(say(f"{line}; now replay what was published:", f"{line}；请重跑已发布的数据："), err=True)
    for owner, stream in accepted.streams:
        # A platform's code may hold anything, and the line is there to be run.
        click.echo(f"hutong replay {owner} {stream} --reason {shlex.quote(f'{code_list}: {code} -> {canonical}')}")
