"""The report as one HTML page that needs nothing else: no network, no script to be read, every word escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from hutong.model.declared import Words
from hutong.report.answer import Answer
from hutong.report.tables import Cell, Table, tables

STYLE = """
:root{color-scheme:light dark;--ink:#22303c;--faint:#62707c;--paper:#fbfaf7;--rule:#dcd8cf}
@media(prefers-color-scheme:dark){:root{--ink:#e6e3dc;--faint:#a3adb5;--paper:#171c21;--rule:#38414a}}
body{margin:0 auto;max-width:64rem;padding:1.5rem 1rem 4rem;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
h1{font-size:1.5rem;line-height:1.35;margin:.5rem 0 1rem}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}
[lang=zh],[lang=en]{display:block}th [lang],td [lang],button [lang]{display:inline}
td [lang=zh]+[lang=en]::before,th [lang=zh]+[lang=en]::before{content:" "}
[lang=en]{color:var(--faint)}h1 [lang=en]{font-size:1.15rem;font-weight:500}
body.only-zh [lang=en],body.only-en [lang=zh]{display:none}body.only-en [lang=en]{color:inherit}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;min-width:60%}
th,td{text-align:left;padding:.3rem .7rem .3rem 0;border-bottom:1px solid var(--rule);vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1rem 0}figure svg{display:block;width:100%;height:auto;border-radius:6px}
pre{overflow-x:auto;padding:.7rem 1rem;border:1px solid var(--rule);border-radius:6px;font-size:.85rem}
button{font:inherit;font-size:.85rem;color:inherit;background:none;border:1px solid var(--rule);border-radius:4px;
padding:.15rem .6rem}
footer{margin-top:3rem;color:var(--faint);font-size:.85rem}p{margin:.35rem 0}
"""
SWITCH = """
const next={"":"only-zh","only-zh":"only-en","only-en":""};
const button=document.getElementById("switch");button.hidden=false;
button.onclick=()=>{document.body.className=next[document.body.className]};
"""
ASK = Words(zh="自己查询", en="Ask for yourself")
SIMULATED = Words(
    zh="城市与数据均为仿真；时间为协调世界时。", en="The city and its data are simulated. Times are in UTC."
)
QUESTIONS = (
    "hutong query \"SELECT kind, outcome, sum(count) FROM ledger GROUP BY ALL\"",
    "hutong query \"SELECT name, road_class, length_m FROM road_segment_main LIMIT 10\"",
    "hutong quarantine",
    "hutong verify",
)  # fmt: skip


def page(answer: Answer, picture: bytes | None) -> str:
    """The page. picture: SVG to be shown in it, of our own making and so taken as it is; None leaves it out."""
    *shown, headline = tables(answer, answer.knew_first.accidents)
    streams, reasons, datasets, knew = shown
    figure = "" if picture is None else f"<figure>{_inline(picture)}</figure>"
    body = "\n".join(
        (
            '<button id="switch" type="button" hidden>中文 / English / 双语 both</button>',
            f"<h1>{_both(headline.title)}</h1>",
            figure,
            *(_section(table) for table in (knew, streams, reasons, datasets)),
            f"<h2>{_both(ASK)}</h2>",
            f"<pre>{escape(chr(10).join(QUESTIONS))}</pre>",
            f"<footer>{_both(SIMULATED)}{answer.asked_at:%Y-%m-%d %H:%M} UTC</footer>",
        )
    )
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>互通 hutong: {escape(headline.title.en)}</title><style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n<script>{SWITCH}</script>\n</body></html>\n"
    )


def _inline(svg: bytes) -> str:
    """The svg element alone: an HTML document must not hold an XML declaration or a document type."""
    text = svg.decode()
    return re.sub(r"\s+$", "", text[text.index("<svg") :])


def _both(words: Words) -> str:
    if words.zh == words.en:
        return escape(words.zh)
    return f'<span lang="zh">{escape(words.zh)}</span><span lang="en">{escape(words.en)}</span>'


def _section(table: Table) -> str:
    lines = "".join(f"<p>{_both(line)}</p>" for line in table.lines)
    return f"<section><h2>{_both(table.title)}</h2>{lines}{_table(table)}</section>"


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    # A column of numbers is one in which every row that says anything says a number.
    is_number = [
        all(row[index] is None or isinstance(row[index], int | float) for row in table.rows)
        for index in range(len(table.columns))
    ]
    head = "".join(
        f"<th{_class(number)}>{_both(column)}</th>" for column, number in zip(table.columns, is_number, strict=True)
    )
    rows = "\n".join(f"<tr>{_cells(row, is_number)}</tr>" for row in table.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>'


def _cells(row: Sequence[Cell], is_number: Sequence[bool]) -> str:
    return "".join(f"<td{_class(number)}>{_cell(cell)}</td>" for cell, number in zip(row, is_number, strict=True))


def _class(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Words):
        return _both(cell)
    return f"{cell:,}" if isinstance(cell, int | float) else escape(cell)
