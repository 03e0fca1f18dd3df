"""`hutong quarantine summary`, `list` and `show`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from hutong.cli.opened import opened
from hutong.cli.quarantine.choosing import (
    chosen_by,
    filtered,
    in_words,
    limit_option,
    plain_reason,
    sentence,
    status_option,
    status_said,
)
from hutong.cli.show import json_option, plain, show
from hutong.cli.words import say

if TYPE_CHECKING:
    from hutong.quarantine import Shown


@click.command("summary", help=say("What waits, by rule.", "按规则汇总待处理记录。"))
@filtered
@status_option
@limit_option
@json_option
def summary(limit: int, as_json: bool, status: str, **words: Any) -> None:
    """Show what waits."""
    print_summary(limit, as_json, status, words)


@click.command(
    "list", help=say("Refused records one by one, with reason and next step.", "逐条列出被拒记录、原因与下一步。")
)
@filtered
@status_option
@limit_option
@json_option
def list_(limit: int, as_json: bool, status: str, **words: Any) -> None:
    """List findings."""
    print_list(limit, as_json, status, words)


def print_summary(limit: int, as_json: bool, status: str, words: dict[str, Any]) -> None:
    """What waits, by rule."""
    from hutong.quarantine import summary

    registry, store, _ = opened()
    groups = summary(chosen_by(registry, status, **words), registry, store)[:limit]
    if as_json:
        told = [{**asdict(one), "example": plain_reason(one.example)} for one in groups]
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
            say("published as unmapped", "发布为 unmapped") if one.is_published else status_said(status),
            one.records,
            None if one.share is None else f"{one.share:.2%}",
            one.first_seen.replace(microsecond=0),
            sentence(one.example),
            in_words(one.example.next_step),
        ]
        for one in groups
    ]
    show(columns, rows)
    if not groups:
        click.echo(say("nothing waits", "没有待处理记录"), err=True)


def print_list(limit: int, as_json: bool, status: str, words: dict[str, Any]) -> None:
    """Finding by finding."""
    from hutong.quarantine import listing

    registry, store, _ = opened()
    found = listing(chosen_by(registry, status, **words), limit, registry, store)
    if as_json:
        told = [{"id": one.id, **asdict(one), "said": plain_reason(one.said)} for one in found]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=plain))
        return
    columns = [
        say("record", "记录"), say("rule", "规则"), say("status", "状态"), say("alike", "同类数"),
        say("reason", "原因"), say("next step", "下一步"),
    ]  # fmt: skip
    rows = [
        [one.id, one.rule, status_said(one.status), one.alike, sentence(one.said), in_words(one.said.next_step)]
        for one in found
    ]
    show(columns, rows)


@click.command("show", help=say("One refused record with all that is known of it.", "显示一条被拒记录的全部信息。"))
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
            "reasons": [{"stage": one.stage, "rule": one.rule, **plain_reason(one.said)} for one in found.reasons],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=plain))
        return
    _tell(found)


def _tell(found: Shown) -> None:
    click.secho(f"{found.id}  {status_said(found.status)}", bold=True)
    if found.settled_by:
        click.echo(f"  {found.settled_by}")
    for one in found.reasons:
        click.echo(f"- {in_words(one.said.what)}")
        click.echo(f"  {in_words(one.said.why)}")
        click.echo(f"  {say('next', '下一步')}: {in_words(one.said.next_step)}")
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
