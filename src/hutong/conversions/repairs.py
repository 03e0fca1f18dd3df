"""What a repair does with the value that it acts on."""

from __future__ import annotations

import json

from hutong.model.declared import Words
from hutong.model.repair import MapCode, Missing, Repair, Strip, Swap, Zone


def repair_words(repair: Repair) -> Words:
    """What `repair` does, in both languages; whom it concerns is not said."""
    match repair:
        case MapCode():
            codes = ", ".join(f"{raw} → {code}" for raw, code in repair.codes.items())
            return Words(en=f"codes of {repair.from_}: {codes}", zh=f"{repair.from_} 的代码：{codes}")
        case Zone():
            return Words(
                en=f"{repair.from_} is civil time of {repair.zone}", zh=f"{repair.from_} 为 {repair.zone} 当地时间"
            )
        case Strip():
            cut = ", ".join(json.dumps(one, ensure_ascii=False) for one in (repair.prefix, repair.suffix) if one)
            return Words(en=f"{cut} cut off {repair.from_}", zh=f"去掉 {repair.from_} 中的 {cut}")
        case Missing():
            values = ", ".join(json.dumps(one, ensure_ascii=False) for one in repair.values)
            return Words(en=f"{values} in {repair.from_} is no value", zh=f"{repair.from_} 中的 {values} 视为没有值")
        case Swap():
            return Words(
                en=f"the coordinates at {repair.from_} in the other order", zh=f"{repair.from_} 处的坐标改用另一轴序"
            )
