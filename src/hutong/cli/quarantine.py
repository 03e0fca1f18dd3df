"""`hutong quarantine`: the work queue of refused records."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, plain, show
from hutong.cli.words import LANG, say
from hutong.errors import AskedWrongly

if TYPE_CHECKING:
    from hutong.model.declared import Words
    from hutong.quarantine import Chosen, Shown
    from hutong.quarantine.look import Said
    from hutong.registry import Registry, Source

F = TypeVar("F", bound=Callable[..., Any])
STATUSES = ["open", "released", "dropped", "any"]

_FILTERS = [
    click.option("--platform", help=say("Only this platform.", "只看该平台。")),
    click.option("--stream", help=say("Only this stream.", "只看该数据流。")),
    click.option("--rule", help=say("Only this rule.", "只看该规则。")),
    click.option("--city", help=say("Only this city (GB/T 2260).", "只看该城市（GB/T 2260 代码）。")),
    click.option("--batch", type=int, help=say("Only this batch.", "只看该批次。")),
]
_STATUS = click.option(
    "--status",
    type=click.Choice(STATUSES),
    default="open",
    show_default=True,
    help=say("What became of them.", "处理状态。"),
)
_LIMIT = click.option("--limit", default=50, show_default=True, help=say("Lines at most.", "最多行数。"))


def _filtered(command: F) -> F:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def _chosen(registry: Registry, status: str = "open", **words: Any) -> Chosen:
    from hutong.quarantine import Chosen

    platform, stream = words["platform"], words["stream"]
    if stream is not None and platform is None:
        raise AskedWrongly(f"which platform's stream '{stream}'?", "add --platform")
    if platform is not None:
        registry.source(platform, stream) if stream else registry.connector(platform)
    return Chosen(status=None if status == "any" else status, **words)


@click.group(
    invoke_without_command=True,
    help=say(
        "Refused records as a work queue. Without a command: what waits, by rule.",
        "问题数据工作队列。不带子命令时按规则汇总待处理记录。",
    ),
)
@_filtered
@click.option("--list", "each", is_flag=True, help=say("The same as `quarantine list`.", "等同于 `quarantine list`。"))
@_LIMIT
@json_option
@click.pass_context
def quarantine(ctx: click.Context, /, each: bool, limit: int, as_json: bool, **words: Any) -> None:
    """Show the quarantine."""
    if ctx.invoked_subcommand is None:
        (_list if each else _summary)(limit, as_json, "open", words)


@quarantine.command("summary", help=say("What waits, by rule.", "按规则汇总待处理记录。"))
@_filtered
@_STATUS
@_LIMIT
@json_option
def summary(limit: int, as_json: bool, status: str, **words: Any) -> None:
    """Show what waits."""
    _summary(limit, as_json, status, words)


@quarantine.command(
    "list", help=say("Refused records one by one, with reason and next step.", "逐条列出被拒记录、原因与下一步。")
)
@_filtered
@_STATUS
@_LIMIT
@json_option
def list_(limit: int, as_json: bool, status: str, **words: Any) -> None:
    """List findings."""
    _list(limit, as_json, status, words)


def _summary(limit: int, as_json: bool, status: str, words: dict[str, Any]) -> None:
    from hutong.quarantine import summary

    registry, store, _ = opened()
    groups = summary(_chosen(registry, status, **words), registry, store)[:limit]
    if as_json:
        told = [{**asdict(one), "example": _plain(one.example)} for one in groups]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=plain))
        return
    columns = [
        say("stream", "数据流"), say("rule", "规则"), say("fate", "去向"), say("records", "记录数"),
        say("share", "占比"), say("first seen", "首次发现"), say("for example", "例如"), say("next step", "下一步"),
    ]  # fmt: skip
    rows = [
        [
            f"{one.platform}.{one.stream}",
            one.rule,
            say("published as unmapped", "发布为 unmapped") if one.is_published else say(status, _ZH[status]),
            one.records,
            None if one.share is None else f"{one.share:.2%}",
            one.first_seen.replace(microsecond=0),
            _sentence(one.example),
            _in(one.example.next_step),
        ]
        for one in groups
    ]
    show(columns, rows)
    if not groups:
        click.echo(say("nothing waits", "没有待处理记录"), err=True)


_ZH = {"open": "待处理", "released": "已放行", "dropped": "已剔除", "any": "全部"}


def _list(limit: int, as_json: bool, status: str, words: dict[str, Any]) -> None:
    from hutong.quarantine import listing

    registry, store, _ = opened()
    found = listing(_chosen(registry, status, **words), limit, registry, store)
    if as_json:
        told = [{"id": one.id, **asdict(one), "said": _plain(one.said)} for one in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=plain))
        return
    columns = [
        say("record", "记录"), say("rule", "规则"), say("status", "状态"), say("alike", "同类数"),
        say("reason", "原因"), say("next step", "下一步"),
    ]  # fmt: skip
    rows = [
        [one.id, one.rule, say(one.status, _ZH[one.status]), one.alike, _sentence(one.said), _in(one.said.next_step)]
        for one in found
    ]
    show(columns, rows)


@quarantine.command(
    "show", help=say("One refused record with all that is known of it.", "显示一条被拒记录的全部信息。")
)
@click.argument("record")
@json_option
def show_(record: str, as_json: bool) -> None:
    """Show a record."""
    from hutong.quarantine import RecordId, show_record

    registry, store, secrets = opened()
    found = show_record(RecordId.parse(record), registry, store, secrets)
    if as_json:
        told = {
            **asdict(found),
            "id": str(found.id),
            "reasons": [{"stage": one.stage, "rule": one.rule, **_plain(one.said)} for one in found.reasons],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=plain))
        return
    _tell(found)


def _tell(found: Shown) -> None:
    click.secho(f"{found.id}  {say(found.status, _ZH[found.status])}", bold=True)
    if found.settled_by:
        click.echo(f"  {found.settled_by}")
    for one in found.reasons:
        click.echo(f"- {_in(one.said.what)}")
        click.echo(f"  {_in(one.said.why)}")
        click.echo(f"  {say('next', '下一步')}: {_in(one.said.next_step)}")
    where = f"page {found.page}, position {found.position}", f"第 {found.page} 页第 {found.position} 条"
    click.echo(say(f"from {found.url or '?'}, {where[0]}", f"来自 {found.url or '?'}，{where[1]}"))
    contracts = found.contract_version or "?"
    click.echo(
        say(
            f"held against mapping {found.mapping_version}, {contracts}",
            f"所依据的映射版本 {found.mapping_version}，契约 {contracts}",
        )
    )
    if found.raw is None:
        click.echo(say(f"no raw record: {found.no_raw}", f"无原始记录：{found.no_raw}"))
    else:
        click.echo(json.dumps(found.raw, ensure_ascii=False, indent=1))
    if found.status == "open":
        sequence = found.id.sequence
        names = f"{sequence.platform} {sequence.stream}"
        click.echo(say("what can be done:", "可执行："))
        click.echo(
            f"  hutong quarantine repair {names} NAME --from PATH ... --for {found.reasons[0].rule} --reason ..."
        )
        click.echo(f"  hutong quarantine replay {names} --reason ...")
        click.echo(f"  hutong quarantine drop {found.id} --reason ...")


@quarantine.command(
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


@quarantine.command(
    "replay",
    help=say(
        "Run STREAM of PLATFORM again under the present mapping and repairs; show what would differ, then publish what"
        " passes as a correction. Records move their fates and never count twice.",
        "用当前映射与修复规则重跑 PLATFORM 的数据流 STREAM；先显示差异，再将通过的记录作为更正发布。"
        "记录只改变去向，不会重复计数。",
    ),
)
@click.argument("platform")
@click.argument("stream")
@click.option("--city", help=say("Only this city (GB/T 2260).", "只处理该城市（GB/T 2260 代码）。"))
@click.option("--reason", help=say("Why, for the record of operations.", "理由，记入操作记录。"))
@click.option("--dry-run", is_flag=True, help=say("Only show the difference.", "只显示差异。"))
@json_option
def replay(platform: str, stream: str, city: str | None, reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Replay a stream."""
    from hutong.cli.replay import run_again

    run_again(platform, stream, city, reason, dry_run, as_json)


