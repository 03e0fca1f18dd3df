"""`hutong docs`: the dictionary of everything declared, as pages."""

from __future__ import annotations

from pathlib import Path

import click

from hutong.cli.opened import opened
from hutong.cli.words import say
from hutong.errors import AskedWrongly


@click.command(
    help=say(
        "Write the data dictionary, in Chinese and English, as pages that need no server: every dataset and field with"
        " both names, unit, codes and rules, which platforms fill it and how each is converted, and an example row."
        " Open index.html in FOLDER. Exit code: 0, or 1 when something is declared in one language only or an example"
        " is refused.",
        "生成中英文数据字典网页，无需服务器：每个数据集与字段的双语名称、单位、代码与规则，由哪些平台提供、如何换算，以及示例行。"
        "用浏览器打开 FOLDER 中的 index.html。退出码：0；有内容只有一种语言或示例被拒绝时为 1。",
    )
)
@click.option(
    "--out",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    default="dictionary",
    show_default=True,
    help=say("Where to write; new, empty, or written by this command.", "输出文件夹：新建、为空，或此前由本命令写入。"),
)
def docs(folder: Path) -> None:
    """Write the dictionary."""
    from hutong.dictionary import write

    try:
        written = write(opened(needs_lake=False).registry, folder)
    except OSError as wrong:
        raise AskedWrongly(
            f"{wrong.filename or folder} cannot be written: {wrong.strerror}", "name another folder with --out"
        ) from None
    for said in written.lacking:
        click.echo(said, err=True)
    for name in written.refused:
        platform, stream = name.split(".")
        click.echo(
            say(
                f"connectors/{platform}/{stream}.schema.json: an example is refused; its page says why",
                f"connectors/{platform}/{stream}.schema.json：有示例被拒绝，原因见其页面",
            ),
            err=True,
        )
    click.echo(
        say(
            f"{written.pages} pages, begin at {folder / 'index.html'}",
            f"共 {written.pages} 页，入口 {folder / 'index.html'}",
        )
    )
    if written.lacking or written.refused:
        raise SystemExit(1)
