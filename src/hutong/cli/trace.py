"""`hutong trace`: from a published row back to the bytes that it was made from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from hutong.cli.opened import opened
from hutong.cli.show import json_option, plain, show
from hutong.cli.words import LANG, say
from hutong.errors import AskedWrongly

if TYPE_CHECKING:
    from hutong.model.dataset import Dataset
    from hutong.model.declared import Words
    from hutong.trace import Hit, Trace
    from hutong.trace.columns import Column, Kept

MARKS = {"same": "✓", "rounding": "≈", "differs": "✗", "unknown": ""}

VERDICTS = {
    "reproduced": say(
        "every column comes out the same when the raw record is converted once more",
        "用原始记录重新换算，每个字段都得到相同的值",
    ),
    "differs": say(
        "converted once more, the raw record gives other values in: {changed}",
        "用原始记录重新换算，以下字段的值不同：{changed}",
    ),
    "refused": say(
        "what is declared now would refuse the raw record: {why}", "按现行登记文件，该原始记录会被拒绝：{why}"
    ),
    "gone": say(
        "what is declared now makes no row of this key from the raw record",
        "按现行登记文件，该原始记录不再产生此主键的行",
    ),
    "expired": say(
        "landing no longer holds the page it came in, so nothing can be converted once more",
        "落地数据已不再保存其所在页，无法重新换算",
    ),
    "altered": say("the bytes of its page are not those that landed", "其所在页的字节与落地时不一致"),
}

CLOSE = say(
    "every column comes out the same when the raw record is converted once more, those with ≈ but for the last digits",
    "用原始记录重新换算，每个字段都得到相同的值，标 ≈ 的仅末位数字不同",
)


@click.command(
    help=say(
        "From a published row back: the mapping line and conversion of each column, the raw value met, the rules kept,"
        " the raw record (personal fields hidden), its page, address and digest; and whether converting the record once"
        " more by the reference path gives the published values. KEY is a source_id, or column=value,column=value;"
        " several rows are listed with the keys that tell them apart. Exit code: 0 when every column is reproduced, 1"
        " when not, 2 when KEY fits no row or several. Example: hutong trace junction 5001120001",
        "由已发布的一行回溯：每个字段对应的映射行与换算、遇到的原始值、通过的规则、原始记录（个人信息已隐藏）、所在页、"
        "地址与摘要；并用参考路径重新换算，核对是否得到已发布的值。KEY 为 source_id，或 字段=值,字段=值；"
        "对应多行时列出可区分的 KEY。退出码：各字段均可重现为 0，否则为 1；KEY 没有对应行或对应多行为 2。",
    )
)
@click.argument("dataset")
@click.argument("key")
@json_option
def trace(dataset: str, key: str, as_json: bool) -> None:
    """Trace one row."""
    from hutong.trace import find
    from hutong.trace import trace as way_back

    registry, store, secrets = opened()
    table = registry.dataset(dataset)
    hits = find(table, key, registry, store)
    if not hits:
        raise AskedWrongly(
            f"{dataset} has no row with {key if '=' in key else f'source_id={key}'}",
            f'`hutong query "SELECT source_id FROM {dataset} LIMIT 5"` shows some; what was refused is in'
            " `hutong quarantine`",
        )
    if len(hits) > 1:
        _list(hits, table, as_json)
        raise SystemExit(2)
    found = way_back(table, hits[0].row, registry, store, secrets)
    if as_json:
        click.echo(json.dumps(_for_programs(found), ensure_ascii=False, indent=1))
    else:
        _tell(found)
    if found.verdict != "reproduced":
        raise SystemExit(1)


def _list(hits: list[Hit], dataset: Dataset, as_json: bool) -> None:
    from hutong.trace.find import MOST

    many = say(f"more than {MOST}", f"超过 {MOST} ") if len(hits) > MOST else f"{len(hits)}"
    click.echo(
        say(
            f"KEY fits {many} rows of {dataset.id}; name one by its own KEY:",
            f"KEY 对应 {dataset.id} 的{many}行，请改用其中一行的 KEY：",
        ),
        err=True,
    )
    show(
        ["observed_at", "batch", "KEY"],
        [[hit.row["observed_at"], hit.row["batch"], hit.key] for hit in hits[:MOST]],
        as_json,
    )


def _in(words: Words) -> str:
    return words.zh if LANG == "zh" else words.en


def _tell(found: Trace) -> None:
    from hutong.conversions import repair_words

    good = found.verdict == "reproduced"
    key = ", ".join(f"{name}={plain(value)}" for name, value in found.key.items())
    click.secho(f"{_in(found.dataset.words)} {found.dataset.id} {found.dataset.version}   {key}", bold=True)
    said = (CLOSE if good and found.is_rounded else VERDICTS[found.verdict]).format(
        changed=", ".join(found.changed), why="; ".join(_in(reason) for reason in found.why)
    )
    click.secho(f"{'✓' if good else '✗'} {said}", fg="green" if good else "red")
    for version in found.made.versions if found.made else ():
        if version.is_other:
            click.secho(
                "! "
                + say(
                    f"{_in(version.what)}: the row was made with {version.then}, now it is {version.now}",
                    f"{_in(version.what)}：该行按 {version.then} 生成，现为 {version.now}",
                ),
                fg="yellow",
            )
    for name in found.repairs:
        repair = found.source.repairs[name]
        said = f"{_in(repair_words(repair))} ({repair.reason}; {repair.author}, {repair.date})"
        click.secho("! " + say(f"repaired by {name}: {said}", f"经修复 {name}：{said}"), fg="yellow")
    click.echo()
    file = found.file
    show(
        [say("column", "字段"), say("published", "发布值"), say("raw", "原始值"), say("how", "换算"),
         say("line", "行号"), say("rules kept", "通过的规则"), ""],
        _rows(found),
        title=say(f"Where each value comes from: {file}", f"每个值的由来：{file}"),
    )  # fmt: skip
    click.echo()
    show(
        [say("what", "项目"), say("value", "内容")],
        _origin(found),
        title=say("Where the record came from", "记录的来处"),
    )
    if found.made and found.made.gates:
        click.echo()
        show(
            [say("gate", "批次检查"), say("says", "要求"), say("saw", "所见"), ""],
            [
                [gate.name, _in(gate.words), gate.observed, MARKS["same"] if gate.is_passed else MARKS["differs"]]
                for gate in found.made.gates
            ],
            title=say("Gates of its batch", "所在批次的检查"),
        )
    if found.raw is not None:
        click.echo()
        click.secho(say("The raw record", "原始记录"), bold=True)
        click.echo(json.dumps(found.raw, ensure_ascii=False, indent=1))


def _rows(found: Trace) -> Iterator[list[Any]]:
    """The columns that the mapping fills; of a line that fills several only the first says what it read and did."""
    before = None
    for column in found.columns:
        if column.line is None:
            continue
        is_first, before = column.line != before, column.line
        raw = ", ".join(f"{path}={value}" for path, value in column.raw.items()) if is_first else ""
        how = _in(column.how) if is_first else ""
        kept = ", ".join(map(_kept, column.kept))
        name = f"{column.name} {column.words.zh}" if LANG == "zh" else column.name
        yield [name, _published(column), raw, how, column.line.rpartition(":")[2], kept, MARKS[column.again]]


def _kept(one: Kept) -> str:
    if one.is_kept is None:
        return f"{one.bounds} ({say('judged in its batch', '在批次内判定')})"
    return one.bounds if one.is_kept else f"✗ {one.rule} {one.bounds}"


def _published(column: Column) -> Any:
    value = plain(column.value)
    if isinstance(column.value, bytes):
        value = say(f"WKB, {len(column.value)} bytes", f"WKB，{len(column.value)} 字节")
    if value is not None and column.unit is not None and column.unit[0].isalpha():
        value = f"{value} {column.unit}"
    if column.again == "differs":
        return f"{value} ≠ {plain(column.now)}"
    return value


def _origin(found: Trace) -> list[list[Any]]:
    title = _in(found.source.connector.title)
    rows: list[list[Any]] = [
        [say("platform", "平台"), f"{title} ({found.source.id} {_in(found.source.stream.title)})"],
        [say("sequence, batch, record", "批次序列、批次、记录"), f"{found.sequence}  #{found.batch}  {found.record}"],
    ]
    if found.came is None:
        kept = found.source.retention
        rows.append([say("page", "页"), say("expired", "已过期") + (f" ({kept.days} d)" if kept else "")])
    else:
        came = found.came
        intact = say("bytes unchanged", "字节未变") if came.is_intact else say("BYTES CHANGED", "字节已变")
        rows += [
            [say("page, position", "页、页内序号"), f"{came.page}, {came.position}"],
            [say("address", "地址"), came.url],
            [say("fetched at", "抓取时间"), came.fetched_at],
            [say("SHA-256", "SHA-256"), f"{came.sha256_stored} ({intact})"],
        ]
        if came.sha256_stored != came.sha256_received:
            rows.append([say("SHA-256 as received", "接收时 SHA-256"), came.sha256_received])
    if found.made is None:
        rows.append([say("ledger", "台账"), say("does not have this batch", "没有该批次")])
        return rows
    made = found.made
    rows.append([say("published", "发布"), f"{plain(made.published_at)}  {made.sequence}"])
    if made.decision is not None:
        word = say(made.decision.verdict, {"accept": "接受", "reject": "拒绝"}[made.decision.verdict])
        rows.append([say("a person decided", "人工决定"), f"{word}  {plain(made.decision.at)}  {made.decision.reason}"])
    rows.append([say("the pull was", "采集"), _coded("completeness", made.completeness, found)])
    if made.doubt is not None:
        rows.append([say("because", "原因"), _coded("doubt", made.doubt, found)])
    for version in made.versions:
        now = say(f"  (now {version.now})", f"（现为 {version.now}）") if version.is_other else ""
        rows.append([_in(version.what), f"{version.then or say('not written down', '未记录')}{now}"])
    return rows


def _coded(name: str, code: str, found: Trace) -> str:
    entry = found.source.codes.get(name, {}).get(code)
    return code if entry is None else say(entry.en, entry.zh)


def _for_programs(found: Trace) -> dict[str, Any]:
    """The same for programs: names that stay, words in both languages."""
    made, came = found.made, found.came
    return {
        "dataset": found.dataset.id,
        "contract": found.dataset.version,
        "key": {name: plain(value) for name, value in found.key.items()},
        "verdict": found.verdict,
        "changed": found.changed,
        "why": _both(found.why),
        "repairs": list(found.repairs),
        "columns": [
            {
                "column": column.name,
                "value": plain(column.value),
                "unit": column.unit,
                "rule": column.rule,
                "line": column.line,
                "raw": dict(column.raw),
                "how": column.how.model_dump(),
                "rules": [{"rule": one.rule, "bounds": one.bounds, "kept": one.is_kept} for one in column.kept],
                "again": column.again,
                "now": plain(column.now),
            }
            for column in found.columns
        ],
        "platform": found.source.connector.platform,
        "stream": found.source.name,
        "sequence": found.sequence,
        "batch": found.batch,
        "record": found.record,
        "page": None if came is None else {
            "page": came.page,
            "position": came.position,
            "url": came.url,
            "fetched_at": plain(came.fetched_at),
            "content_type": came.content_type,
            "sha256_received": came.sha256_received,
            "sha256_stored": came.sha256_stored,
            "is_intact": came.is_intact,
        },
        "made": None if made is None else {
            "sequence": made.sequence,
            "published_at": plain(made.published_at),
            "completeness": made.completeness,
            "doubt": made.doubt,
            "versions": [
                {"what": one.what.en, "then": one.then, "now": one.now, "changed": one.is_other}
                for one in made.versions
            ],
            "gates": [{"gate": one.name, "passed": one.is_passed, "observed": one.observed} for one in made.gates],
            "decision": made.decision and {"verdict": made.decision.verdict, "reason": made.decision.reason},
        },
        "raw": found.raw,
    }  # fmt: skip


def _both(words: Iterable[Words]) -> list[dict[str, str]]:
    return [one.model_dump() for one in words]
