"""`hutong datasets`: what there is, in both languages."""

from __future__ import annotations

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say


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
    from hutong.lake import rows_of

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
                rows_of(dataset, registry, store).count_rows(),
                ", ".join(fills[dataset.id]),
                dataset.ends,
            ]
            for dataset in registry.datasets.values()
        ],
        as_json,
    )
