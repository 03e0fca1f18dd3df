"""`hutong query`: SQL over the base datasets."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from hutong.cli.opened import opened
from hutong.cli.show import plain, show
from hutong.cli.words import say
from hutong.errors import AskedWrongly

if TYPE_CHECKING:
    import pyarrow as pa

    from hutong.edition import Edition

MOST = 200

at_help = say(
    "Read the lake as it was: RELEASE, TABLE=VERSION (the others as they are now), or a time with its zone, such as"
    " 2026-03-18T08:00:00+08:00.",
    "读取过去的数据湖：版本名、表名=表版本号（其余各表取当前），或带时区的时间，如 2026-03-18T08:00:00+08:00。",
)


@click.command(
    help=say(
        "Answer SQL (DuckDB) over the base datasets, ledger and quarantine. NAME holds what is so now, NAME_all also"
        " what a platform no longer lists (last_seen_at), NAME_main only the rows of the dataset's authority. Times are"
        ' in UTC. Example: hutong query "SELECT kind, count(*) FROM ledger GROUP BY ALL"',
        "用 SQL（DuckDB）查询基础共性数据、台账与问题数据。NAME 为当前有效的行，NAME_all 另含平台已不再列出的行"
        "（last_seen_at），NAME_main 只含该数据集权威来源（一数一源）的行。时间为 UTC。",
    )
)
@click.argument("sql")
@click.option("--at", default="now", help=at_help)
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json", "parquet"]), default="table", show_default=True
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help=say("Write to a file (parquet needs one).", "写入文件（parquet 必须指定）。"),
)
@click.option("--json", "as_json", is_flag=True, help=say("The same as --format json.", "等同于 --format json。"))
@click.option(
    "--edition",
    "with_edition",
    is_flag=True,
    help=say(
        "End with what the answer rests on: versions read, newest observation per platform, share quarantined or"
        " incomplete. JSON: a last object; csv and table: a last line after #; parquet: metadata hutong.edition.",
        "在结尾给出结果的依据：所读表版本、各平台最新观测时间、问题数据与不完整批次的占比。"
        "JSON 为最后一个对象；csv 与表格为 # 开头的末行；parquet 写入元数据 hutong.edition。",
    ),
)
def query(sql: str, at: str, form: str, out: Path | None, as_json: bool, with_edition: bool) -> None:
    """Answer a question."""
    from hutong.edition import ask
    from hutong.lake import query as answer

    form = "json" if as_json else "csv" if out and form == "table" else form
    if form == "parquet" and out is None:
        raise AskedWrongly("--format parquet needs --out FILE", "name the file to write")
    registry, store, _ = opened()
    edition: Edition | None = None
    if with_edition:
        rows, edition = ask(sql, registry, store, at=at)
    else:
        rows = answer(sql, registry, store, at=at)
    if form == "parquet":
        assert out is not None
        _write_parquet(rows, edition, out)
    elif out is not None:
        with out.open("w", encoding="utf-8", newline="") as stream:
            _write(rows, edition, form, stream)
    else:
        _write(rows, edition, form, sys.stdout)


def _write(rows: pa.Table, edition: Edition | None, form: str, stream: TextIO) -> None:
    names = rows.column_names
    values = ([plain(value) for value in row.values()] for batch in rows.to_batches() for row in batch.to_pylist())
    if form == "json":
        for row in values:
            stream.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")
        if edition is not None:
            stream.write(f'{{"edition": {_as_json(edition)}}}\n')
        return
    if form == "csv":
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows(values)
    else:
        _show(rows)
    if edition is not None:
        stream.write(f"# {_as_json(edition)}\n")


def _write_parquet(rows: pa.Table, edition: Edition | None, out: Path) -> None:
    import pyarrow.parquet as pq

    if edition is not None:
        rows = rows.replace_schema_metadata({**(rows.schema.metadata or {}), "hutong.edition": _as_json(edition)})
    pq.write_table(rows, out, compression="zstd")
    click.echo(say(f"{rows.num_rows} rows written to {out}", f"{rows.num_rows} 行已写入 {out}"), err=True)


def _show(rows: pa.Table) -> None:
    show(rows.column_names, [list(row.values()) for row in rows.slice(0, MOST).to_pylist()])
    if rows.num_rows > MOST:
        click.echo(
            say(
                f"the first {MOST} of {rows.num_rows} rows; --format csv prints all",
                f"共 {rows.num_rows} 行，显示前 {MOST} 行；--format csv 输出全部",
            ),
            err=True,
        )


def _as_json(edition: Edition) -> str:
    from dataclasses import asdict

    return json.dumps(asdict(edition), ensure_ascii=False, default=plain)
