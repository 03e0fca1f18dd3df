"""Two versions of a contract, field by field: what may change under readers' feet, and what may not.

A change is *breaking* when rows that are published may not keep the new contract, or when a query that was right would
get other answers; then the table cannot become the new one, and the major version is raised. It is *additive* when the
table becomes the new one as it stands, and *documentation* when only words about the data change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hutong.model.dataset import Dataset, Field
from hutong.model.declared import Words
from hutong.schema.jumps import JUMP
from hutong.schema.terms import IMPLIED

Effect = Literal["documentation", "additive", "breaking"]
EFFECTS: tuple[Effect, ...] = ("documentation", "additive", "breaking")
"""From the weakest to the strongest."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of difference: what it does, what it is called, and why it does that."""

    effect: Effect
    what: Words
    why: Words


KINDS: Mapping[str, Kind] = {
    "column_removed": Kind(
        "breaking",
        Words(en="column removed", zh="删除字段"),
        Words(en="queries that name it fail", zh="用到该字段的查询会失败"),
    ),
    "column_renamed": Kind(
        "breaking",
        Words(en="column renamed", zh="字段改名"),
        Words(en="queries that name the old one fail", zh="用到旧字段名的查询会失败"),
    ),
    "required_column_added": Kind(
        "breaking",
        Words(en="required column added", zh="新增必填字段"),
        Words(en="published rows have no value for it", zh="已发布的行没有该字段的值"),
    ),
    "type": Kind(
        "breaking",
        Words(en="type changed", zh="类型变化"),
        Words(
            en="a table that every reader can read has one type per column, wider ones included",
            zh="所有读取端都能读的表，每个字段只有一种类型，加宽也不行",
        ),
    ),
    "made_required": Kind(
        "breaking",
        Words(en="made required", zh="改为必填"),
        Words(en="published rows may have no value", zh="已发布的行可能没有值"),
    ),
    "unit": Kind(
        "breaking",
        Words(en="unit changed", zh="单位变化"),
        Words(en="the same number means something else", zh="同一数值含义不同"),
    ),
    "currency": Kind(
        "breaking",
        Words(en="currency changed", zh="币种变化"),
        Words(en="the same number means something else", zh="同一数值含义不同"),
    ),
    "crs": Kind(
        "breaking",
        Words(en="coordinate system changed", zh="坐标系变化"),
        Words(en="the same number means another place", zh="同一坐标指向不同位置"),
    ),
    "code_list": Kind(
        "breaking",
        Words(en="code list changed", zh="代码表变化"),
        Words(en="the same code means something else, or nothing", zh="同一代码含义不同或没有含义"),
    ),
    "key": Kind(
        "breaking",
        Words(en="key changed", zh="主键变化"),
        Words(en="rows that were one become several, or several become one", zh="原来的一行会变成多行，或多行变成一行"),
    ),
    "partition": Kind(
        "breaking",
        Words(en="partitions changed", zh="分区变化"),
        Words(en="published files lie in the old partitions", zh="已发布的文件位于旧分区"),
    ),
    "write_mode": Kind(
        "breaking",
        Words(en="write mode changed", zh="写入方式变化"),
        Words(en="a row that is missing or repeated means something else", zh="行的缺失或重复含义不同"),
    ),
    "revision": Kind(
        "breaking",
        Words(en="revision changed", zh="修订字段变化"),
        Words(en="another version of a row wins", zh="同一主键由另一版本胜出"),
    ),
    "count_of": Kind(
        "breaking",
        Words(en="what is counted changed", zh="计数方式变化"),
        Words(en="the same number counts something else", zh="同一数值所计不同"),
    ),
    "limits_tightened": Kind(
        "breaking",
        Words(en="limits tightened", zh="取值范围收紧"),
        Words(en="published rows may lie outside", zh="已发布的行可能超出新范围"),
    ),
    "pattern": Kind(
        "breaking",
        Words(en="pattern changed", zh="格式变化"),
        Words(en="published rows may not match", zh="已发布的行可能不符合新格式"),
    ),
    "rule_added": Kind(
        "breaking",
        Words(en="row rule added", zh="新增行规则"),
        Words(en="published rows may break it", zh="已发布的行可能违反新规则"),
    ),
    "rule_changed": Kind(
        "breaking",
        Words(en="row rule changed", zh="行规则变化"),
        Words(en="published rows may break it", zh="已发布的行可能违反新规则"),
    ),
    "protection_begun": Kind(
        "breaking",
        Words(en="became personal", zh="改为个人信息"),
        Words(
            en="published rows hold the values in the open, new ones would hold pseudonyms",
            zh="已发布的行为明文，新行为假名，两者不能关联",
        ),
    ),
    "protection_lowered": Kind(
        "breaking",
        Words(en="protection lowered", zh="降低个人信息级别"),
        Words(en="published rows were given under the stricter promise", zh="已发布的行是按更严的承诺提供的"),
    ),
    "column_added": Kind(
        "additive",
        Words(en="optional column added", zh="新增选填字段"),
        Words(en="published rows read as null there", zh="已发布的行在该字段为空"),
    ),
    "made_optional": Kind(
        "additive",
        Words(en="made optional", zh="改为选填"),
        Words(en="published rows all have a value; new ones may be null", zh="已发布的行都有值，新行可为空"),
    ),
    "limits_widened": Kind(
        "additive",
        Words(en="limits widened", zh="取值范围放宽"),
        Words(en="published rows lie inside", zh="已发布的行都在新范围内"),
    ),
    "pattern_widened": Kind(
        "additive",
        Words(en="pattern widened", zh="格式放宽"),
        Words(en="published rows match", zh="已发布的行都符合新格式"),
    ),
    "rule_removed": Kind(
        "additive",
        Words(en="row rule removed", zh="删除行规则"),
        Words(en="published rows keep what is left", zh="已发布的行符合其余规则"),
    ),
    "protection_raised": Kind(
        "additive",
        Words(en="protection raised", zh="提高个人信息级别"),
        Words(en="values stay what they are, fewer may see them", zh="值不变，可见范围缩小"),
    ),
    "plausibility_added": Kind(
        "additive",
        Words(en="rule against jumps added", zh="新增位置跳变规则"),
        Words(
            en="it compares rows of one batch from now on, published rows stay",
            zh="只比较今后各批次内的行，已发布的行不变",
        ),
    ),
    "plausibility_changed": Kind(
        "additive",
        Words(en="rule against jumps changed", zh="位置跳变规则变化"),
        Words(
            en="it compares rows of one batch from now on, published rows stay",
            zh="只比较今后各批次内的行，已发布的行不变",
        ),
    ),
    "plausibility_removed": Kind(
        "additive",
        Words(en="rule against jumps removed", zh="删除位置跳变规则"),
        Words(en="published rows stay", zh="已发布的行不变"),
    ),
    "gate_added": Kind(
        "additive",
        Words(en="gate added", zh="新增质量门"),
        Words(en="it judges batches from now on, published rows stay", zh="只判断今后的批次，已发布的行不变"),
    ),
    "gate_changed": Kind(
        "additive",
        Words(en="gate changed", zh="质量门变化"),
        Words(en="it judges batches from now on, published rows stay", zh="只判断今后的批次，已发布的行不变"),
    ),
    "gate_removed": Kind(
        "additive",
        Words(en="gate removed", zh="删除质量门"),
        Words(en="published rows stay", zh="已发布的行不变"),
    ),
    "words": Kind(
        "documentation",
        Words(en="name changed", zh="名称变化"),
        Words(en="words about the data, not the data", zh="只是说明文字"),
    ),
    "description": Kind(
        "documentation",
        Words(en="description changed", zh="说明变化"),
        Words(en="words about the data, not the data", zh="只是说明文字"),
    ),
    "property": Kind(
        "documentation",
        Words(en="property changed", zh="属性变化"),
        Words(en="says who provides or may ask; rows and columns stay", zh="说明由谁提供、供谁使用，行与字段不变"),
    ),
}
"""Every kind of difference there is. `docs/contracts.md` has the same table."""

