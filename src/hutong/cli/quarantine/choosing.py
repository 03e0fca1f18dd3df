"""Which refused records are meant, and their reasons in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hutong.cli.words import LANG, say
from hutong.errors import AskedWrongly

if TYPE_CHECKING:
    from hutong.model.declared import Words
    from hutong.quarantine import Chosen
    from hutong.quarantine.look import Said
    from hutong.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])
STATUSES = {"open": "待处理", "released": "已放行", "dropped": "已剔除", "any": "全部"}

_FILTERS = [
    click.option("--platform", help=say("Only this platform.", "只看该平台。")),
    click.option("--stream", help=say("Only this stream.", "只看该数据流。")),
    click.option("--rule", help=say("Only this rule.", "只看该规则。")),
    click.option("--city", help=say("Only this city (GB/T 2260).", "只看该城市（GB/T 2260 代码）。")),
    click.option("--batch", type=int, help=say("Only this batch.", "只看该批次。")),
]
status_option = click.option(
    "--status",
    type=click.Choice(list(STATUSES)),
    default="open",
    show_default=True,
    help=say("What became of them.", "处理状态。"),
)
limit_option = click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help=say("Lines at most.", "最多行数。")
)


def filtered(command: F) -> F:
    """`command` with the options by which records are chosen."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def chosen_by(registry: Registry, status: str = "open", **words: Any) -> Chosen:
    """What the options choose. Raises AskedWrongly for a platform or stream that is not declared."""
    from hutong.quarantine import Chosen

    platform, stream = words["platform"], words["stream"]
    if stream is not None and platform is None:
        raise AskedWrongly(f"which platform's stream '{stream}'?", "add --platform")
    if platform is not None:
        registry.source(platform, stream) if stream else registry.connector(platform)
    return Chosen(status=None if status == "any" else status, **words)


def status_said(status: str) -> str:
    """A status in the reader's language."""
    return say(status, STATUSES[status])


def sentence(said: Said) -> str:
    """What happened and why it matters."""
    return (
        f"{in_words(said.what)}；{in_words(said.why)}"
        if LANG == "zh"
        else f"{in_words(said.what)}; {in_words(said.why)}"
    )


def plain_reason(said: Said) -> dict[str, str]:
    """All three parts, for programs."""
    return {"what": in_words(said.what), "why": in_words(said.why), "next_step": in_words(said.next_step)}


def in_words(words: Words) -> str:
    """`words` in the reader's language."""
    return words.zh if LANG == "zh" else words.en
