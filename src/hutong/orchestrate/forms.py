"""The forms with which a person starts a DAG: every field with its title and meaning in both languages."""

from __future__ import annotations

from collections.abc import Iterable

from airflow.sdk import Param

from hutong.model.connector import Connector

ALL = "不选表示全部。 None chosen means all."


def sync_form(connector: Connector, streams: Iterable[str]) -> dict[str, Param]:
    """What a sync may be asked for; left as it is, it reads on from where it stopped."""
    return {
        "streams": _several("数据流 Streams", streams, ALL),
        "cities": _several("城市 Cities", connector.cities, f"行政区划代码。 Division codes. {ALL}"),
        "window_from": _instant(
            "起 From", "留空：从上次的游标继续。 Empty: reads on from the cursor.", is_needed=False
        ),
        "window_to": _instant("止 To", "不含该时刻。 Not included.", is_needed=False),
        "full_refresh": Param(
            False,
            type="boolean",
            title="全量重读 Full refresh",
            description="忘记游标，从头读取；自有批次序列，结果写入同样的表。"
            " Forgets the cursor and reads from the beginning, in a sequence of its own; it ends in the same tables.",
        ),
        "dry_run": _dry_run(),
    }


def backfill_form(connector: Connector, streams: list[str]) -> dict[str, Param]:
    """What a backfill is asked for."""
    most = connector.budget.concurrency
    return {
        "stream": Param(streams[0], type="string", enum=streams, title="数据流 Stream"),
        "cities": _several("城市 Cities", connector.cities, f"行政区划代码。 Division codes. {ALL}"),
        "window_from": _instant("起 From", "带时区。 With its zone."),
        "window_to": _instant("止 To", "不含该时刻。 Not included."),
        "chunk": Param(
            "1d",
            type="string",
            pattern=r"^[0-9]{1,6}[smhdw]$|^P.+",
            title="分块 Chunk",
            description="每块的时长，如 1h、1d；每块一次落地与发布，中断后从未完成的块继续。 Such as 1h or 1d."
            " Each chunk is landed and published by itself, and what came is not asked for again.",
        ),
        "max_parallel": Param(
            max(1, most - 1),
            type="integer",
            minimum=1,
            maximum=most,
            title="并行 At once",
            description=f"同时进行的块数；平台预算为 {most}，日常同步也在其中。"
            f" Chunks under way at once; the platform's budget is {most}, live syncs included.",
        ),
        "dry_run": _dry_run(),
    }


def _several(title: str, words: Iterable[str], description: str) -> Param:
    known = list(words)
    return Param(
        [],
        type="array",
        items={"type": "string", "enum": known},
        uniqueItems=True,
        examples=known,
        title=title,
        description=description,
    )


def _instant(title: str, description: str, *, is_needed: bool = True) -> Param:
    if is_needed:
        return Param(type="string", format="date-time", title=title, description=description)
    return Param(None, type=["null", "string"], format="date-time", title=title, description=description)


def _dry_run() -> Param:
    return Param(
        False,
        type="boolean",
        title="仅计划 Dry run",
        description="只在日志中列出将要做什么，不访问平台。"
        " Only says in the log what it would do; no platform is asked.",
    )
