"""`hutong quarantine replay` and `drop`: how a record leaves the queue."""

from __future__ import annotations

import json
from typing import Any

import click

from hutong.cli.opened import opened
from hutong.cli.quarantine.choosing import chosen_by, filtered
from hutong.cli.show import json_option
from hutong.cli.words import say
from hutong.errors import AskedWrongly


@click.command(
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


@click.command(
    "drop",
    help=say(
        "Take refused records out for good: RECORDs, or all that the filters choose of one stream. They stay on record,"
        " as dropped.",
        "永久剔除被拒记录：指定 RECORD，或某一数据流中符合筛选条件的全部记录。记录仍保留，状态为已剔除。",
    ),
)
@click.argument("records", nargs=-1, metavar="[RECORD]...")
@filtered
@click.option("--reason", required=True, help=say("Why, for the record of operations.", "理由，记入操作记录。"))
@json_option
def drop(records: tuple[str, ...], reason: str, as_json: bool, **words: Any) -> None:
    """Drop records."""
    from hutong.quarantine import RecordId, places_of
    from hutong.redo import drop

    registry, store, _ = opened()
    chosen = chosen_by(registry, **words)
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
