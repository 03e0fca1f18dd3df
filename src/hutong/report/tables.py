"""The answer as titled tables and sentences in both languages, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from hutong.model.batch import FATES
from hutong.model.declared import Words
from hutong.report.answer import Answer
from hutong.report.knew_first import AT_JUNCTION_M, NEAR_RSU_M, Accident, KnewFirst
from hutong.report.scene import RED_LIGHT_S
from hutong.settings import Lang

Cell = str | int | float | Words | None
FATE_WORDS = {
    "published": Words(zh="已发布", en="published"),
    "unchanged": Words(zh="无变化", en="unchanged"),
    "superseded": Words(zh="已被更新", en="superseded"),
    "withheld": Words(zh="按规定不提供", en="withheld"),
    "duplicate": Words(zh="重复", en="duplicate"),
    "quarantined": Words(zh="问题数据", en="quarantined"),
    "refused": Words(zh="整批拒收", en="refused"),
    "dropped": Words(zh="人工剔除", en="dropped"),
    "empty": Words(zh="无内容", en="empty"),
}
KMH_PER_MPS = 3.6


@dataclass(frozen=True, slots=True)
class Table:
    """A title, sentences, and rows under columns; either of the last two may be empty."""

    title: Words
    lines: tuple[Words, ...] = ()
    columns: tuple[Words, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A table in one language."""

    title: str
    lines: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


def screen(answer: Answer, lang: Lang) -> list[Section]:
    """The demo's last screen. Of the accidents it lists those at a junction or seen; the page lists all."""
    listed = [one for one in answer.knew_first.accidents if one.is_at_junction or one.sight is not None]
    return [in_language(table, lang) for table in tables(answer, listed)]


def in_language(table: Table, lang: Lang) -> Section:
    """`table` in `lang`."""
    return Section(
        title=_say(table.title, lang),
        lines=tuple(_say(line, lang) for line in table.lines),
        columns=tuple(_say(column, lang) for column in table.columns),
        rows=tuple(tuple(_say(cell, lang) if isinstance(cell, Words) else cell for cell in row) for row in table.rows),
    )


def tables(answer: Answer, accidents: Sequence[Accident]) -> list[Table]:
    """Streams, reasons, datasets, who knew first with `accidents` listed, and the headline last."""
    knew = answer.knew_first
    return [
        _streams(answer),
        _reasons(answer),
        _datasets(answer),
        Table(Words(zh="谁先知道？", en="Who knew first?"), tuple(_sentences(knew)), *_accidents(accidents)),
        Table(knew.headline),
    ]


def _say(words: Words, lang: Lang) -> str:
    return words.zh if lang == "zh" else words.en


def _same(text: str) -> Words:
    return Words(zh=text, en=text)


def _streams(answer: Answer) -> Table:
    columns = (Words(zh="数据流", en="stream"), Words(zh="名称", en="what"), Words(zh="接收", en="received"))
    return Table(
        Words(zh="台账：每条记录的去向", en="The ledger: what became of every record"),
        columns=(*columns, *(FATE_WORDS[fate] for fate in FATES)),
        rows=tuple(
            (one.source, one.title, one.received, *(one.fates[fate] for fate in FATES)) for one in answer.streams
        ),
    )


def _reasons(answer: Answer) -> Table:
    return Table(
        Words(zh="问题数据：最常见的原因", en="Quarantine: the most frequent reasons"),
        columns=(
            Words(zh="数据流", en="stream"),
            Words(zh="记录数", en="records"),
            Words(zh="规则", en="rule"),
            Words(zh="例如", en="for example"),
        ),
        rows=tuple(
            (one.source, reason.records, reason.rule, reason.said) for one in answer.streams for reason in one.reasons
        ),
    )


def _datasets(answer: Answer) -> Table:
    return Table(
        Words(zh="基础共性数据", en="Base datasets"),
        columns=(
            Words(zh="数据集", en="dataset"),
            Words(zh="名称", en="Chinese name"),
            Words(zh="行数", en="rows"),
            Words(zh="来源平台", en="platforms"),
            Words(zh="最新一行距今", en="newest row is"),
        ),
        rows=tuple(
            (
                one.dataset,
                one.title.zh,
                one.rows,
                ", ".join(one.platforms),
                None if one.age_s is None else age(one.age_s),
            )
            for one in answer.datasets
        ),
    )


def age(seconds: float) -> Words:
    """How long ago that is, in its two largest units.

    >>> age(2038.6).en
    '33 min 58 s old'
    """
    left = max(0, int(seconds))
    parts: list[tuple[int, str, str]] = []
    for size, zh, en in ((86400, "天", "d"), (3600, "小时", "h"), (60, "分", "min"), (1, "秒", "s")):
        count, left = divmod(left, size)
        parts.append((count, zh, en))
    first = next((place for place, part in enumerate(parts) if part[0]), len(parts) - 1)
    shown = parts[first : first + 2]
    return Words(
        zh=" ".join(f"{count} {zh}" for count, zh, _ in shown),
        en=" ".join(f"{count} {en}" for count, _, en in shown) + " old",
    )


