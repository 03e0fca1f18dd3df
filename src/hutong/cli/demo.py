"""`hutong demo`: the whole gateway at work on this machine, and one question that no platform can answer alone."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from hutong import settings
from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say
from hutong.errors import HutongError

_NEEDED = ("airflow", "psutil", "great_expectations", "matplotlib", "starlette", "uvicorn")

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from hutong.demo.step import DemoResult, Step


@click.command(
    help=say(
        "Start four simulated platforms and Airflow, sync everything, print what became of it and who knew first, and"
        " stop everything again. The lake stays in demo/lake (HUTONG_DEMO moves the folder). Takes about two minutes.",
        "启动四个模拟平台与 Airflow，完成全部同步，打印台账与“谁先知道”的回答，然后全部停止。"
        "数据湖留在 demo/lake（HUTONG_DEMO 可改变位置）。约需两分钟。",
    )
)
@json_option
def demo(as_json: bool) -> None:
    """Run the demo and print its last screen."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise HutongError(f"the demo needs {', '.join(missing)}", "install hutong[airflow,gates,report,city]")
    from hutong.demo.run import run

    with _Steps() as steps:
        result = run(settings.read(), steps.tell)
    _screen(result, as_json)
    if not result.is_ok:
        raise SystemExit(1)


class _Steps(AbstractContextManager["_Steps"]):
    """Progress on standard error: bars on a terminal, a line for each thing reached elsewhere."""

    def __init__(self) -> None:
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._shown: AbstractContextManager[object] = nullcontext()

    def __enter__(self) -> _Steps:
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._shown = self._bars = Progress(*columns, console=console)
        self._shown.__enter__()
        return self

    def __exit__(self, *caught: object) -> None:
        self._shown.__exit__(None, None, None)

    def tell(self, step: Step) -> None:
        """Show a step."""
        words = step.words.zh if LANG == "zh" else step.words.en
        if self._bars is not None and step.platform is not None:
            task = self._tasks.get(step.platform)
            if task is None:
                task = self._tasks[step.platform] = self._bars.add_task(words, total=step.total)
            self._bars.update(task, completed=step.done, total=step.total)
        elif self._bars is not None:
            self._bars.console.print(f"{step.elapsed_s:5.1f} s  {words}", highlight=False)
        else:
            progress = f" {step.done}/{step.total}" if step.platform else ""
            outcome = f" {step.outcome}" if step.outcome and step.platform else ""
            click.echo(f"{step.elapsed_s:5.1f} s  {words}{progress}{outcome}", err=True)


def _screen(result: DemoResult, as_json: bool) -> None:
    from hutong.registry import open_registry
    from hutong.report import answer, in_language, screen
    from hutong.secrets import resolver
    from hutong.store.paths import open_store

    for platform in result.platforms:
        for failure in platform.failures:
            click.echo(f"{platform.platform}: {failure.name}: {failure.said}", err=True)
    for failure in result.report_failures:
        click.echo(f"report: {failure.said}", err=True)
    now = replace(settings.read(), lake=result.lake, secrets=result.secrets)
    secrets = resolver(now)
    found = answer(open_registry(now), open_store(now, secrets), secrets)
    *before, headline = screen(found, LANG)
    sections = [*before, in_language(result.score, LANG), headline]
    if as_json:
        click.echo(json.dumps([asdict(section) for section in sections], ensure_ascii=False, indent=1))
        return
    for section in sections:
        if section.rows:
            click.echo()
            show(section.columns, section.rows, title=section.title)
        else:
            click.echo(f"\n{section.title}")
        for line in section.lines:
            click.echo(line)
    _ways_on(result)


def _ways_on(result: DemoResult) -> None:
    # As it was called, since a new .venv is on nobody's path.
    hutong = sys.argv[0]
    ask = f'HUTONG_LAKE={result.lake} {hutong} query "SELECT name, count(*) FROM road_segment GROUP BY ALL"'
    page = result.report / "index.html" if result.report else say("(not made)", "（未生成）")
    click.echo(
        say(
            f"\nThe page: {page}\nThe lake stays; ask it: {ask}\nProve it: HUTONG_LAKE={result.lake}"
            f" HUTONG_SECRETS={result.secrets} {hutong} verify\nIt took {result.elapsed_s:.0f} s.",
            f"\n报告页面：{page}\n数据湖已保留，可继续查询：{ask}\n核验：HUTONG_LAKE={result.lake}"
            f" HUTONG_SECRETS={result.secrets} {hutong} verify\n用时 {result.elapsed_s:.0f} 秒。",
        )
    )
