"""Tables on a terminal, aligned plain text in a pipe, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import click

from hutong.cli.words import say

json_option = click.option(
    "--json", "as_json", is_flag=True, help=say("Print JSON for programs.", "输出供程序读取的 JSON。")
)


def show(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], as_json: bool = False, title: str | None = None
) -> None:
    """Print `rows` under `columns` to standard output."""
    found = list(rows)
    if as_json:
        click.echo(
            json.dumps(
                [dict(zip(columns, map(plain, row), strict=True)) for row in found], ensure_ascii=False, indent=1
            )
        )
    elif sys.stdout.isatty():
        _rich(columns, found, title)
    else:
        _aligned(columns, found, title)


def progress(done_now: str, done: int, of: int) -> None:
    """Say on standard error what of a long work was done just now."""
    click.echo(f"  {done}/{of} {done_now}", err=True)


def plain(value: Any) -> Any:
    """`value` as JSON has it: instants as ISO 8601 in UTC, bytes as hexadecimal digits."""
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    return float(value) if isinstance(value, Decimal) else value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, bytes):
        return value.hex()[:24] + "…"
    return str(plain(value))


def _rich(columns: Sequence[str], rows: list[Sequence[Any]], title: str | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold")
    numeric = [all(isinstance(row[index], int | float | None) for row in rows) for index in range(len(columns))]
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if rows and numeric[index] else "left")
    for row in rows:
        # Text, because a value in square brackets is no markup.
        table.add_row(*(Text(_text(value)) for value in row))
    Console().print(table)


def _aligned(columns: Sequence[str], rows: list[Sequence[Any]], title: str | None) -> None:
    from rich.cells import cell_len

    cells = [list(columns), *([_text(value) for value in row] for row in rows)]
    widths = [max(cell_len(row[index]) for row in cells) for index in range(len(columns))]
    if title:
        click.echo(title)
    for row in cells:
        click.echo(
            "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
