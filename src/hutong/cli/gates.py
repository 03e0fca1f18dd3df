"""`hutong gates`: batches that were refused as a whole, and what becomes of them."""

from __future__ import annotations

from pathlib import Path

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say
from hutong.errors import AskedWrongly

REASON = click.option("--reason", required=True, help=say("Why; kept with your name.", "理由，与操作人一并记录。"))
COLUMNS = ("batch", "records", "gates", "refused_at", "decision", "decided_at", "reason")


@click.group(
    invoke_without_command=True,
    help=say(
        "Batches that a critical gate refused, or drift of a frozen stream: those that wait for a decision, with --all"
        " the rejected ones too. Their records are kept and no reader sees them; later batches go on. Ends with 1 when"
        " one waits. --failed: what the gates of all batches found, the newest first, warnings too.",
        "被严重级别的质量门或冻结数据流的漂移整批拒绝的批次：列出等待决定的，加 --all 也列出已驳回的。"
        "其记录保留，任何读者都看不到；后续批次照常。有等待的批次时以 1 结束。"
        "--failed：所有批次未通过的质量门（含警告），最新的在前。",
    ),
)
@click.option("--all", "every", is_flag=True, help=say("Rejected ones too.", "也列出已驳回的批次。"))
@click.option("--failed", is_flag=True, help=say("Gates that failed.", "未通过的质量门。"))
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help=say("Lines of --failed at most.", "--failed 的最多行数。"),
)
@json_option
@click.pass_context
def gates(ctx: click.Context, every: bool, failed: bool, limit: int, as_json: bool) -> None:
    """Show what waits, or run a command."""
    if ctx.invoked_subcommand is not None:
        return
    if failed:
        _failed(limit, as_json)
        return
    registry, store, _ = opened()
    from hutong.decisions import refused

    found = [one for platform in registry.connectors for one in refused(platform, registry, store)]
    waiting = [one for one in found if one.needs_pages]
    rows = [
        [
            one.name,
            one.records,
            ", ".join(one.gates) or "drift",
            one.at,
            one.decision and one.decision.verdict,
            one.decision and one.decision.at,
            one.decision and one.decision.reason,
        ]
        for one in (found if every else waiting)
    ]
    if rows or as_json:
        show(COLUMNS, rows, as_json)
    else:
        click.echo(say("no batch waits for a decision", "没有等待决定的批次"), err=True)
    if waiting:
        raise SystemExit(1)


def _failed(limit: int, as_json: bool) -> None:
    from hutong.lake import query

    registry, store, _ = opened()
    sql = f"""SELECT target AS batch, dataset, gate, severity, observed, expected, rows, judged_at,
                     title_{LANG} AS title
              FROM gate_result WHERE outcome = 'failed'
              ORDER BY judged_at DESC, target, dataset, gate LIMIT $limit"""
    answer = query(sql, registry, store, {"limit": limit})
    show(answer.column_names, [list(row.values()) for row in answer.to_pylist()], as_json)


@gates.command(
    help=say(
        "Publish BATCH, as `hutong gates` names it, although a gate refused it. What the gate found stays on record.",
        "发布被质量门拒绝的 BATCH（名称见 `hutong gates`）。质量门的结论仍保留在案。",
    )
)
@click.argument("batch")
@REASON
def accept(batch: str, reason: str) -> None:
    """Accept a batch."""
    registry, store, secrets = opened()
    from hutong.redo import accept as publish

    published = publish(batch, _given(reason), registry, store, secrets)
    if published is None:
        click.echo(say(f"{batch} was accepted before", f"{batch} 此前已接受"), err=True)
        return
    fates = " ".join(f"{fate}={count}" for fate, count in sorted(published.fates.items()))
    click.echo(
        say(
            f"{batch} is published as {published.sequence}: {fates}",
            f"{batch} 已作为 {published.sequence} 发布：{fates}",
        ),
        err=True,
    )


@gates.command(
    help=say(
        "Close BATCH, as `hutong gates` names it: its records stay refused, and its pages expire in their time.",
        "驳回 BATCH（名称见 `hutong gates`）：其记录保持被拒，落地页到期后清理。",
    )
)
@click.argument("batch")
@REASON
def reject(batch: str, reason: str) -> None:
    """Reject a batch."""
    registry, store, _ = opened()
    from hutong.redo import reject as close

    close(batch, _given(reason), registry, store)
    click.echo(say(f"{batch} is closed", f"{batch} 已关闭"), err=True)


@gates.command(
    help=say(
        "Write the Data Docs of Great Expectations about BATCH, refused or not, into the folder OUT: every gate with"
        " what it saw, and no values of rows.",
        "将 BATCH（不论是否被拒绝）的 Great Expectations Data Docs 写入文件夹 OUT：每道质量门及其实测结果，"
        "不含行的取值。",
    )
)
@click.argument("batch")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help=say("Folder.", "文件夹。"))
def docs(batch: str, out: Path) -> None:
    """Write the docs of a batch."""
    registry, store, secrets = opened()
    from hutong.redo import data_docs

    written = data_docs(batch, out, registry, store, secrets)
    for site in written:
        click.echo(site)
    if not written:
        click.echo(say("no gate looks at this batch", "没有质量门检查此批次"), err=True)


def _given(reason: str) -> str:
    if not reason.strip():
        raise AskedWrongly("a decision needs its reason", 'write --reason "..."')
    return reason