_PROTECTION = ("none", "ordinary", "sensitive")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two versions of a contract say differently.

    place: the column, rule, gate or property; None for the table. before, after: what each says, None if nothing.
    """

    place: str | None
    name: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> Kind:
        """What it is and does."""
        return KINDS[self.name]

    @property
    def effect(self) -> Effect:
        """What it does."""
        return self.kind.effect

    def __str__(self) -> str:
        values = f" ({self.before or 'nothing'} -> {self.after or 'nothing'})" if self.before or self.after else ""
        return f"{self.place or 'table'}: {self.kind.what.en}{values}"


def compare(old: Dataset, new: Dataset) -> tuple[Difference, ...]:
    """What `new` says otherwise than `old`, the strongest first. Versions, digests and the order of columns do not
    count.
    """
    found = [*_columns(old, new), *_table(old, new), *_rules(old, new), *_gates(old, new), *_properties(old, new)]
    return tuple(sorted(found, key=lambda one: -EFFECTS.index(one.effect)))


def effect_of(differences: Iterable[Difference]) -> Effect | None:
    """The strongest effect among `differences`; None if there are none."""
    return max((one.effect for one in differences), key=EFFECTS.index, default=None)


def next_version(version: str, effect: Effect | None) -> str:
    """The lowest version that a contract of `version` may have after a change of `effect`.

    >>> next_version("1.2.3", "breaking"), next_version("1.2.3", "additive"), next_version("1.2.3", "documentation")
    ('2.0.0', '1.3.0', '1.2.4')
    """
    major, minor, patch = order(version)
    match effect:
        case "breaking":
            return f"{major + 1}.0.0"
        case "additive":
            return f"{major}.{minor + 1}.0"
        case "documentation":
            return f"{major}.{minor}.{patch + 1}"
        case None:
            return version


def order(version: str) -> tuple[int, int, int]:
    """`version` as numbers that sort.

    >>> order("1.10.0") > order("1.9.3")
    True
    """
    major, minor, patch = map(int, version.split("."))
    return major, minor, patch


def _columns(old: Dataset, new: Dataset) -> Iterator[Difference]:
    before, after = {one.name: one for one in old.fields}, {one.name: one for one in new.fields}
    added = {name: one for name, one in after.items() if name not in before}
    for name, one in before.items():
        if name in after:
            yield from _column(one, after[name])
        elif (renamed := _same_thing(one, added.values())) is not None:
            del added[renamed.name]
            yield Difference(name, "column_renamed", name, renamed.name)
        else:
            yield Difference(name, "column_removed", one.type, None)
    for name, one in added.items():
        yield Difference(name, "required_column_added" if one.required else "column_added", None, one.type)


def _same_thing(field: Field, added: Iterable[Field]) -> Field | None:
    """The added column that is `field` under another name."""

    def says(one: Field) -> tuple[str, ...]:
        return (one.words.zh, one.type, one.unit or "", one.code_list or "")

    return next((one for one in added if says(one) == says(field)), None)


def _column(old: Field, new: Field) -> Iterator[Difference]:
    said: Sequence[tuple[str, Any, Any]] = (
        ("type", old.type, new.type),
        ("unit", old.unit, new.unit),
        ("currency", old.currency, new.currency),
        ("crs", old.crs, new.crs),
        ("code_list", old.code_list, new.code_list),
        ("words", old.words.zh, new.words.zh),
        ("description", old.description, new.description),
    )
    yield from _changed(new.name, said)
    if old.required != new.required:
        yield Difference(
            new.name, "made_required" if new.required else "made_optional", _need(old.required), _need(new.required)
        )
    if (old.minimum, old.maximum) != (new.minimum, new.maximum):
        yield Difference(
            new.name, "limits_widened" if _is_wider(old, new) else "limits_tightened", _span(old), _span(new)
        )
    if old.pattern != new.pattern:
        widened = new.pattern is None or (
            old.pattern is not None and _alternatives(old.pattern) <= _alternatives(new.pattern)
        )
        yield Difference(new.name, "pattern_widened" if widened else "pattern", old.pattern, new.pattern)
    if old.personal != new.personal:
        rises = _PROTECTION.index(new.personal) > _PROTECTION.index(old.personal)
        name = (
            "protection_lowered" if not rises else "protection_begun" if old.personal == "none" else "protection_raised"
        )
        yield Difference(new.name, name, old.personal, new.personal)


def _table(old: Dataset, new: Dataset) -> Iterator[Difference]:
    yield from _changed(
        None,
        (
            ("key", ", ".join(old.key), ", ".join(new.key)),
            ("partition", ", ".join(old.partition_by), ", ".join(new.partition_by)),
            ("write_mode", old.write_mode, new.write_mode),
            ("revision", old.revision, new.revision),
            ("count_of", _counted(old), _counted(new)),
            ("words", old.words.zh, new.words.zh),
            ("description", old.description, new.description),
        ),
    )


def _counted(dataset: Dataset) -> str | None:
    count = dataset.count_of
    if count is None:
        return None
    return f"{count.dataset} by {count.hour} into {count.into}, at least {count.at_least}"


def _rules(old: Dataset, new: Dataset) -> Iterator[Difference]:
    # A jump is told from other rows of the same batch: of a published row alone it promises nothing.
    yield from _named(_across(old, jumps=False), _across(new, jumps=False), lambda what: f"rule_{what}")
    yield from _named(_across(old, jumps=True), _across(new, jumps=True), lambda what: f"plausibility_{what}")


def _across(dataset: Dataset, *, jumps: bool) -> dict[str, str]:
    """The rules across fields by their ids, those against jumps or the others."""
    return {
        rule.id: " ".join([rule.kind, ", ".join(rule.fields), *map(str, rule.args)])
        for rule in dataset.rules
        if rule.kind not in IMPLIED and (rule.kind == JUMP) == jumps
    }


def _gates(old: Dataset, new: Dataset) -> Iterator[Difference]:
    yield from _named(
        {gate.name: f"{gate.severity} {gate.expectation} {gate.kwargs}" for gate in old.gates},
        {gate.name: f"{gate.severity} {gate.expectation} {gate.kwargs}" for gate in new.gates},
        lambda what: f"gate_{what}",
    )
    words = {gate.name: gate.words.zh for gate in old.gates}
    for gate in new.gates:
        if words.get(gate.name, gate.words.zh) != gate.words.zh:
            yield Difference(gate.name, "description", words[gate.name], gate.words.zh)


def _properties(old: Dataset, new: Dataset) -> Iterator[Difference]:
    yield from _named(
        {name: str(value) for name, value in old.properties.items()},
        {name: str(value) for name, value in new.properties.items()},
        lambda _: "property",
    )


def _changed(place: str | None, said: Iterable[tuple[str, str | None, str | None]]) -> Iterator[Difference]:
    for name, before, after in said:
        if before != after:
            yield Difference(place, name, before, after)


def _named(before: Mapping[str, str], after: Mapping[str, str], kind: Callable[[str], str]) -> Iterator[Difference]:
    for place in {**before, **after}:
        was, is_now = before.get(place), after.get(place)
        if was != is_now:
            what = "added" if was is None else "removed" if is_now is None else "changed"
            yield Difference(place, kind(what), was, is_now)


def _need(required: bool) -> str:
    return "required" if required else "optional"


def _is_wider(old: Field, new: Field) -> bool:
    low = new.minimum is None or (old.minimum is not None and new.minimum <= old.minimum)
    high = new.maximum is None or (old.maximum is not None and new.maximum >= old.maximum)
    return low and high


def _span(field: Field) -> str:
    low = "-∞" if field.minimum is None else f"{field.minimum:g}"
    high = "∞" if field.maximum is None else f"{field.maximum:g}"
    return f"{low} to {high}"


def _alternatives(pattern: str) -> frozenset[str]:
    """The words of a pattern that only lists them, `a|b|c`; any other pattern as a whole.

    Whether one regular expression takes all that another takes is not asked here: such a change counts as breaking.
    """
    return frozenset(pattern.split("|")) if not set(pattern) & set(r"()[]{}\\") else frozenset({pattern})
