"""Each rule of the mapping language, said of one line of a mapping: from what, by which factor, system or table, to
what.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hutong.conversions.crs import system_words
from hutong.model import mapping
from hutong.model.dataset import Dataset, Field
from hutong.model.declared import Words
from hutong.registry import Source
from hutong.schema.units import factor


@dataclass(frozen=True, slots=True)
class Conversion:
    """One line of a mapping in words.

    column: the key under which the line stands. fills: the columns that it fills. reads: paths of the raw record.
    words: what is done with what stands there. unavailable: raw values that say "unavailable", as text.
    code_list: the shared list that it looks up or takes from, if any.
    """

    column: str
    rule: str
    fills: tuple[str, ...]
    reads: tuple[str, ...]
    words: Words
    unavailable: tuple[str, ...]
    code_list: str | None = None


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a rule stands. `field` is None for `place`, which fills several columns."""

    source: Source
    column: str
    field: Field | None

    @property
    def unit(self) -> str:
        return (self.field.unit if self.field else None) or ""


def conversion_of(column: str, rule: mapping.Rule, dataset: Dataset, source: Source) -> Conversion:
    """What the line `column` of the mapping of `source` into `dataset` does."""
    field = dataset.field(column) if column in dataset.names else None
    missing: list[Any] = getattr(rule, "missing", [])
    return Conversion(
        column=column,
        rule=rule.rule,
        fills=tuple(name for name in filled_by(column, rule) if name in dataset.names),
        reads=tuple(mapping.paths_of(rule)),
        words=_SAYS[rule.rule](rule, _Line(source, column, field)),
        unavailable=tuple(_plain(value) for value in missing),
        code_list=getattr(rule, "list_", None),
    )


def filled_by(column: str, rule: mapping.Rule) -> tuple[str, ...]:
    """The columns that a line fills."""
    if column == mapping.PLACE:
        return ("lon", "lat", "source_crs", *(() if isinstance(rule, mapping.Point) else ("geometry",)))
    return (column, f"{column}_raw") if isinstance(rule, mapping.Code) else (column,)


def chosen_by(rows: mapping.Rows) -> list[Words]:
    """Which parts of a record become rows, where that is not simply the record itself."""
    said: list[Words] = []
    if rows.each is not None:
        said.append(Words(en=f"one row for each element of {rows.each}", zh=f"{rows.each} 的每个元素一行"))
    if rows.when is not None:
        values = ", ".join(map(_plain, rows.when.in_ or rows.when.not_in or []))
        en, zh = ("is", "为") if rows.when.in_ is not None else ("is none of", "不为")
        said.append(Words(en=f"only where {rows.when.from_} {en} {values}", zh=f"仅当 {rows.when.from_} {zh} {values}"))
    if rows.rest:
        said.append(Words(en="what no other part takes", zh="其余各部分未取的"))
    return said


def _text(rule: mapping.Text, line: _Line) -> Words:
    if rule.mask:
        return Words(
            en="text, trimmed; plates, telephone and identity numbers blotted out",
            zh="文本，去除首尾空白；号牌、电话与证件号以 *** 遮盖",
        )
    return Words(en="text, trimmed", zh="文本，去除首尾空白")


def _number(rule: mapping.Number, line: _Line) -> Words:
    return _as_text(rule.as_text, Words(en="number", zh="数值"))


def _quantity(rule: mapping.Quantity, line: _Line) -> Words:
    if rule.list_ is not None:
        said = Words(en=f"class of the scale {rule.list_}, {rule.unit}", zh=f"按分级表 {rule.list_} 取值，{rule.unit}")
        return _arrow(said, rule.unit, line.unit)
    return _as_text(rule.as_text, _arrow(_unit(rule.unit), rule.unit, line.unit))


def _rate(rule: mapping.Rate, line: _Line) -> Words:
    said = f"{rule.from_} ÷ {rule.over}"
    return _arrow(Words(en=f"{said}, {rule.unit}", zh=f"{said}，{rule.unit}"), rule.unit, line.unit)


def _time(rule: mapping.Time, line: _Line) -> Words:
    return _FORMS[rule.form](rule)


