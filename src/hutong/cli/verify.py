"""`hutong verify`: prove the account."""

from __future__ import annotations

import json

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option
from hutong.cli.words import say


@click.command(
    help=say(
        "Recount what landing holds; hold ledger, commits and tables against it. Exit 1 when it does not add up.",
        "重新清点落地数据，并与台账、提交和数据表核对。不平则以 1 退出。",
    )
)
@json_option
def verify(as_json: bool) -> None:
    """Verify the lake."""
    from dataclasses import asdict

    from hutong.verify import verify as check

    report = check(*opened())
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        for problem in report.problems:
            click.echo(problem)
        click.echo(
            say(
                f"{report.recounted} batches recounted from landing, {report.by_commit} held against their commits,"
                f" {report.by_ledger} known from the ledger alone:"
                f" {report.records} records, {report.rows} rows, {report.files} files,"
                f" {len(report.problems)} problems",
                f"从落地数据重新清点 {report.recounted} 个批次，按提交核对 {report.by_commit} 个批次，"
                f"仅凭台账 {report.by_ledger} 个批次：记录 {report.records} 条，行 {report.rows} 行，"
                f"文件 {report.files} 个，问题 {len(report.problems)} 个",
            )
        )
    if report.problems:
        raise SystemExit(1)
