"""`hutong connector`: which platforms may be asked, and how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hutong import settings
from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import say
from hutong.errors import AskedWrongly

if TYPE_CHECKING:
    from hutong.budget import Used
    from hutong.model.bounds import Budget
    from hutong.pauses import Order

REASON = click.option("--reason", required=True, help=say("Why; kept with your name.", "理由，与操作人一并记录。"))


@click.group(help=say("Which platforms may be asked, and how much.", "哪些平台可以访问，以及访问量。"))
def connector() -> None:
    """Group the commands about connectors."""


@connector.command(
    help=say(
        "Leave PLATFORM alone: syncs and backfills, those that run now too, stop before their next request. What came"
        " is landed and published, and they go on there after `hutong connector resume`.",
        "暂停访问 PLATFORM：同步与补采（含正在运行的）在下一次请求前停止。已取得的数据照常落地并发布，"
        "`hutong connector resume` 之后从停止处继续。",
    )
)
@click.argument("platform")
@REASON
def pause(platform: str, reason: str) -> None:
    """Pause a platform."""
    from hutong.pauses import pause as order

    registry, store, _ = opened(needs_lake=False)
    order(platform, _given(reason), registry, store)
    click.echo(say(f"{platform} is paused", f"{platform} 已暂停"), err=True)


@connector.command(help=say("Let PLATFORM be asked again.", "恢复访问 PLATFORM。"))
@click.argument("platform")
@REASON
def resume(platform: str, reason: str) -> None:
    """Resume a platform."""
    from hutong.pauses import resume as order

    registry, store, _ = opened(needs_lake=False)
    order(platform, _given(reason), registry, store)
    click.echo(say(f"{platform} may be asked again", f"{platform} 已恢复访问"), err=True)


@connector.command(
    "list",
    help=say(
        "Which platforms may be asked now, which not and why; what of their budgets this machine uses.",
        "各平台当前是否可以访问及原因，以及本机的配额使用情况。",
    ),
)
@click.argument("platform", required=False)
@json_option
def list_(platform: str | None, as_json: bool) -> None:
    """List the connectors."""
    from hutong.budget import used
    from hutong.pauses import orders

    registry, store, _ = opened(needs_lake=False)
    listed = [registry.connector(platform)] if platform else registry.connectors.values()
    ordered, now = orders(registry, store), settings.read()
    columns, row = (FULL, _full) if as_json else (SHORT, _short)
    rows = [
        row(desk, ordered.get(one.platform), one.budget, used(one, now, desk)) for one in listed for desk in one.desks
    ]
    show(columns, rows, as_json)


SHORT = [
    say("platform", "平台"),
    say("state", "状态"),
    say("since", "起"),
    say("until", "止"),
    say("why", "原因"),
    say("by", "操作人"),
    say("last minute", "近一分钟请求"),
    say("under way", "进行中"),
]
FULL = [
    "platform", "is_paused", "since", "by", "reason", "requests", "requests_per_minute", "under_way", "concurrency",
    "failures", "breaker_open_until", "held_until", "quiet_until",
]  # fmt: skip


def _full(name: str, order: Order | None, budget: Budget, now: Used) -> list[object]:
    paused = order if order is not None and order.is_pause else None
    return [
        name,
        paused is not None,
        paused and paused.at,
        paused and paused.actor,
        paused and paused.reason,
        now.requests,
        budget.requests_per_minute,
        now.under_way,
        budget.concurrency,
        now.failures,
        now.open_until,
        now.held_until,
        now.quiet_until,
    ]


def _short(name: str, order: Order | None, budget: Budget, now: Used) -> list[object]:
    asked = None if budget.requests_per_minute is None else f"{now.requests or 0}/{budget.requests_per_minute}"
    under_way = f"{now.under_way}/{budget.concurrency}"
    if order is not None and order.is_pause:
        return [name, say("paused", "已暂停"), order.at, None, order.reason, order.actor, asked, under_way]
    state, until, why = _state(now)
    return [name, state, None, until, why, None, asked, under_way]


def _state(now: Used) -> tuple[object, object, object]:
    """What keeps the platform from being asked, until when, and why."""
    if now.quiet_until:
        return say("quiet", "静默"), now.quiet_until, say("quiet hours", "静默时段")
    if now.open_until:
        why = say(f"{now.failures} requests in a row failed", f"连续 {now.failures} 次请求失败")
        return say("broken", "熔断"), now.open_until, why
    if now.held_until:
        return say("held", "等待"), now.held_until, say("it asked for it (Retry-After)", "平台要求等待（Retry-After）")
    return say("open", "可访问"), None, None


def _given(reason: str) -> str:
    if not reason.strip():
        raise AskedWrongly("the reason is empty", "say in some words why: others will read it")
    return reason.strip()