@quarantine.command(
    "drop",
    help=say(
        "Take refused records out for good: RECORDs, or all that the filters choose of one stream. They stay on record,"
        " as dropped.",
        "永久剔除被拒记录：指定 RECORD，或某一数据流中符合筛选条件的全部记录。记录仍保留，状态为已剔除。",
    ),
)
@click.argument("records", nargs=-1, metavar="[RECORD]...")
@_filtered
@click.option("--reason", required=True, help=say("Why, for the record of operations.", "理由，记入操作记录。"))
@json_option
def drop(records: tuple[str, ...], reason: str, as_json: bool, **words: Any) -> None:
    """Drop records."""
    from hutong.quarantine import RecordId, places_of
    from hutong.redo import drop

    registry, store, _ = opened()
    chosen = _chosen(registry, **words)
    if bool(records) == any(value is not None for value in words.values()):
        raise AskedWrongly(
            "which records?", "name them, or choose those of a stream by --platform, --stream and --rule"
        )
    if not records and chosen.stream is None:
        raise AskedWrongly("records are dropped stream by stream", "add --platform and --stream")
    found = places_of([RecordId.parse(one) for one in records] if records else chosen, registry, store)
    told: list[dict[str, Any]] = []
    for sequence, places in found.items():
        done = drop(sequence, places, reason, registry, store)
        told.append({"stream": sequence.id, "dropped": done.records, "sequence": done.sequence and done.sequence.id})
    if as_json:
        click.echo(json.dumps(told, indent=1))
        return
    count = sum(one["dropped"] for one in told)
    click.echo(say(f"dropped {count} records", f"已剔除 {count} 条记录"))


def _sentence(said: Said) -> str:
    return f"{_in(said.what)}；{_in(said.why)}" if LANG == "zh" else f"{_in(said.what)}; {_in(said.why)}"


def _plain(said: Said) -> dict[str, str]:
    return {"what": _in(said.what), "why": _in(said.why), "next_step": _in(said.next_step)}


def _in(words: Words) -> str:
    return words.zh if LANG == "zh" else words.en
