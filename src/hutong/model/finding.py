"""What is wrong with a record, where, and how it is said in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hutong.model.declared import Words

Stage = Literal["schema", "mapping", "row_rule"]
Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a record may not pass.

    rule: a slug that never changes, such as "speed_mps_range".
    place: JSON path in the raw record, or the column of the row.
    value: the value met, as text; "(personal)" where it must not be shown.
    params: what the sentences in `CATALOGUE` need beside place, value and rule.
    """

    stage: Stage
    rule: str
    kind: str
    place: str
    value: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a kind of finding is said: what happened, what was expected or why it matters, and what to do about it."""

    what: Words
    why: Words
    next_step: Words


def _said(what: tuple[str, str], why: tuple[str, str], next_step: tuple[str, str]) -> Explanation:
    """Each part as (Chinese, English)."""
    return Explanation(*(Words(zh=zh, en=en) for zh, en in (what, why, next_step)))


CATALOGUE: Mapping[str, Explanation] = {
    "schema": _said(
        ("原始记录的 {place} 取值为 {value}", "{place} of the raw record is {value}"),
        ("{stream} 的来源结构要求 {expected}", "the schema of {stream} wants {expected}"),
        (
            "请平台方更正数据；若数据无误，请更正该数据流的结构文件",
            "ask the platform's owner to correct the data, or correct the stream's schema if the data is right",
        ),
    ),
    "undeclared": _said(
        ("原始记录含有未声明的字段 {place}，取值为 {value}", "{place} holds {value} and is not declared"),
        (
            "{stream} 的来源结构没有该字段，其漂移方式会隔离这样的记录",
            "the schema of {stream} does not have it, and its drift mode puts such records aside",
        ),
        (
            "请在结构文件中补充此字段，或请平台方停止发送",
            "add the field to the schema, or ask the platform's owner to leave it out",
        ),
    ),
    "unreadable": _said(
        ("{place} 的值 {value} 无法读取", "{place} holds {value}, which cannot be read"),
        ("映射对它使用的规则是 {how}", "the mapping reads it with the rule '{how}'"),
        (
            "请核对映射文件中的该行与来源数据；若只是个别记录有误，可用 `hutong quarantine repair` 写一条修复规则",
            "check that line of the mapping against the source; if only some records are so, write a repair with"
            " `hutong quarantine repair`",
        ),
    ),
    "unknown_crs": _said(
        ("{place} 声明的坐标系为 {value}", "{place} names the coordinate system {value}"),
        ("映射的坐标系对照表中没有它", "the mapping's table of coordinate systems lacks it"),
        (
            "请向平台方确认该坐标系，并补充到映射中",
            "ask the platform's owner which system that is, and add it to the mapping",
        ),
    ),
    "unmapped": _said(
        ("{place} 的代码 {value} 没有对照", "the code {value} of {place} has no match"),
        (
            "代码表 {list} 的对照表中没有它，因此该字段发布为 unmapped",
            "the crosswalk to {list} lacks it, so the field is published as unmapped",
        ),
        (
            "请向平台方确认其含义，补充到对照表，或用 `hutong quarantine repair` 写一条修复规则",
            "ask the platform's owner what it means; add it to the crosswalk, or write a repair with"
            " `hutong quarantine repair`",
        ),
    ),
    "required": _said(
        ("字段 {place} 为空（{value}）", "{place} is empty ({value})"),
        ("该字段必填", "the dataset requires it"),
        (
            "请核对来源是否提供该值，或是否给出了“不可用”标记",
            "see whether the source left it out or sent its mark for unavailable",
        ),
    ),
    "range": _said(
        ("{place} 的值为 {value}", "{place} is {value}"),
        ("合理范围是 [{minimum}, {maximum}]", "the plausible range is [{minimum}, {maximum}]"),
        ("请核对来源数据的取值、单位和量纲", "check the source's value and its unit"),
    ),
    "pattern": _said(
        ("{place} 的值为 {value}", "{place} is {value}"),
        ("格式应为 {pattern}", "it must have the form {pattern}"),
        ("请核对来源编码", "check the source's coding"),
    ),
    "code": _said(
        ("{place} 的值为 {value}", "{place} is {value}"),
        ("代码表 {list} 中没有它", "the code list {list} lacks it"),
        ("请在代码表或对照表中补充", "extend the code list or the crosswalk"),
    ),
    "before": _said(
        ("{place} 的值为 {value}", "{place} are {value}"),
        ("前者应早于后者", "the first must come before the second"),
        ("请核对来源的起止时间及其时区", "check the source's start and end, and the zone they are in"),
    ),
    "not_above": _said(
        ("{place} 的值为 {value}", "{place} are {value}"),
        ("前者不应大于后者", "the first must not exceed the second"),
        ("请核对来源的两项数值", "check both values at the source"),
    ),
    "together": _said(
        ("{place} 的值为 {value}", "{place} are {value}"),
        ("它们应同时有值或同时为空", "they must be given together or not at all"),
        ("请核对来源坐标", "check the source's coordinates"),
    ),
    "within": _said(
        ("{place} 的值为 {value}", "{place} are {value}"),
        ("前者与后者之差应在 [{below}, {above}] 之内", "the first less the second must lie within [{below}, {above}]"),
        ("请核对来源的两项数值及其单位", "check both values at the source, and their units"),
    ),
    "required_if": _said(
        ("{place} 的值为 {value}", "{place} are {value}"),
        ("给出 {when} 时前者必填", "the first is required where {when} is given"),
        ("请核对来源是否漏填", "see whether the source left it out"),
    ),
    "jump": _said(
        (
            "{place} 为 {value}，同一对象在 {seconds} 秒前后的位置相距 {metres} 米，需以 {speed} m/s 移动",
            "{place} is {value}, {metres} m and {seconds} s from another place of the same thing: {speed} m/s",
        ),
        (
            "上限为 {maximum} m/s，而本批中它前后两个位置彼此衔接",
            "at most {maximum} m/s is plausible, and the places before and after it in this batch fit without it",
        ),
        ("请核对来源的坐标、坐标系与时间", "check the source's coordinates, their system, and its clock"),
    ),
}


def parts(finding: Finding, lang: Lang) -> tuple[str, str, str]:
    """What happened, why it matters (with the rule), and the next step. Raises KeyError for a kind or a parameter that
    this release does not know: a newer one wrote it.
    """
    explained = CATALOGUE[finding.kind]
    filled = {**finding.params, "place": finding.place, "value": finding.value}
    what, why, next_step = (
        getattr(words, lang).format_map(filled) for words in (explained.what, explained.why, explained.next_step)
    )
    return what, f"{why}（规则 {finding.rule}）" if lang == "zh" else f"{why} (rule {finding.rule})", next_step


def reason(finding: Finding, lang: Lang) -> str:
    """`finding` in one line. Raises as `parts` does."""
    what, why, next_step = parts(finding, lang)
    return f"{what}；{why}。{next_step}" if lang == "zh" else f"{what}; {why}; {next_step}"
