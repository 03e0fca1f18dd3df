"""`hutong connections`: what an Airflow needs of secrets and pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hutong import settings
from hutong.cli.show import json_option, show
from hutong.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hutong.orchestrate.prepare import Wanted

COLUMNS = [
    say("secret", "密钥"),
    say("connection", "Connection"),
    say("named by", "使用者"),
    say("here", "本机"),
    say("in Airflow", "Airflow 中"),
]
FULL = ["secret", "connection", "named_by", "is_here", "in_airflow", "problem"]


@click.group(
    help=say(
        "The Connections and pools that an Airflow needs. HUTONG_AIRFLOW is its address (http://127.0.0.1:8080 by"
        " default), HUTONG_AIRFLOW_USER the user, the secret airflow_password the password.",
        "Airflow 所需的 Connection 与资源池。HUTONG_AIRFLOW 为其地址（默认 http://127.0.0.1:8080），HUTONG_AIRFLOW_USER"
        " 为用户，密钥 airflow_password 为口令。",
    )
)
def connections() -> None:
    """Group the commands about Connections."""


@connections.command(
    "list",
    help=say(
        "Every secret that connectors, streams and settings name: whether this machine has it (variable or file) and"
        " whether Airflow has a Connection for it. Values are never shown. Exit 1 when one is nowhere.",
        "列出连接器、数据流与设置用到的全部密钥：本机（变量或文件）与 Airflow（Connection）是否具备。从不显示密钥内容。"
        "若有缺失则以 1 退出。",
    ),
)
@json_option
def list_(as_json: bool) -> None:
    """List the secrets that are named."""
    from hutong.orchestrate.prepare import airflow, wanted
    from hutong.registry import open_registry
    from hutong.secrets import resolver

    now = settings.read()
    registry, secrets = open_registry(now), resolver(now)
    _show(wanted(registry, now, secrets, airflow(now, secrets).connections()), as_json)


@connections.command(
    "import",
    help=say(
        "Make a Connection `hutong_<secret>` in Airflow of every secret that this machine has, and a pool per platform"
        " with as many slots as its budget allows at a time. What is there already gets the value of this machine, so"
        " it can be run again. Secrets travel in the request's body only. Exit 1 when a secret is nowhere.",
        "把本机具备的每个密钥建为 Airflow 中的 Connection `hutong_<密钥>`，并为每个平台按配额并发数建立资源池。"
        "已存在的以本机的值更新，可重复执行。密钥只在请求正文中传送。若有缺失则以 1 退出。",
    ),
)
@click.option("--dry-run", is_flag=True, help=say("Say what would be made; make nothing.", "只列出，不作改动。"))
@json_option
def import_(dry_run: bool, as_json: bool) -> None:
    """Make Connections and pools."""
    from hutong.orchestrate import names, prepare
    from hutong.registry import open_registry
    from hutong.secrets import resolver

    now = settings.read()
    registry, secrets = open_registry(now), resolver(now)
    api, pools = prepare.airflow(now, secrets), names.pools(registry)
    changed = dict(pools.items() - api.pools().items())
    if dry_run:
        found = prepare.wanted(registry, now, secrets, api.connections())
    else:
        api.make_pools(pools)
        found = prepare.make_connections(registry, now, secrets, api)
    made = sum(one.is_here for one in found)
    _tell(made, changed, dry_run)
    _show(found, as_json)


def _tell(made: int, pools: Mapping[str, int], dry_run: bool) -> None:
    en, zh = ("would make", "将建立") if dry_run else ("made", "已建立")
    click.echo(
        say(f"{en} {made} Connections and {len(pools)} pools", f"{zh} {made} 个 Connection、{len(pools)} 个资源池"),
        err=True,
    )


def _show(found: list[Wanted], as_json: bool) -> None:
    if as_json:
        rows = [[one.name, one.connection, list(one.by), one.is_here, one.in_airflow, one.problem] for one in found]
        show(FULL, rows, as_json=True)
    else:
        yes, no = say("yes", "有"), say("no", "无")
        show(
            COLUMNS,
            [
                [one.name, one.connection, _few(one.by), yes if one.is_here else no, yes if one.in_airflow else no]
                for one in found
            ],
        )
        for one in found:
            if one.problem:
                click.echo(one.problem, err=True)
    nowhere = [one.name for one in found if not one.is_here and not one.in_airflow]
    if nowhere:
        names = ", ".join(nowhere)
        click.echo(
            say(f"nowhere: {names}; set them here or in Airflow", f"缺失：{names}；请在本机或 Airflow 中设置"), err=True
        )
        raise SystemExit(1)


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")
