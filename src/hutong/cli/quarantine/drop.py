"""`hutong quarantine drop`: a person takes records out of the queue."""

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