def _elapsed(rule: mapping.Elapsed, line: _Line) -> Words:
    instant = _FORMS[rule.form](rule)
    other = Words(en="the receipt", zh="接入时间") if rule.at is None else Words(en=rule.at, zh=rule.at)
    if rule.counts == "since":
        return Words(
            en=f"{instant.en}; from there to {other.en}, {line.unit}",
            zh=f"{instant.zh}；{other.zh}减去该时刻，{line.unit}",
        )
    return Words(
        en=f"{instant.en}; from {other.en} to there, {line.unit}", zh=f"{instant.zh}；该时刻减去{other.zh}，{line.unit}"
    )


def _iso(rule: mapping.InstantRule) -> Words:
    if rule.zone is None:
        return Words(en="ISO 8601 with its offset → UTC", zh="ISO 8601（带时差）→ UTC")
    return Words(
        en=f"ISO 8601 with its offset, without one civil time of {rule.zone} → UTC",
        zh=f"ISO 8601（带时差；未带时按 {rule.zone} 当地时间）→ UTC",
    )


def _local(rule: mapping.InstantRule) -> Words:
    return Words(en=f"civil time of {rule.zone} → UTC", zh=f"{rule.zone} 当地时间 → UTC")


def _epoch_s(rule: mapping.InstantRule) -> Words:
    return Words(en="seconds since 1970 → UTC", zh="1970 年起的秒数 → UTC")


def _epoch_ms(rule: mapping.InstantRule) -> Words:
    return Words(en="milliseconds since 1970 → UTC", zh="1970 年起的毫秒数 → UTC")


def _moy(rule: mapping.InstantRule) -> Words:
    near = _near(rule)
    return Words(
        en=f"minute of the UTC year (T/CSAE 53), the year settled by {near.en} → UTC",
        zh=f"UTC 年内分钟数（T/CSAE 53），年份由 {near.zh} 确定 → UTC",
    )


def _moy_secmark(rule: mapping.InstantRule) -> Words:
    near = _near(rule)
    return Words(
        en=f"minute of the UTC year and millisecond of the minute (T/CSAE 53), the year settled by {near.en} → UTC",
        zh=f"UTC 年内分钟数与分内毫秒数（T/CSAE 53），年份由 {near.zh} 确定 → UTC",
    )


def _hour_mark(rule: mapping.InstantRule) -> Words:
    near = _near(rule)
    return Words(
        en=f"tenths of a second in the UTC hour (T/CSAE 53), the hour settled by {near.en} → UTC",
        zh=f"UTC 小时内的十分之一秒数（T/CSAE 53），小时由 {near.zh} 确定 → UTC",
    )


def _near(rule: mapping.InstantRule) -> Words:
    return Words(en="the time of receipt", zh="接入时间") if rule.near is None else Words(en=rule.near, zh=rule.near)


def _interval_end(rule: mapping.InstantRule) -> Words:
    return Words(
        en=f"end of an interval in civil time of {rule.zone}, less its length in {rule.period_unit} → its start, UTC",
        zh=f"时段终点（{rule.zone} 当地时间）减去时长（{rule.period_unit}）→ 时段起点，UTC",
    )


_FORMS: Mapping[str, Callable[[mapping.InstantRule], Words]] = {
    "iso": _iso,
    "local": _local,
    "epoch_s": _epoch_s,
    "epoch_ms": _epoch_ms,
    "moy": _moy,
    "moy_secmark": _moy_secmark,
    "hour_mark": _hour_mark,
    "interval_end": _interval_end,
}

_CONVENTIONS: Mapping[str, Words] = {
    "north_clockwise": Words(en="clockwise from north", zh="自正北顺时针"),
    "east_counter_clockwise": Words(
        en="counter-clockwise from east → clockwise from north, 450° less the angle",
        zh="自正东逆时针 → 自正北顺时针，450° 减该角",
    ),
    "approach_leg": Words(
        en="leg of the crossing on which traffic arrives → direction of travel, the angle plus 180°",
        zh="进口道所在方位 → 行驶方向，该角加 180°",
    ),
}