def _sentences(knew: KnewFirst) -> Iterable[Words]:
    """(a) to (d), a sentence or two each."""
    raw, count = knew.raw, len(knew.accidents)
    as_sent, *guessed = raw.readings
    yield Words(
        zh=f"(a) 各平台原始答复直接关联（坐标、时钟、标识均不改动）：{raw.accidents} 起事故中"
        f" {as_sent.at_junction} 起位于路口，{as_sent.near_rsu} 起邻近路侧单元。",
        en="(a) The raw answers laid on one another, coordinates, clocks and ids as they stand:"
        f" {as_sent.at_junction} of {raw.accidents} accidents at a junction, {as_sent.near_rsu} near a roadside unit.",
    )
    for reading in guessed:
        yield Words(
            zh=f"    若改用{reading.pair.zh}：{reading.at_junction} 起位于路口，"
            f"{reading.near_rsu} 起邻近路侧单元；时钟仍不一致。",
            en=f"    By {reading.pair.en}: {reading.at_junction} at a junction,"
            f" {reading.near_rsu} near a roadside unit, and still no common clock.",
        )
    yield Words(
        zh=f"(b) 经互通：路侧感知观测时段内有 {count} 起事故，{len(knew.at_junction)} 起位于路口"
        f"（距 CIM 路口中心 {AT_JUNCTION_M:.0f} 米以内）；路侧单元列至 {NEAR_RSU_M:.0f} 米。",
        en=f"(b) Through hutong: {count} accidents in the time that roadside sensing observed,"
        f" {len(knew.at_junction)} of them at a junction (within {AT_JUNCTION_M:.0f} m of its middle in the CIM);"
        f" roadside units are listed up to {NEAR_RSU_M:.0f} m.",
    )
    yield _on_sights(knew)
    yield _on_speeds(knew)


def _on_sights(knew: KnewFirst) -> Words:
    seen, overseen = len(knew.leads_s), len(knew.overseen)
    if not seen:
        return Words(zh="(c) 未识别出停驶车辆。", en="(c) No stopped vehicles were made out.")
    return Words(
        zh=f"(c) {overseen} 起在路侧感知范围内，{seen} 起（按警方的时间地点事后查找）识别出停驶车辆，"
        f"{knew.sooner} 起早于警方记录（最近一次更新时间 updated_at）；"
        f"再等 {RED_LIGHT_S} 秒以排除等红灯后，仍有 {knew.sooner_when_sure} 起早于警方记录。",
        en=f"(c) {overseen} lie within reach of roadside sensing; looked for afterwards around the police's"
        f" place and time, the stopped vehicles of {seen} were made out,"
        f" {knew.sooner} before the police record (updated_at, of its newest revision)."
        f" Waiting {RED_LIGHT_S} s more to rule out a red light leaves {knew.sooner_when_sure}.",
    )


def _on_speeds(knew: KnewFirst) -> Words:
    changes = [
        (one.slowing.before_mps * KMH_PER_MPS, one.slowing.lowest_mps * KMH_PER_MPS)
        for one in knew.accidents
        if one.sight and one.slowing and one.slowing.before_mps is not None and one.slowing.lowest_mps is not None
    ]
    if not changes:
        return Words(zh="(d) 没有可比较的路段速度。", en="(d) There are no section speeds to compare.")
    before, lowest = (median(change[place] for change in changes) for place in (0, 1))
    return Words(
        zh=f"(d) {len(changes)} 起已识别事故所在路段的速度中位数："
        f"事故前 {before:.0f} km/h，其后最低 {lowest:.0f} km/h。",
        en=f"(d) On the sections of {len(changes)} accidents that were seen, the median speed was {before:.0f} km/h"
        f" before and {lowest:.0f} km/h at its lowest after.",
    )


def _accidents(accidents: Sequence[Accident]) -> tuple[tuple[Words, ...], tuple[tuple[Cell, ...], ...]]:
    columns = (
        Words(zh="序号", en="no."),
        Words(zh="最近的 CIM 路口", en="nearest CIM junction"),
        Words(zh="公安路口编号", en="police code"),
        Words(zh="区县", en="district"),
        Words(zh="距离 m", en="m away"),
        Words(zh="位于路口", en="at it"),
        Words(zh="路侧单元", en="roadside units"),
        Words(zh="早于警方 s", en="s before police"),
        Words(zh="事故前 km/h", en="km/h before"),
        Words(zh="其后最低 km/h", en="lowest after"),
    )
    return columns, tuple(map(_row, accidents))


def _row(one: Accident) -> tuple[Cell, ...]:
    junction, slowing = one.junction, one.slowing
    return (
        one.no,
        junction.name or junction.id if junction else None,
        junction.police_code if junction else None,
        junction.district if junction else None,
        round(junction.away_m) if junction else None,
        Words(zh="是", en="yes") if one.is_at_junction else _same(""),
        " ".join(one.rsus),
        None if one.lead_s is None else round(one.lead_s),
        _kmh(slowing.before_mps if slowing else None),
        _kmh(slowing.lowest_mps if slowing else None),
    )


def _kmh(speed_mps: float | None) -> int | None:
    return None if speed_mps is None else round(speed_mps * KMH_PER_MPS)
