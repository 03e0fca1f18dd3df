"""`hutong freshness`: which datasets are later than their contracts promise?"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say

if TYPE_CHECKING:
    from hutong.freshness import Freshness

STATES = {
    "fresh": say("fresh", "及时"),
    "late": say("late", "逾期"),
    "paused": say("paused", "已暂停"),
    "quiet": say("quiet hours", "静默时段"),
    "never": say("nothing yet", "尚无数据"),
    "unpromised": say("nothing promised", "未作承诺"),
}


@click.command(
    help=say(
        "Hold what came, by the ledger, against what the contracts promise (latency, frequency) and the connectors'"
        " cadences. Shows what is not fresh; --all shows the rest too. What is late because its platform is paused or"
        " has quiet hours is said and counts as no lateness. Exit 1 when something is late.",
        "对照契约承诺（latency、frequency）与连接器周期，核对台账中实际到达的数据。默认只列出不及时的；--all 列出全部。"
        "因平台暂停或静默时段而未到的会注明，不算逾期。有逾期则以 1 退出。",
    )
)
@click.option("--all", "with_fresh", is_flag=True, help=say("Show what is fresh too.", "同时列出及时的数据。"))
@json_option
def freshness(with_fresh: bool, as_json: bool) -> None:
    """Show how fresh the datasets are."""
    from datetime import UTC, datetime

    from hutong.freshness import freshness as look

    registry, store, _ = opened()
    now = datetime.now(UTC)
    found = look(registry, store, now)
    if as_json:
        click.echo(json.dumps([one.to_dict() for one in found], ensure_ascii=False, indent=1))
    else:
        _show([one for one in found if with_fresh or one.state != "fresh"])
        counts = Counter[str](one.state for one in found)
        said = [f"{counts[state]} {word}" for state, word in STATES.items() if counts[state]]
        click.echo(", ".join(said), err=True)
    if any(one.is_late for one in found):
        raise SystemExit(1)


def _show(found: list[Freshness]) -> None:
    if not found:
        return
    columns = [
        say("state", "状态"),
        say("dataset", "数据集"),
        say("stream", "数据流"),
        say("city", "城市"),
        say("newest", "最新一批"),
        say("late from", "逾期起点"),
    ]
    rows = [
        [STATES[one.state], one.dataset, f"{one.platform}.{one.stream}", one.city, one.newest, one.late_from]
        for one in sorted(found, key=lambda one: not one.is_late)
    ]
    show(columns, rows)
