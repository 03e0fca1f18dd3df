"""`hutong backfill`: a stretch of the past, beside the running syncs."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Event
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from hutong import settings
from hutong.cli.carry import doubted, drifted, in_words
from hutong.cli.opened import opened
from hutong.cli.show import json_option, progress, show
from hutong.cli.words import say
from hutong.model.window import Window, read_length

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from hutong.backfill import Chunk, Outcome
    from hutong.model.declared import Words
    from hutong.registry import Registry

COLUMNS = ("sequence", "from", "to", "state", "received", "fates", "why")
_CITY = ZoneInfo("Asia/Shanghai")
_WELL = {"earlier", "brought", "empty"}


@click.command(
    help=say(
        "Pull what PLATFORM has of STREAM from one instant up to another, and publish it, beside the live sync. With"
        " --chunk it comes in parts, oldest first, each in a sequence of its own: one that fails stops no other, and"
        " the same command again asks only for what is not there yet, whatever ended it. Ctrl-C ends it after the"
        " commit under way.\n\n"
        "Example: hutong backfill traffic_safety accident --from 2026-03-17T00:00+08:00 --to 2026-03-18T00:00+08:00"
        " --chunk 1h",
        "补采 PLATFORM 的 STREAM 在给定时段内的数据并发布，可与日常同步并行。用 --chunk 分段补采，由旧到新，"
        "每段有自己的批次序列：一段失败不影响其他；无论因何中断，重复同一命令只补尚缺的部分。"
        "Ctrl-C 在当前提交完成后停止。\n\n"
        "例：hutong backfill traffic_safety accident --from 2026-03-17T00:00+08:00 --to 2026-03-18T00:00+08:00"
        " --chunk 1h",
    )
)
@click.argument("platform")
@click.argument("stream")
@click.option("--from", "start", required=True, help=say("ISO 8601 with its zone.", "ISO 8601 时间，须带时区。"))
@click.option("--to", "end", required=True, help=say("ISO 8601 with its zone; not included.", "同上；不含该时刻。"))
@click.option(
    "--chunk",
    metavar="LENGTH",
    help=say(
        "Length of a part, such as 1h, 1d or PT1H; cut at the city's civil time. Without it the window is one.",
        "每段时长，如 1h、1d 或 PT1H，按当地时间取整分段。不写则整个时段为一段。",
    ),
)
@click.option(
    "--max-parallel",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help=say(
        "Parts that are pulled at a time. The budget of the platform's owner holds over all of them.",
        "同时补采的段数；平台方的配额对全部段合计有效。",
    ),
)
@click.option("--city", "cities", multiple=True, metavar="CODE", help=say("Only this city.", "只补采该城市。"))
@click.option(
    "--dry-run",
    is_flag=True,
    help=say("List the parts and which are there; ask nothing.", "只列出各段及其是否已有，不访问平台。"),
)
@json_option
def backfill(
    platform: str,
    stream: str,
    start: str,
    end: str,
    chunk: str | None,
    max_parallel: int,
    cities: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Backfill a window of a stream."""
    window = Window.read(start, end)
    here = opened(needs_lake=False)
    source = here.registry.source(platform, stream)
    many = sum(not cities or live.city in cities for live in source.sequences)
    windows = [window] if chunk is None else window.chunks(read_length(chunk), of=many)
    # Only now, since it takes a second that a mistyped name need not wait for.
    from hutong.backfill import Backfill, Outcome, chunks_of, standing

    chunks = chunks_of(source, windows, cities)
    if dry_run:
        show(COLUMNS, [_row(Outcome(*one)) for one in standing(chunks, here.store).items()], as_json)
        return
    stop = Event()
    work = Backfill(source, here.registry, here.store, here.secrets, settings.read(), stop)
    outcomes: dict[Chunk, Outcome] = {}
    with _signals_set(stop) as signals, _Shown(len(chunks), source.connector.title, here.registry) as shown:
        for outcome in work.bring(chunks, max_parallel, shown.begins):
            outcomes[outcome.chunk] = outcome
            shown.tell(outcome)
    show(COLUMNS, [_row(outcomes[one]) for one in chunks], as_json)
    left = sum(outcome.state not in _WELL for outcome in outcomes.values())
    if left:
        click.echo(
            say(
                f"{left} of {len(chunks)} are not there yet; the same command again goes on with them",
                f"{len(chunks)} 段中尚缺 {left} 段；重复同一命令即可继续",
            ),
            err=True,
        )
        # Other than a sync, which comes again by itself, it was asked for a stretch of time and has not brought it.
        raise SystemExit(128 + signals[0] if signals else 1)


class _Shown(AbstractContextManager["_Shown"]):
    """Progress on standard error: a bar on a terminal, a line for each part elsewhere; what went wrong in either."""

    def __init__(self, total: int, title: Words, registry: Registry) -> None:
        self._total, self._done, self._title, self._registry = total, 0, title, registry
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._open: AbstractContextManager[object] = nullcontext()

    def __enter__(self) -> _Shown:
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._open = self._bar = Progress(*columns, console=console)
            self._task = self._bar.add_task("", total=self._total)
        self._open.__enter__()
        return self

    def __exit__(self, *caught: object) -> None:
        self._open.__exit__(None, None, None)

    def begins(self, chunk: Chunk) -> None:
        """Show that a part is asked for."""
        said = say(f"{chunk.sequence.id}: asking {self._title.en}", f"{chunk.sequence.id}：正在读取{self._title.zh}")
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=said)
        else:
            click.echo(said, err=True)

    def tell(self, outcome: Outcome) -> None:
        """Show that a part has ended."""
        self._done += 1
        text = f"{outcome.chunk.sequence.id}: {outcome.state} {in_words(outcome.fates)}".rstrip()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)
        else:
            progress(text, self._done, self._total)
        for line in self._remarks(outcome):
            if self._bar is not None:
                self._bar.console.print(line, highlight=False, markup=False)
            else:
                click.echo(line, err=True)

    def _remarks(self, outcome: Outcome) -> Iterator[str]:
        if outcome.landed is not None and outcome.landed.doubt is not None:
            yield doubted(outcome.landed, self._registry)
        for published in outcome.published:
            if published.drift:
                yield drifted(published)
        if outcome.why is not None:
            yield str(outcome.why)


@contextmanager
def _signals_set(stop: Event) -> Iterator[list[int]]:
    """Have Ctrl-C and SIGTERM set `stop`; those that came, in their order. Of a second one the process ends at once,
    which loses nothing.
    """
    met: list[int] = []

    def handle(number: int, _: object) -> None:
        if met:
            os._exit(128 + number)
        met.append(number)
        stop.set()
        said = say("ending after the commit under way; once more ends it now", "当前提交完成后停止；再按一次立即结束")
        # Not by click: what was being printed may hold its lock.
        os.write(2, f"{said}\n".encode())

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield met
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _row(outcome: Outcome) -> list[object]:
    chunk = outcome.chunk
    bounds = [
        moment.astimezone(_CITY).isoformat(timespec="seconds") for moment in (chunk.window.start, chunk.window.end)
    ]
    received = sum(batch.received for batch in outcome.published) if outcome.published else None
    why = None if outcome.why is None else str(outcome.why)
    return [chunk.sequence.id, *bounds, outcome.state, received, in_words(outcome.fates), why]
