"""`hutong rebuild`: a dataset made anew from landing."""

from __future__ import annotations

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, progress, show
from hutong.cli.words import say


@click.command(
    help=say(
        "Make the rows of DATASET anew from landing, in a place apart, and put right what differs in one commit."
        " For a table that lost files or rows, or that someone edited; the ledger stays as it is.",
        "由落地数据在旁处重新生成 DATASET 的行，并在一次提交中修正差异。用于文件或行丢失、被人改动的数据表；台账不变。",
    )
)
@click.argument("dataset")
@click.option("--dry-run", is_flag=True, help=say("Only compare; change nothing.", "只比较，不做改动。"))
@json_option
def rebuild(dataset: str, dry_run: bool, as_json: bool) -> None:
    """Rebuild a dataset."""
    registry, store, secrets = opened()
    registry.dataset(dataset)
    from hutong.redo import rebuilding

    with rebuilding(dataset, registry, store, secrets, progress) as found:
        was_equal = found.is_equal
        if not dry_run:
            found.restore()
    difference, carried = found.difference, found.carried
    row = {
        "dataset": dataset,
        "compared": difference.compared,
        "restored": difference.added,
        "changed": difference.changed,
        "moved": difference.moved,
        "removed": difference.removed,
        "lost_files": difference.lost_files,
        "carried_rows": carried.rows,
        "carried_batches": carried.batches,
    }
    show(list(row), [list(row.values())], as_json)
    if was_equal:
        click.echo(say("already equal", "已经一致"), err=True)
    elif dry_run:
        click.echo(say("nothing was changed (--dry-run)", "未做改动（--dry-run）"), err=True)
    else:
        click.echo(say("put right", "已修正"), err=True)
