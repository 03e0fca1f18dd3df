"""The picture of the city as one SVG: text stays text, nothing is fetched, and the same input gives the same bytes."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from math import hypot
from statistics import median
from typing import TYPE_CHECKING, Any

from hutong.errors import AskedWrongly
from hutong.model.batch import FATES
from hutong.report.knew_first import NEAR_RSU_M
from hutong.report.picture import DrawnAccident, Line, Picture, Point
from hutong.report.summary import StreamFates
from hutong.report.tables import FATE_WORDS, KMH_PER_MPS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 900, 700
"""Of the whole picture, in points; the map is a square on the left."""
MAP = (30.0, 22.0, 586.0, 620.0)
"""Left, bottom, width, height of the map."""
MARGIN_M = 30.0
SHIFTED_M = 1500.0
"""The shift of Chinese maps is half a kilometre; a raw place further off is damaged and would make the map small."""
FONTS = ["DejaVu Sans", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei",
         "WenQuanYi Micro Hei", "sans-serif"]  # fmt: skip

INK, FAINT, PAPER = "#22303c", "#6b7883", "#fbfaf7"
ROAD, JUNCTION = "#e3e0d9", "#a7a196"
SPEEDS = ((10, "#2d004b"), (20, "#6a4c9c"), (30, "#9d8ec4"), (40, "#c6bfdf"), (None, "#dfdcec"))
"""Upper bound in km/h and colour: dark is slow, so that lightness alone tells them apart."""
UNIT, UNIT_BLIND = "#008f68", "#9dbdb2"
SEEN, UNSEEN, SENT = "#d55e00", "#ffffff", "#5c6770"
FATE_COLOURS = {
    "published": "#3f7fae",
    "unchanged": "#a9cbe0",
    "superseded": "#cdbfe0",
    "withheld": "#b9c4c9",
    "duplicate": "#efcb74",
    "quarantined": "#d55e00",
    "refused": "#2d004b",
    "dropped": "#8c8c8c",
    "empty": "#e8e4da",
}
"""Blue, light blue, lilac, yellow, vermilion, dark violet, grey, sand: neighbours differ in lightness."""
RARE_FATES = ("dropped", "empty")
"""Explained where they occur: what a person decides, and what only some mappings can bring about."""
TO_THE_RIGHT_M = 9.0
"""Each direction of a street is drawn this far to the right of its line, where its traffic drives."""


def draw(picture: Picture) -> bytes:
    """`picture` as an SVG document in UTF-8. Raises AskedWrongly when matplotlib is not installed."""
    try:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    except ImportError:
        raise AskedWrongly(
            "the picture is drawn with matplotlib, which is not here", "install hutong[report]"
        ) from None

    look: Any = {"svg.fonttype": "none", "svg.hashsalt": "hutong", "font.family": FONTS, "text.parse_math": False}
    with matplotlib.rc_context(look), _fonts_of_the_reader():
        figure = Figure(figsize=(WIDTH / 72, HEIGHT / 72), dpi=72, facecolor=PAPER)
        FigureCanvasSVG(figure)
        _map(figure, picture)
        _side(figure, picture)
        out = BytesIO()
        figure.savefig(out, format="svg", facecolor=PAPER, metadata={"Date": None, "Creator": None})
    return _tidy(out.getvalue().decode()).encode()


@contextmanager
def _fonts_of_the_reader() -> Iterator[None]:
    """Silence about fonts that this machine lacks: the text is set by whoever shows the picture."""
    fonts = logging.getLogger("matplotlib.font_manager")
    before = fonts.level
    fonts.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            yield
    finally:
        fonts.setLevel(before)


def _tidy(svg: str) -> str:
    """Without the block of metadata, and with coordinates to a hundredth of a point."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r"-?\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), svg)


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    axes = figure.add_axes((left / WIDTH, bottom / HEIGHT, width / WIDTH, height / HEIGHT))
    axes.set_axis_off()
    return axes


def _map(figure: Figure, picture: Picture) -> None:
    axes = _axes(figure, *MAP)
    _fit(axes, [point for line in picture.roads for point in line] or [(0.0, 0.0)], picture.accidents)
    _lines(axes, picture.roads, ROAD, 2.4, "roads")
    # Slow sections last, so that they lie on top where the two directions of a street meet.
    drawn = sorted(
        (one for one in picture.sections if one.lowest_mps is not None), key=lambda one: -(one.lowest_mps or 0)
    )
    for bound, colour in reversed(SPEEDS):
        lines = [_to_the_right(one.line) for one in drawn if _class(one.lowest_mps) == bound]
        _lines(axes, lines, colour, 2.6, f"sections-{bound or 'free'}")
    _dots(axes, picture.junctions, "junctions", marker="o", s=5, color=JUNCTION, linewidths=0, zorder=3)
    blind = [one.place for one in picture.units if not one.has_sensing]
    sensing = [one.place for one in picture.units if one.has_sensing]
    _reach(axes, sensing)
    _dots(axes, blind, "units", marker="^", s=13, facecolors=PAPER, edgecolors=UNIT_BLIND, linewidths=0.9, zorder=4)
    _dots(axes, sensing, "units-sensing", marker="^", s=34, facecolors=UNIT, edgecolors=PAPER, linewidths=0.7, zorder=5)
    for one in picture.accidents:
        _accident(axes, one)


