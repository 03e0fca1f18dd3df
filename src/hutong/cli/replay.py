"""`hutong replay`: what is declared now, run over what has landed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, plain, progress, show
from hutong.cli.words import say
from hutong.errors import AskedWrongly

if TYPE_CHECKING:
    from hutong.redo import Replayed


@click.command(
    help=say(
        "Run the present mapping, repairs, contracts and code tables over everything that STREAM of PLATFORM has"
        " landed; show what would differ, then publish it as a correction. Records move their fates and never"
        " count twice.",
        "用当前的映射、修复规则、契约与代码表重跑 PLATFORM 的数据流 STREAM 的全部落地数据；先显示差异，再作为更正发布。"
        "记录只改变去向，不会重复计数。",
    )
)
@click.argument("platform")
@click.argument("stream")
@click.option("--city", help=say("Only this city (GB/T 2260).", "只处理该城市（GB/T 2260 代码）。"))
@click.option("--reason", help=say("Why, for the record of operations.", "理由，记入操作记录。"))
@click.option("--dry-run", is_flag=True, help=say("Only show the difference.", "只显示差异。"))
@json_option
def replay(platform: str, stream: str, city: str | None, reason: str | None, dry_run: bool, as_json: bool) -> None:
    """Show what a replay of the stream would change, and publish it unless it is a dry run."""
    if not dry_run and not (reason or "").strip():
        raise AskedWrongly("a correction needs its reason", 'add --reason "...", or look first with --dry-run')
    registry, store, secrets = opened()
    source = registry.source(platform, stream)
    from hutong.redo import replaying

    told: list[dict[str, Any]] = []
    for each in [city] if city else source.connector.cities:
        with replaying(source, each, registry, store, secrets, progress) as found:
            # First, because who is asked to trust a correction wants to see it even if publishing fails.
            account = _account(found)
            if not as_json:
                _show(account)
            sequence = None if dry_run or reason is None else found.publish(reason)
        told.append({**account, "published": sequence and sequence.id})
        if not found.is_needed:
            click.echo(say("nothing to correct", "无需更正"), err=True)
        elif sequence:
            click.echo(say(f"published as {sequence.id}", f"已作为 {sequence.id} 发布"), err=True)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=1, default=plain))


def _account(found: Replayed) -> dict[str, Any]:
    datasets = []
    for difference in found.differences:
        told = asdict(difference)
        del told["partitions"]
        datasets.append({**told, "carried": asdict(found.carried[difference.dataset])})
    fates = [asdict(shift) for shift in found.fates]
    return {"stream": found.stream.live.id, "batches": found.batches, "datasets": datasets, "fates": fates}


def _show(account: dict[str, Any]) -> None:
    click.echo(
        say(
            f"{account['stream']}: {account['batches']} batches run again",
            f"{account['stream']}：重跑 {account['batches']} 个批次",
        ),
        err=True,
    )
    names = ["dataset", "compared", "added", "changed", "moved", "removed"]
    rows = [[told[name] for name in names] + [told["carried"]["rows"]] for told in account["datasets"]]
    show([*names, "carried"], rows)
    fields = [
        [told["dataset"], name, count] for told in account["datasets"] for name, count in told["changed_fields"].items()
    ]
    if fields:
        show(["dataset", "field", "rows"], fields, title=say("changed fields", "变化的字段"))
    examples = []
    for told in account["datasets"]:
        for one in told["examples"]:
            key = "/".join(str(plain(value)) for value in one["key"].values())
            examples.append([told["dataset"], key, one["field"], one["before"], one["after"]])
    if examples:
        show(["dataset", "key", "field", "before", "after"], examples, title=say("for example", "例如"))
    if account["fates"]:
        rows = [list(shift.values()) for shift in account["fates"]]
        show(["fate", "rule", "before", "after"], rows, title=say("fates of records", "记录去向"))