def _angle(rule: mapping.Angle, line: _Line) -> Words:
    turned = _CONVENTIONS[rule.convention]
    if factor(rule.unit, "deg") == 1:
        return _as_text(rule.as_text, turned)
    scaled = _arrow(_unit(rule.unit), rule.unit, "deg")
    return _as_text(rule.as_text, Words(en=f"{scaled.en}, {turned.en}", zh=f"{scaled.zh}，{turned.zh}"))


MANY_SYSTEMS = 3
"""Beyond so many, a record's own system is told by name only."""
_AXES: Mapping[str, Words] = {
    "lon_lat": Words(en="longitude, latitude", zh="经度、纬度"),
    "lat_lon": Words(en="latitude, longitude", zh="纬度、经度"),
    "east_north": Words(en="easting, northing", zh="东坐标、北坐标"),
    "north_east": Words(en="northing, easting", zh="北坐标、东坐标"),
}


def _point(rule: mapping.Point, line: _Line) -> Words:
    said = _AXES[rule.axes]
    if rule.split is not None or rule.take != (0, 1):
        parts = " / ".join(str(place + 1) for place in rule.take)
        said = Words(en=f"{said.en} (parts {parts})", zh=f"{said.zh}（第 {parts} 部分）")
    if rule.base is not None:
        base = ", ".join(rule.base)
        said = Words(en=f"{said.en}, an offset added to {base}", zh=f"{said.zh}，相对坐标加上 {base}")
    scale = Fraction(str(rule.scale))
    if scale != 1:
        said = Words(en=f"{said.en} × {scale}", zh=f"{said.zh} × {scale}")
    return _placed(rule.crs, _as_text(rule.as_text, said))


def _line(rule: mapping.Line, line: _Line) -> Words:
    axes = _AXES[rule.axes]
    if rule.base is not None:
        base = ", ".join(rule.base)
        axes = Words(en=f"{axes.en}, offsets added to {base}", zh=f"{axes.zh}，相对坐标加上 {base}")
    scale = Fraction(str(rule.scale))
    if scale != 1:
        axes = Words(en=f"{axes.en} × {scale}", zh=f"{axes.zh} × {scale}")
    said = Words(
        en=f"line of {axes.en} → WKB; lon and lat are its middle vertex",
        zh=f"折线（{axes.zh}）→ WKB；lon、lat 取中间顶点",
    )
    return _placed(rule.crs, _as_text(rule.as_text, said))


def _area(rule: mapping.Area, line: _Line) -> Words:
    axes = _AXES[rule.axes]
    is_body = rule.form in ("surfaces", "solid")
    what = Words(en="surfaces, seen from above,", zh="各表面的俯视外形") if is_body else Words(en="outline", zh="面")
    return _placed(
        rule.crs,
        Words(
            en=f"{what.en} of {axes.en} → WKB; lon and lat are a point within it",
            zh=f"{what.zh}（{axes.zh}）→ WKB；lon、lat 取面内一点",
        ),
    )


def _placed(crs: str | mapping.Crs, said: Words) -> Words:
    if isinstance(crs, str):
        system = system_words(crs)
        return Words(en=f"{said.en}; {system.en}", zh=f"{said.zh}；{system.zh}")
    if len(crs.table) > MANY_SYSTEMS:
        names = sorted(set(crs.table.values()))
        return Words(
            en=f"{said.en}; from the system that {crs.from_} names → WGS 84, one of {', '.join(names)}",
            zh=f"{said.zh}；由 {crs.from_} 指明的坐标系 → WGS 84，为 {'、'.join(names)} 之一",
        )
    systems = {word: system_words(name) for word, name in crs.table.items()}
    en = ", ".join(f"{word}: {system.en}" for word, system in systems.items())
    zh = "，".join(f"{word}：{system.zh}" for word, system in systems.items())
    return Words(en=f"{said.en}; as {crs.from_} says, {en}", zh=f"{said.zh}；由 {crs.from_} 指明，{zh}")


def _code(rule: mapping.Code, line: _Line) -> Words:
    edition = _edition(rule.list_, line.source)
    return Words(
        en=f"looked up in {rule.list_}{edition.en}; `unmapped` without a match, the platform's own value stays in"
        f" {line.column}_raw",
        zh=f"对照代码表 {rule.list_}{edition.zh}；无对应时为 unmapped，源代码保留在 {line.column}_raw",
    )


