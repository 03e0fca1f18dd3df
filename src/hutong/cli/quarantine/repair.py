"""`hutong quarantine repair`."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option
from hutong.cli.words import say
from hutong.errors import AskedWrongly

if TYPE_CHECKING:
    from hutong.registry import Source


@click.command(
    "repair",
    help=say(
        "Write a repair NAME for STREAM of PLATFORM: a reviewed file beside the mapping that says how records refused"
        " for a rule are to be read. Nothing is published; `quarantine replay` does.",
        "为 PLATFORM 的数据流 STREAM 写一条名为 NAME 的修复规则：与映射并列、经审核的文件，"
        "说明因某规则被拒的记录应如何读取。此命令不发布数据，由 `quarantine replay` 发布。",
    ),
)
@click.argument("platform")
@click.argument("stream")
@click.argument("name")
@click.option("--from", "from_", required=True, help=say("Path of the raw value.", "原始值的路径。"))
@click.option(
    "--for", "rules", multiple=True, required=True, help=say("Rule that refused the records.", "拒绝这些记录的规则。")
)
@click.option(
    "--code",
    "codes",
    multiple=True,
    metavar="RAW=CODE",
    help=say("A raw code means this code.", "原始代码对应的共享代码。"),
)
@click.option("--zone", help=say("The times are in this zone (IANA).", "时间所用的时区（IANA 名称）。"))
@click.option("--prefix", help=say("Cut this off in front.", "去掉此前缀。"))
@click.option("--suffix", help=say("Cut this off behind.", "去掉此后缀。"))
@click.option("--number", is_flag=True, help=say("What is left is a number.", "剩余部分为数值。"))
@click.option(
    "--missing", multiple=True, help=say("This value (JSON) says: unavailable.", "该取值（JSON）表示不可用。")
)
@click.option("--swap", is_flag=True, help=say("The coordinates came in the other order.", "坐标次序颠倒。"))
@click.option("--city", "cities", multiple=True, help=say("Only records of this city.", "只处理该城市的记录。"))
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]),
    help=say("Only received from here on.", "只处理此时起接收的记录。"),
)
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help=say("Only received before.", "只处理此前接收的记录。")
)
@click.option("--reason", required=True, help=say("Why it is right.", "理由。"))
@click.option("--author", help=say("Whose decision it is; the account by default.", "决定人，默认为当前账户。"))
@json_option
def repair(platform: str, stream: str, name: str, reason: str, as_json: bool, **words: Any) -> None:
    """Write a repair."""
    from hutong import settings
    from hutong.operations import write_down
    from hutong.quarantine import try_repair, write_repair

    registry, store, secrets = opened()
    declared = _declared(registry.source(platform, stream), reason, **words)
    now = settings.read()
    path, registry = write_repair(name, declared, registry.source(platform, stream), now)
    source = registry.source(platform, stream)
    write_down("repair", f"{source.id}/{name}", reason, registry, store)
    tried = try_repair(name, source, registry, store, secrets)
    written = str(path.relative_to(now.root))
    if as_json:
        click.echo(json.dumps({"file": written, **asdict(tried)}, indent=1))
        return
    click.echo(say(f"wrote {written}", f"已写入 {written}"))
    click.echo(
        say(
            f"it would release {tried.released} of {tried.waiting} waiting records",
            f"可放行 {tried.waiting} 条待处理记录中的 {tried.released} 条",
        )
    )
    if not tried.waiting:
        click.echo(
            say(
                "nothing waits that such a rule refused: `hutong quarantine summary` names the rules that did",
                "没有因该规则待处理的记录；`hutong quarantine summary` 列出各规则",
            )
        )
    if tried.gone:
        click.echo(say(f"landing no longer holds {tried.gone} of them", f"其中 {tried.gone} 条已不在落地数据中"))
    click.echo(say(f"next: hutong quarantine replay {platform} {stream} --reason ...",
                   f"下一步：hutong quarantine replay {platform} {stream} --reason ..."))  # fmt: skip


def _declared(
    source: Source,
    reason: str,
    *,
    from_: str,
    rules: tuple[str, ...],
    codes: tuple[str, ...],
    zone: str | None,
    prefix: str | None,
    suffix: str | None,
    number: bool,
    missing: tuple[str, ...],
    swap: bool,
    cities: tuple[str, ...],
    since: Any,
    until: Any,
    author: str | None,
) -> dict[str, Any]:
    """What the file is to say. Raises AskedWrongly unless exactly one kind of repair is asked for."""
    import getpass

    kinds: dict[str, dict[str, Any]] = {}
    if codes:
        if wrong := [one for one in codes if "=" not in one]:
            raise AskedWrongly(f"--code {wrong[0]} names no code", "write it as RAW=CODE, such as 7=severe")
        if twice := [raw for raw, count in Counter(one.partition("=")[0] for one in codes).items() if count > 1]:
            raise AskedWrongly(f"--code gives '{twice[0]}' two meanings", "keep one of them")
        kinds["map_code"] = {"codes": dict(one.split("=", 1) for one in codes)}
    if zone is not None:
        kinds["zone"] = {"zone": zone}
    if prefix is not None or suffix is not None:
        kinds["strip"] = {"prefix": prefix or "", "suffix": suffix or "", "as_number": number}
    if missing:
        kinds["missing"] = {"values": [_json_value(one) for one in missing]}
    if swap:
        kinds["swap"] = {}
    if len(kinds) != 1:
        raise AskedWrongly(
            "a repair does one thing", "state one of --code, --zone, --prefix or --suffix, --missing, --swap"
        )
    ((kind, said),) = kinds.items()
    received = {"from": since, "to": until}
    return {
        "stream": source.id,
        "repair": kind,
        "from": from_,
        **said,
        "refused_for": list(rules),
        **({"cities": list(cities)} if cities else {}),
        **({"received": {name: one for name, one in received.items() if one}} if any(received.values()) else {}),
        "reason": reason,
        "author": author or getpass.getuser(),
        "date": date.today(),
    }


def _json_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
