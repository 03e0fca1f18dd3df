"""`hutong down`: stop what `hutong up` started."""

from __future__ import annotations

from importlib.util import find_spec

import click

from hutong import settings
from hutong.cli.words import say
from hutong.errors import HutongError


@click.command(
    help=say(
        "Stop what `hutong up` started, also what a killed one left behind, and nothing else. The lake and Airflow's"
        " database stay; a sync that was under way is taken up again after the next `hutong up`.",
        "停止 `hutong up` 启动的全部进程（包括异常终止后遗留的），不影响其他进程。数据湖与 Airflow 数据库保留；"
        "中断的同步在下次 `hutong up` 后继续。",
    )
)
def down() -> None:
    """Stop it."""
    if find_spec("psutil") is None:
        raise HutongError("hutong down needs psutil", "install hutong[airflow]")
    from hutong.up.stage import end

    now = settings.read()
    stopped = end(now)
    said = say(f"stopped {len(stopped)} processes", f"已停止 {len(stopped)} 个进程")
    click.echo(said if stopped else say(f"nothing ran in {now.home}", f"{now.home} 中没有运行的进程"), err=True)
