"""What the UI says about a DAG, in both languages: made from the connector and the contracts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from hutong.model.connector import Connector
from hutong.model.declared import Words
from hutong.registry import Registry, Source

_HEAD = (
    "| 数据流 stream | 内容 | content | 数据集 dataset | 时段 window | 时限 latency |",
    "|---|---|---|---|---|---|",
)

WHEN_RED = """
**变红时**：打开失败的任务，日志最后一行写明原因与下一步。平台忙或存储出错会自动重试；凭据、连接器或地址有误须先改正。
`gates` 变红表示有批次被质量门拒绝：`hutong gates` 列出，`hutong gates accept|reject` 处理。清除或重跑都不会重复计数。

**When it is red**: open the task that failed; the last line of its log says why and what to do. A busy platform and the
store are tried again by themselves; a credential, a connector or an address has to be mended first, then clear the
task. When `gates` is red a batch was refused: `hutong gates` lists it, `hutong gates accept|reject` ends it. Clearing
or running again counts nothing twice.
"""


def sync_page(registry: Registry, connector: Connector, cadence: str) -> str:
    """The page of a sync."""
    when = connector.cadences.get(cadence)
    said = f"`{when}` Asia/Shanghai" if when else "按需 when told"
    lines = [*_titled(connector), f"周期 cadence **{cadence}**: {said}", ""]
    lines += _table(registry.source(connector.platform, name) for name in connector.by_cadence[cadence])
    return "\n".join(lines) + "\n" + WHEN_RED


def backfill_page(registry: Registry, connector: Connector, streams: list[str]) -> str:
    """The page of a backfill."""
    about = Words(
        zh="补采一段过去的数据：按块、从旧到新，与日常同步并行且优先级较低；中断后重跑即从未完成的块继续，"
        "与 `hutong backfill` 及 Airflow 自带的 backfill 结果相同。",
        en="Brings a stretch of the past in chunks, oldest first, beside the live syncs and behind them in priority."
        " Run again, it goes on where it stopped; it ends in the same tables as `hutong backfill` and Airflow's own"
        " backfill.",
    )
    lines = [*_titled(connector), about.zh, "", about.en, ""]
    lines += _table(registry.source(connector.platform, name) for name in streams)
    return "\n".join(lines) + "\n" + WHEN_RED


def _titled(connector: Connector) -> list[str]:
    return [f"**{connector.title.zh}** {connector.title.en} · {connector.owner}", ""]


def _table(sources: Iterable[Source]) -> list[str]:
    rows = []
    for source in sources:
        title, datasets = source.stream.title, source.datasets.values()
        filled = "<br>".join(f"`{one.id}` {one.words.zh}" for one in datasets)
        late = "<br>".join(_spoken(one.latency) for one in datasets)
        window = "✓" if source.stream.window_by is not None else "–"
        cells = (f"`{source.name}`", title.zh, title.en, filled, window, late)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*_HEAD, *rows]


def _spoken(length: timedelta | None) -> str:
    return "–" if length is None else str(length)