def _to_the_right(line: Line) -> Line:
    import shapely

    moved = shapely.LineString(line).offset_curve(-TO_THE_RIGHT_M)
    return tuple((x, y) for x, y in shapely.get_coordinates(moved)) if isinstance(moved, shapely.LineString) else line


def _reach(axes: Axes, units: Sequence[Point]) -> None:
    """How far the units with sensing see."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle

    found = PatchCollection(
        [Circle(place, NEAR_RSU_M) for place in units], facecolor=UNIT, alpha=0.09, linewidth=0, zorder=0.5
    )
    found.set_gid("reach")
    found.set_clip_on(False)
    axes.add_collection(found, autolim=False)


def _class(speed_mps: float | None) -> int | None:
    """Upper bound in km/h of the class that a speed falls in; None for the fastest."""
    kmh = (speed_mps or 0.0) * KMH_PER_MPS
    return next((bound for bound, _ in SPEEDS if bound is not None and kmh < bound), None)


def _fit(axes: Axes, roads: Sequence[Point], accidents: Iterable[DrawnAccident]) -> None:
    """The city and the places that the raw answers give, at one scale in both directions."""
    width, height = MAP[2], MAP[3]
    xs, ys = (sorted(point[axis] for point in roads) for axis in (0, 1))
    west, east, south, north = xs[0], xs[-1], ys[0], ys[-1]
    # The usual shift, not each accident's own: one record more or less must not move the whole map.
    sent = [(one.place, one.as_sent) for one in accidents if one.as_sent is not None and _is_shifted(one)]
    if sent:
        to_east, to_north = (median(there[axis] - here[axis] for here, there in sent) for axis in (0, 1))
        west, east = west + min(0, to_east), east + max(0, to_east)
        south, north = south + min(0, to_north), north + max(0, to_north)
    middle_x, middle_y = (west + east) / 2, (south + north) / 2
    scale = max((east - west + 2 * MARGIN_M) / width, (north - south + 2 * MARGIN_M) / height) or 1.0
    axes.set_xlim(middle_x - scale * width / 2, middle_x + scale * width / 2)
    axes.set_ylim(middle_y - scale * height / 2, middle_y + scale * height / 2)


def _is_shifted(one: DrawnAccident) -> bool:
    """Whether the raw place is near enough to be the same accident read wrongly."""
    if one.as_sent is None:
        return False
    east, north = one.as_sent[0] - one.place[0], one.as_sent[1] - one.place[1]
    return hypot(east, north) < SHIFTED_M


def _accident(axes: Axes, one: DrawnAccident) -> None:
    x, y = one.place
    if one.as_sent is not None and _is_shifted(one):
        u, v = one.as_sent
        axes.plot([x, u], [y, v], color=SENT, lw=0.7, alpha=0.75, zorder=6, gid=f"shift-{one.no}")
        _dots(
            axes,
            [(u, v)],
            f"sent-{one.no}",
            marker="o",
            s=13,
            facecolors=PAPER,
            edgecolors=SENT,
            linewidths=0.8,
            zorder=6,
        )
    colour, edge, size = (SEEN, PAPER, 92) if one.is_seen else (UNSEEN, INK, 34)
    _dots(axes, [(x, y)], f"accident-{one.no}", marker="o", s=size, facecolors=colour, edgecolors=edge, linewidths=0.9,
          zorder=8 if one.is_seen else 7)  # fmt: skip
    if one.is_seen:
        axes.annotate(str(one.no), (x, y), (0, -2.2), textcoords="offset points", ha="center", va="baseline",
                      fontsize=6.2, color=PAPER, fontweight="bold", zorder=9)  # fmt: skip


def _lines(axes: Axes, lines: Sequence[Line], colour: str, width: float, gid: str) -> None:
    from matplotlib.collections import LineCollection

    found = LineCollection(
        [list(line) for line in lines], colors=colour, linewidths=width, capstyle="round", joinstyle="round"
    )
    found.set_gid(gid)
    axes.add_collection(found, autolim=False)


def _dots(axes: Axes, places: Sequence[Point], gid: str, **look: Any) -> None:
    if places:
        axes.scatter(*zip(*places, strict=True), gid=gid, **look)


def _side(figure: Figure, picture: Picture) -> None:
    """Title, legend and ledger on the right. Coordinates are points from the lower left corner of the picture."""
    axes = _axes(figure, 0, 0, WIDTH, HEIGHT)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, HEIGHT)
    axes.patch.set_alpha(0)
    axes.text(
        16, HEIGHT - 26, picture.headline.zh, fontsize=13.5, color=INK, va="baseline", fontweight="bold", gid="headline"
    )
    axes.text(16, HEIGHT - 44, picture.headline.en, fontsize=10, color=FAINT, va="baseline")
    below = _legend(axes, 630, HEIGHT - 58)
    _ledger(axes, picture.streams, 630, below - 24)
    axes.text(
        16, 10, "城市与数据均为仿真。 The city and its data are simulated.", fontsize=8, color=FAINT, va="baseline"
    )


def _legend(axes: Axes, left: float, top: float) -> float:
    """Draw it below `top`; returns where it ends."""
    y = top
    for colour, edge, size, marker, zh, en in (
        (SEEN, PAPER, 80, "o", "事故，路侧感知看到停驶车辆", "accident whose stopped vehicles sensing saw"),
        (UNSEEN, INK, 34, "o", "事故，未被感知看到", "accident that sensing did not see"),
        (PAPER, SENT, 13, "o", "警方坐标按原样读（GCJ-02）", "its police position read as sent"),
        (UNIT, PAPER, 34, "^", "路侧单元，有感知（及其范围）", "roadside unit with sensing, and its reach"),
        (PAPER, UNIT_BLIND, 13, "^", "路侧单元，无感知", "roadside unit without"),
        (JUNCTION, JUNCTION, 7, "o", "CIM 路口与道路", "CIM junctions and roads"),
    ):
        axes.scatter([left + 7], [y - 9], marker=marker, s=size, facecolors=colour, edgecolors=edge, linewidths=0.9)
        axes.text(left + 22, y - 8, zh, fontsize=9.5, color=INK, va="baseline")
        axes.text(left + 22, y - 19, en, fontsize=8, color=FAINT, va="baseline")
        y -= 27
    y -= 6
    axes.text(left, y - 8, "路段最低速度 km/h", fontsize=9.5, color=INK, va="baseline")
    axes.text(left + 104, y - 8, "section's lowest speed", fontsize=8, color=FAINT, va="baseline")
    step = 52.0
    for place, (bound, colour) in enumerate(SPEEDS):
        x = left + place * step
        axes.plot([x + 2, x + step - 4], [y - 19, y - 19], color=colour, lw=5, solid_capstyle="butt")
        text = f"< {bound}" if bound else f"≥ {SPEEDS[-2][0]}"
        axes.text(x + step / 2, y - 33, text, fontsize=8, color=FAINT, va="baseline", ha="center")
    return y - 36


def _ledger(axes: Axes, streams: Sequence[StreamFates], left: float, top: float) -> None:
    width, y = 256.0, top
    axes.text(left, y, "台账：每条记录的去向", fontsize=9.5, color=INK, va="baseline", gid="ledger-title")
    axes.text(left + 122, y, "the ledger: every record's fate", fontsize=8, color=FAINT, va="baseline")
    y -= 16
    for one in streams:
        axes.text(left, y - 4, one.title.zh, fontsize=8.5, color=INK, va="baseline")
        axes.text(left + width, y - 4, f"{one.received:,}", fontsize=8, color=INK, va="baseline", ha="right")
        axes.text(left, y - 14, one.title.en, fontsize=7.5, color=FAINT, va="baseline")
        y -= 9
        # Cube roots, or one quarantined record in a thousand could not be seen.
        parts = {fate: one.fates[fate] ** (1 / 3) for fate in FATES if one.fates[fate]}
        x, total = left, sum(parts.values())
        for fate, size in parts.items():
            length = width * size / total
            axes.barh(y - 15, length, 10, x, color=FATE_COLOURS[fate], edgecolor=PAPER, linewidth=0.8)
            if length > 3 + 4.4 * len(f"{one.fates[fate]:,}"):
                ink = PAPER if fate in ("published", "quarantined", "refused") else INK
                axes.text(
                    x + length / 2, y - 17.6, f"{one.fates[fate]:,}", fontsize=7, color=ink, ha="center", va="baseline"
                )
            x += length
        y -= 28.5
    explained = [fate for fate in FATES if fate not in RARE_FATES or any(one.fates[fate] for one in streams)]
    for place, fate in enumerate(explained):
        x, row = left + 86 * (place % 3), y - 24 * (place // 3)
        axes.barh(row - 3, 8, 8, x, color=FATE_COLOURS[fate])
        axes.text(x + 12, row - 5, FATE_WORDS[fate].zh, fontsize=8.5, color=INK, va="baseline")
        axes.text(x + 12, row - 15, FATE_WORDS[fate].en, fontsize=7.5, color=FAINT, va="baseline")
    y -= 56 if len(explained) <= 7 else 80
    axes.text(left, y, "条长按数量的立方根", fontsize=7.5, color=FAINT, va="baseline")
    axes.text(left + 76, y, "bars by the cube root of the count", fontsize=7.5, color=FAINT, va="baseline")
