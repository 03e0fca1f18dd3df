"""How a place comes to WGS 84 from the system in which a platform gives it, and how true that is."""

from __future__ import annotations

import re
from functools import cache

from hutong.model.declared import Words

_SHIFTED = {
    "GCJ-02": Words(
        en="GCJ-02 → WGS 84 by fixed point, inverse to below 1e-9°; no standard states how true the shift itself is",
        zh="GCJ-02 → WGS 84，不动点迭代反算，误差小于 1e-9°；偏移本身的精度没有标准给出",
    ),
    "BD-09": Words(
        en="BD-09 → GCJ-02 → WGS 84 by fixed point, inverse to below 1e-9°; no standard states how true the shifts are",
        zh="BD-09 → GCJ-02 → WGS 84，不动点迭代反算，误差小于 1e-9°；偏移本身的精度没有标准给出",
    ),
}
_AS_IT_IS = Words(en="WGS 84 as it is", zh="即 WGS 84，不作转换")
_EQUAL = Words(
    en="CGCS2000 taken as equal to WGS 84 (at most 0.7 m apart in 2026)",
    zh="CGCS2000 与 WGS 84 视为相同（2026 年相差不超过 0.7 米）",
)
_CGCS2000 = "China Geodetic Coordinate System 2000"
_ROUGH = re.compile(r"Ballpark geographic offset from (.+) to WGS 84")


@cache
def system_words(crs: str) -> Words:
    """The operation from `crs` (EPSG:<code>, GCJ-02, BD-09) to WGS 84 and its accuracy, as PROJ states it.

    Source: the transformation that pyproj chooses, which is the one by which the rows are made. Raises
    pyproj.exceptions.CRSError for a system that is in no register.
    """
    if crs in _SHIFTED:
        return _SHIFTED[crs]
    if crs == "EPSG:4326":
        return _AS_IT_IS
    from pyproj import CRS, Transformer

    source = CRS.from_user_input(crs)
    chosen = Transformer.from_crs(source, "EPSG:4326", always_xy=True)
    steps = [step for step in chosen.description.split(" + ") if not _says_nothing(step)]
    rough = [found[1] for step in steps if (found := _ROUGH.fullmatch(step))]
    exact = [step for step in steps if not _ROUGH.fullmatch(step)]
    accuracy = _accuracy(rough, chosen.accuracy)
    operation = " + ".join(exact)
    return Words(
        en=f"{crs} → WGS 84{': ' + operation if operation else ''}; {accuracy.en}",
        zh=f"{crs} → WGS 84{'：' + operation if operation else ''}；{accuracy.zh}",
    )


def _says_nothing(step: str) -> bool:
    return step.startswith(("axis order change", "Null geographic offset"))


def _accuracy(rough: list[str], metres: float) -> Words:
    if rough == [_CGCS2000]:
        return _EQUAL
    if rough:
        # PROJ knows no transformation: nothing is shifted, and that may be a hundred metres for an old datum.
        return Words(
            en=f"{rough[0]} taken as equal to WGS 84, its accuracy is not known",
            zh=f"{rough[0]} 与 WGS 84 视为相同，精度未知",
        )
    if metres < 0:
        return Words(en="its accuracy is not known", zh="精度未知")
    return Words(en=f"accuracy {metres:g} m", zh=f"精度 {metres:g} 米")
