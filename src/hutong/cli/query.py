"""`hutong query`: SQL over the base datasets."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import click

from hutong.cli.opened import opened
from hutong.cli.show import plain, show
from hutong.cli.words import say
from hutong.errors import AskedWrongly

MOST = 200


@click.command(
    help=say(
        "Answer SQL (DuckDB) over the base datasets, ledger and quarantine. NAME_main holds only the rows of the"
        " dataset's authority. Times are in UTC."
        ' Example: hutong query "SELECT kind, count(*) FROM ledger GROUP BY ALL"',
        "用 SQL（DuckDB）查询基础共性数据、台账与问题数据。"
        "NAME_main 只含该数据集权威来源（一数一源）的行。时间为 UTC。",
    )
)
@click.argument("sql")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json", "parquet"]), default="table", show_default=True
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help=say("Write to a file (parquet needs one).", "写入文件（parquet 必须指定）。"),
)
@click.option("--json", "as_json", is_flag=True, help=say("The same as --format json.", "等同于 --format json。"))
def query(sql: str, form: str, out: Path | None, as_json: bool) -> None:
    """Answer a question."""
    from hutong.lake import query as ask

    if form == "parquet" and out is None:
        raise AskedWrongly("--format parquet needs --out FILE", "name the file to write")
    registry, store, _ = opened()
    answer = ask(sql, registry, store)
    if form == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(answer, out, compression="zstd")
        click.echo(say(f"{answer.num_rows} rows written to {out}", f"{answer.num_rows} 行已写入 {out}"), err=True)
        return
    stream = out.open("w", encoding="utf-8", newline="") if out else sys.stdout
    names = answer.column_names
    rows = ([plain(value) for value in row.values()] for batch in answer.to_batches() for row in batch.to_pylist())
    if as_json or form == "json":
        for row in rows:
            stream.write(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n")
    elif form == "csv" or out:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows(rows)
    else:
        show(names, [list(row.values()) for row in answer.slice(0, MOST).to_pylist()])
        if answer.num_rows > MOST:
            click.echo(
                say(
                    f"the first {MOST} of {answer.num_rows} rows; --format csv prints all",
                    f"共 {answer.num_rows} 行，显示前 {MOST} 行；--format csv 输出全部",
                ),
                err=True,
            )
    if out:
        stream.close()
