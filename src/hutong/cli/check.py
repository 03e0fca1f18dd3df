"""`hutong check`: are the declared files right?"""

from __future__ import annotations

import click

from hutong import settings
from hutong.cli.words import say
from hutong.errors import RegistryError


@click.command(
    help=say(
        "Check every connector, contract and mapping. Problems print as path:line: message.",
        "检查全部连接器、契约与映射。问题以 路径:行号: 说明 的形式列出。",
    )
)
def check() -> None:
    """Check the registry, units and projections included."""
    from hutong.registry import open_registry

    try:
        registry = open_registry(settings.read())
        from hutong.meaning import check_meaning

        problems = check_meaning(registry)
    except RegistryError as wrong:
        problems = list(wrong.problems)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise SystemExit(1)
    platforms, streams, contracts = len(registry.connectors), len(registry.sources), len(registry.datasets)
    click.echo(
        say(
            f"{platforms} connectors, {streams} streams, {contracts} contracts: all right",
            f"{platforms} 个连接器、{streams} 个数据流、{contracts} 份契约：全部正确",
        ),
        err=True,
    )
