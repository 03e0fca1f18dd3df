"""`hutong up`: Airflow at work on this machine, in the background."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from hutong import settings
from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say
from hutong.errors import HutongError

if TYPE_CHECKING:
    from hutong.model.declared import Words
    from hutong.settings import Settings
    from hutong.up.stage import Up

_NEEDED = ("airflow", "psutil", "great_expectations", "matplotlib")
_CITY_NEEDED = ("starlette", "uvicorn")
_COLUMNS = ("part", "process", "since", "health", "restarts")


@click.command(
    help=say(
        "Start Airflow (LocalExecutor, SQLite) and the simulated city in the background, and return when they can be"
        " used: the syncs run on their schedule and the lake grows, for days if you like. Parts that end by themselves"
        " are started again. Everything is kept in `up` (HUTONG_HOME moves the folder): the lake, Airflow's database,"
        " its password; `hutong down` stops it and the next `hutong up` goes on there. Asked again while it runs, it"
        " prints the address.\n\nWith --no-city your own platforms are synced, into your own lake: HUTONG_LAKE,"
        " HUTONG_SECRETS and the other settings hold as for every other command.",
        "在后台启动 Airflow（LocalExecutor、SQLite）与模拟城市，可用后返回：同步按计划运行，数据湖持续增长。"
        "意外退出的进程会自动重启。全部内容保存在 `up` 中（HUTONG_HOME 可改变位置）：数据湖、Airflow 数据库及口令；"
        "`hutong down` 停止，下次 `hutong up` 继续。运行期间再次执行则显示地址。\n\n"
        "使用 --no-city 时同步自己的平台、写入自己的数据湖：HUTONG_LAKE、HUTONG_SECRETS 等设置照常生效。",
    )
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=say(
        "Port of Airflow's web page (default: that of last time, else 8080, else any free one).",
        "Airflow 网页端口（默认：上次的端口，其次 8080，再次任一空闲端口）。",
    ),
)
@click.option(
    "--no-city",
    is_flag=True,
    help=say("Sync the platforms that the connectors name.", "同步连接器所写的平台，不启动模拟城市。"),
)
@click.option(
    "--status",
    "only_status",
    is_flag=True,
    help=say("Only say what runs; exit code 1 when nothing does.", "仅显示运行状态；未运行时退出码为 1。"),
)
@json_option
def up(port: int | None, no_city: bool, only_status: bool, as_json: bool) -> None:
    """Start it, or say how it is."""
    needed = _NEEDED if no_city else (*_NEEDED, *_CITY_NEEDED)
    if missing := [name for name in needed if find_spec(name) is None]:
        raise HutongError(f"hutong up needs {', '.join(missing)}", "install hutong[airflow,gates,report,city]")
    now = settings.read()
    if only_status:
        _status(now, as_json)
        return
    from hutong.up.stage import begin

    _tell(begin(now, port, not no_city, _step), now, as_json, is_simulated=not no_city)


def _step(words: Words) -> None:
    click.echo(f"  {words.zh if LANG == 'zh' else words.en}", err=True)


def _tell(found: Up, now: Settings, as_json: bool, is_simulated: bool) -> None:
    if as_json:
        told = {
            "address": found.address,
            "user": found.user,
            "password_file": str(found.password_file),
            "folder": str(found.folder),
            "was_up": found.was_up,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
        return
    headline = (
        say("Airflow runs already", "Airflow 已在运行") if found.was_up else say("Airflow is up", "Airflow 已启动")
    )
    click.echo(f"{headline}: {found.address}")
    # For whoever sits here, and not for a log that keeps what is printed.
    password = say(f"password {found.password()}, ", f"口令 {found.password()}，") if sys.stdout.isatty() else ""
    kept = say(f"kept in {found.password_file}", f"口令保存在 {found.password_file}")
    click.echo(say(f"  user {found.user}, {password}{kept}", f"  用户 {found.user}，{password}{kept}"))
    # As it was called, since a new .venv is on nobody's path.
    hutong = sys.argv[0]
    ask = f'{hutong} query "SELECT count(*) FROM traffic_flow"'
    if is_simulated:
        ask = f"HUTONG_LAKE={found.folder / 'lake'} HUTONG_SECRETS={found.folder / 'secrets'} {ask}"
    click.echo(say(f"Ask the lake, which grows: {ask}", f"数据湖持续增长，可查询：{ask}"))
    ways = f"{hutong} up --status", f"{hutong} down"
    click.echo(say("How it is: {}. Stop it: {}", "状态：{}。停止：{}").format(*ways))


def _status(now: Settings, as_json: bool) -> None:
    from hutong.up.stage import look

    address, parts = look(now)
    rows = [(part.role, part.pid, _second(part.started), part.health, part.restarts) for part in parts]
    if as_json:
        told = [dict(zip(_COLUMNS, (*row[:2], row[2].isoformat(), *row[3:]), strict=True)) for row in rows]
        click.echo(json.dumps({"address": address, "parts": told}, indent=1))
    elif rows:
        show(_COLUMNS, rows, title=address or _not_usable({part.role for part in parts}))
    else:
        click.echo(say(f"nothing runs in {now.home}", f"{now.home} 中没有运行的进程"), err=True)
    if address is None:
        raise SystemExit(1)


def _not_usable(roles: set[str]) -> str:
    if "leader" in roles:
        return say("it is still coming up", "正在启动")
    return say(
        "its leader was killed and nothing looks after the rest: `hutong up` starts it anew, `hutong down` stops it",
        "主进程已被终止，其余进程无人照管：`hutong up` 重新启动，`hutong down` 停止",
    )


def _second(moment_s: float) -> datetime:
    return datetime.fromtimestamp(moment_s, UTC).replace(microsecond=0)