def _edition(name: str, source: Source) -> Words:
    """Sources and editions of the codes of a list, hutong's own words for "nothing is known" aside."""
    stated = dict.fromkeys(f"{code.source} {code.edition}" for code in source.codes.get(name, {}).values())
    named = [one for one in stated if not one.startswith("hutong ")] or list(stated)
    said = ", ".join(named)
    return Words(en=f" ({said})", zh=f"（{said}）") if said else Words(en="", zh="")


def _id(rule: mapping.Id, line: _Line) -> Words:
    if isinstance(rule.from_, str) or len(rule.from_) == 1:
        return Words(en="identity as sent, zeros and case kept", zh="标识，原样，保留前导零与大小写")
    return Words(en="identities as sent, joined by /", zh="各标识原样，以 / 连接")


def _flag(rule: mapping.Flag, line: _Line) -> Words:
    true, false = (", ".join(map(_plain, words)) for words in (rule.true, rule.false))
    return Words(en=f"true for {true}; false for {false}", zh=f"{true} 为真；{false} 为假")


def _bit(rule: mapping.Bit, line: _Line) -> Words:
    said = Words(en=f"true where bit {rule.at} is set, from 0 on", zh=f"第 {rule.at} 位（自 0 起）为 1 时为真")
    if rule.form == "string":
        return Words(en=f"{said.en} at the front of a string", zh=f"{said.zh}，自字符串首位起")
    return _as_text(rule.as_text, said)


def _const(rule: mapping.Const, line: _Line) -> Words:
    value = _plain(rule.value)
    return Words(en=f"always {value}", zh=f"恒为 {value}")


def _stake(rule: mapping.Stake, line: _Line) -> Words:
    return _arrow(Words(en="km × 1000 + m", zh="公里数 × 1000 + 米数"), "m", line.unit or "m")


def _duration(rule: mapping.Duration, line: _Line) -> Words:
    return _arrow(Words(en="hours:minutes:seconds", zh="时:分:秒"), "s", line.unit or "s")


def _pseudonym(rule: mapping.Pseudonym, line: _Line) -> Words:
    digest = {"hmac_sha256": "HMAC-SHA-256", "hmac_sm3": "HMAC-SM3"}[rule.algorithm]
    digest = {"hmac_sha256": "HMAC-SHA-256", "hmac_sm3": "HMAC-SM3"}[rule.algorithm]
    return Words(
        en=f"keyed digest ({digest}) in the domain {rule.domain}, key id in front",
        zh=f"带密钥的摘要（{digest}），作用域 {rule.domain}，前缀为密钥标识",
    )


_SAYS: Mapping[str, Callable[[Any, _Line], Words]] = {
    "text": _text,
    "number": _number,
    "quantity": _quantity,
    "rate": _rate,
    "time": _time,
    "elapsed": _elapsed,
    "angle": _angle,
    "point": _point,
    "line": _line,
    "area": _area,
    "code": _code,
    "id": _id,
    "flag": _flag,
    "bit": _bit,
    "const": _const,
    "stake": _stake,
    "duration": _duration,
    "pseudonym": _pseudonym,
}


def _unit(unit: str) -> Words:
    """A source's unit; one with a number in front counts in steps."""
    if unit[:1].isdigit():
        return Words(en=f"steps of {unit},", zh=f"每级 {unit}，")
    return Words(en=unit, zh=unit)


def _arrow(said: Words, from_unit: str, to_unit: str) -> Words:
    """`said`, times the exact factor, into `to_unit`."""
    by = factor(from_unit, to_unit)
    if by == 1 and from_unit == to_unit:
        return Words(en=f"{said.en}, as it is", zh=f"{said.zh}，原样") if said.en == from_unit else said
    times = "" if by == 1 else f" × {by}"
    return Words(en=f"{said.en}{times} → {to_unit}", zh=f"{said.zh}{times} → {to_unit}")


def _as_text(is_text: bool, said: Words) -> Words:
    return Words(en=f"{said.en}, written as text", zh=f"{said.zh}，以文本书写") if is_text else said


def _plain(value: Any) -> str:
    """A scalar of the mapping as JSON has it, texts in quotes so that "" and 0 can be told from "0"."""
    return json.dumps(value, ensure_ascii=False)
