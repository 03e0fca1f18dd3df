"""`hutong datasets`: what there is, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say

if TYPE_CHECKING:
    from hutong.model.dataset import Dataset


@click.command(
    help=say(
        "List the datasets with their rows and platforms; with NAME, the columns of one.",
        "列出数据集及其行数、来源平台；给出 NAME 时列出其字段。",
    )
)
@click.argument("name", required=False)
@json_option
def datasets(name: str | None, as_json: bool) -> None:
    """List datasets or columns."""
    registry, store, _ = opened(needs_lake=False)
    if name is not None:
        dataset = registry.dataset(name)
        columns = ["column", "中文", "English", "type", "unit", "code list", "key", "description"]
        show(
            columns,
            [
                [
                    field.name,
                    field.words.zh,
                    field.words.en,
                    field.type,
                    field.unit,
                    field.code_list,
                    "key" if field.name in dataset.key else None,
                    (LANG == "zh" and field.description_zh) or field.description,
                ]
                for field in dataset.fields
            ],
            as_json,
            f"{dataset.id} {dataset.words.zh} {dataset.version}: {dataset.description}",
        )
        return
    from hutong.lake import query, rows_of

    def rows(dataset: Dataset) -> int:
        if dataset.count_of is None:
            return int(rows_of(dataset, registry, store).count_rows())
        return int(query(f'SELECT * FROM "{dataset.id}"', registry, store).num_rows)

    fills = {
        dataset.id: sorted(
            {source.connector.platform for source in registry.sources.values() if dataset.id in source.datasets}
        )
        for dataset in registry.datasets.values()
    }
    show(
        ["dataset", "中文", "version", "mode", "rows", "platforms", "until"],
        [
            [
                dataset.id,
                dataset.words.zh,
                dataset.version,
                dataset.write_mode,
                rows(dataset),
                ", ".join(fills[dataset.id]),
                dataset.ends,
            ]
            for dataset in registry.datasets.values()
        ],
        as_json,
    )
