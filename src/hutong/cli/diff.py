"""`hutong diff`: what changed between two versions of the city."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, plain, show
from hutong.cli.words import say


@click.command(
    help=say(
        "Rows added, changed and removed between two releases, by key; of one DATASET or of all. FIRST and SECOND may"
        " also be `now`, TABLE=VERSION, or a time with its zone, as for `query --at`. What differs only in where and"
        " when it came from is no change; what a platform no longer lists is removed. Exit 1 when there are changes.",
        "两个版本之间按主键新增、变更、删除的行；可只看一个 DATASET。FIRST 与 SECOND 也可以是 now、表名=表版本号，"
        "或带时区的时间，与 `query --at` 相同。仅来源与时间不同不算变更；平台已不再列出的行算删除。有变更时以 1 退出。",
    )
)
@click.argument("first")
@click.argument("second")
@click.argument("dataset", required=False)
@click.option(
    "--rows", default=0, metavar="N", type=click.IntRange(min=0), help=say("Show up to N rows.", "显示至多 N 行。")
)
@json_option
def diff(first: str, second: str, dataset: str | None, rows: int, as_json: bool) -> None:
    """Compare two moments."""
    from hutong.changes import changes

    registry, store, _ = opened()
    found = list(changes(first, second, registry, store, dataset, rows))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1, default=plain))
    else:
        show(["dataset", "added", "changed", "removed"], [[o.dataset, o.added, o.changed, o.removed] for o in found])
        for one in found:
            if one.examples:
                lines = [[row.kind, _pairs(row.key), _pairs(row.before), _pairs(row.after)] for row in one.examples]
                show(["change", "key", "before", "after"], lines, title=f"\n{one.dataset}")
    if any(not one.are_none for one in found):
        raise SystemExit(1)


def _pairs(values: dict[str, Any] | None) -> str:
    """Columns and values on one line, without those that say nothing."""
    said = ((name, plain(value)) for name, value in (values or {}).items() if value is not None)
    return " ".join(f"{name}={value}" for name, value in said)
