"""`hutong release`: give the city's data a version and a name."""

from __future__ import annotations

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say
from hutong.errors import AskedWrongly


@click.command(
    help=say(
        "Pin one version of every table under NAME, chosen so that no batch shows in one table and is missing in"
        " another that it feeds; syncs may go on meanwhile. Without NAME, list the releases. A name is given once."
        " `hutong query --at NAME` reads it.",
        "以 NAME 固定每张表的一个版本，各表彼此一致：批次不会在一张表中可见而在另一张应写入的表中缺失；同步可照常进行。"
        "不给 NAME 时列出全部版本。名称只能使用一次。用 `hutong query --at NAME` 读取。",
    )
)
@click.argument("name", required=False)
@click.option("--reason", help=say("Why, in your words; kept with the release.", "理由，随版本保存。"))
@json_option
def release(name: str | None, reason: str | None, as_json: bool) -> None:
    """Make a release, or list them."""
    from hutong.release import release as make
    from hutong.release import releases

    if (name is None) != (reason is None):
        raise AskedWrongly("a release has a name and a reason", "hutong release NAME --reason TEXT")
    registry, store, _ = opened()
    if name is None or reason is None:
        listed = [[made.name, made.made_at, made.actor, len(made.pins), made.note] for made in releases(store)]
        show(["release", "made_at", "actor", "tables", "reason"], listed, as_json)
        return
    made = make(name, reason, registry, store)
    pinned = [[pin.table, pin.platform, pin.version, pin.contract_version] for pin in made.pins]
    show(["table", "platform", "version", "contract"], pinned, as_json)
    click.echo(say(f"{name}: {len(pinned)} tables pinned", f"{name}：已固定 {len(pinned)} 张表"), err=True)
