"""What is wrong with a record, where, and how it is said in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Stage = Literal["schema", "mapping", "row_rule"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a record may not pass.

    rule: a slug that never changes, such as "speed_mps_range".
    place: JSON path in the raw record, or the column of the row.
    value: the value met, as text; "(personal)" where it must not be shown.
    params: what the sentence in `CATALOGUE` needs beside place and value.
    """

    stage: Stage
    rule: str
    kind: str
    place: str
    value: str
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sentence:
    """How a kind of finding is said: what happened and what to do about it."""

    zh: str
    en: str


CATALOGUE: Mapping[str, Sentence] = {
    "schema": Sentence(
        "原始记录的 {place} 取值 {value} 不符合来源结构：{expected}。"
        "请核对来源数据，或请平台方更正 {stream} 的结构文件",
        "{place} of the raw record is {value}, but its schema wants {expected};"
        " ask the platform's owner to correct the data or the schema of {stream}",
    ),
    "undeclared": Sentence(
        "原始记录含有 {stream} 的来源结构未声明的字段 {place}，取值 {value}。"
        "请在该结构文件中补充此字段，或请平台方停止发送",
        "{place} holds {value}, a field that the schema of {stream} does not declare; add it to the schema, or ask the"
        " platform's owner to leave it out",
    ),
    "unreadable": Sentence(
        "{place} 的值 {value} 无法按规则 {how} 读取。请核对映射文件中的该行与来源数据",
        "{place} holds {value}, which the rule '{how}' cannot read; check that line of the mapping against the source",
    ),
    "unknown_crs": Sentence(
        "{place} 声明的坐标系 {value} 不在映射的对照表中。请在映射中补充该坐标系",
        "{place} names the coordinate system {value}, which the mapping's table lacks; add it to the mapping",
    ),
    "required": Sentence(
        "必填字段 {place} 为空。请核对来源是否提供该值，或是否给出了“不可用”标记",
        "the required field {place} is empty; see whether the source left it out or sent its mark for unavailable",
    ),
    "range": Sentence(
        "{place} 的值 {value} 超出合理范围 [{minimum}, {maximum}]。请核对来源数据的单位和量纲",
        "{place} is {value}, outside the plausible range [{minimum}, {maximum}]; check the source's value and its unit",
    ),
    "pattern": Sentence(
        "{place} 的值 {value} 不符合格式 {pattern}。请核对来源编码",
        "{place} is {value}, which does not have the form {pattern}; check the source's coding",
    ),
    "code": Sentence(
        "{place} 的值 {value} 不在代码表 {list} 中。请在代码表或对照表中补充",
        "{place} is {value}, which the code list {list} lacks; extend the code list or the crosswalk",
    ),
    "before": Sentence(
        "{place}：{value} 没有先后顺序（前者应早于后者）。请核对来源的起止时间",
        "{place}: {value} are not in order (the first must come before the second); check the source's start and end",
    ),
    "not_above": Sentence(
        "{place}：{value}，前者不应大于后者。请核对来源的两项数值",
        "{place}: {value}, the first must not exceed the second; check both values at the source",
    ),
    "together": Sentence(
        "{place} 应同时有值或同时为空，现为 {value}。请核对来源坐标",
        "{place} must be given together or not at all, found {value}; check the source's coordinates",
    ),
}


def reason(finding: Finding, lang: Literal["zh", "en"]) -> str:
    """`finding` as one sentence."""
    sentence = CATALOGUE[finding.kind]
    text = sentence.zh if lang == "zh" else sentence.en
    return text.format(place=finding.place, value=finding.value, **finding.params)
