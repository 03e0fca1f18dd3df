"""How the roads are going, as the transport platform shows it beside its own counts: from a map vendor's link feed.

Two dialects. The standard one has five classes of congestion and angles clockwise from north. The vendor's own has four
classes, angles from east and counter-clockwise, periods in minutes, and one code for both directions of a road,
negative against the line.
"""

from collections.abc import Mapping
from random import Random
from typing import Any

from citysim.clock import beijing_text
from citysim.faults import Weaknesses, one_of, whole
from citysim.views.city import City, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.transport_info import FIVE, PERIOD_S, PLATFORM, VENDOR, Link, interval, scale_of, sections

SPEED_SIGMA = 0.05
UNKNOWN_SHARE = 0.02


def _far_line(random: Random, old: Any) -> str:
    return f"{random.randint(181, 999)}.{random.randint(0, 999999)},{random.randint(91, 999)}.5;" + str(old)


_IMPOSSIBLE = {"speed": whole((300, 999), (-99, -2)), "angle": whole((361, 9999), (-360, -1)), "polyline": _far_line}
STATUS = Weaknesses(
    stream="road_status",
    fields=("linkId", "roadName", "angle", "length", "speed", "status", "period", "statTime", "polyline"),
    sentinels={"speed": (255, -1), "polyline": ("", "-"), "length": (0,)},
    impossible=_IMPOSSIBLE,
    codes={"status": whole((6, 99))},
)
VENDOR_STATUS = Weaknesses(
    stream="road_status",
    fields=("lcodes", "name", "angle", "speed", "status", "interval", "updateTime", "polyline"),
    sentinels={"speed": (-1,), "polyline": ("",)},
    impossible=_IMPOSSIBLE,
    codes={"status": one_of(5, 6, 9, -5)},
)


@once_per_city
def road_status(city: City) -> View:
    """Every section and period, sorted by period and link, in the dialect of the city."""
    links, codes = sections(city), vendor_codes(city)
    is_vendor = scale_of(city) is VENDOR
    draws = city.draws(PLATFORM, "road_status")
    records = []
    for section, end_s, true_mps in rows_of(city.truth.section_flow, "section", "interval_end_s", "speed_mps"):
        link = links[section]
        speed_mps = None
        if true_mps is not None and draws.one("unknown", section, end_s) >= UNKNOWN_SHARE:
            speed_mps = true_mps * max(0.0, 1.0 + SPEED_SIGMA * draws.one_normal("speed", section, end_s))
        make = _by_vendor if is_vendor else _standard
        records.append(make(city, link, str(codes[section]), end_s, speed_mps))
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, VENDOR_STATUS if is_vendor else STATUS, records)


@once_per_city
def vendor_codes(city: City) -> Mapping[str, int]:
    """Section -> the vendor's link code: one number for the two directions of a road, negative for the second."""
    ends = {edge: (a, b) for edge, a, b in rows_of(city.truth.edges, "edge", "from_junction", "to_junction")}
    roads: dict[tuple[str, str], int] = {}
    draws = city.draws(PLATFORM, "vendor_code")
    found = {}
    for section, edges in rows_of(city.truth.sections, "section", "edges"):
        start, end = ends[edges[0]][0], ends[edges[-1]][1]
        if (end, start) in roads:
            found[section] = -roads.pop((end, start))
            continue
        # Numbers with gaps, as a vendor's are; in steps of a hundred, so that none is given twice.
        found[section] = roads[start, end] = 8000 + 100 * len(found) + int(100 * draws.one("code", section))
    return found


def _standard(city: City, link: Link, code: str, end_s: int, speed_mps: float | None) -> Shown:
    heading = link.segment["heading_deg"]
    status = 0 if speed_mps is None else FIVE.status(speed_mps / link.free_mps)
    link_id = f"LK{code.lstrip('-').zfill(8)}" + ("R" if code.startswith("-") else "")
    record = {
        "linkId": link_id,
        "roadName": link.said["roadName"],
        "direction": link.said["direction"],
        "angle": round(heading) % 360,
        "length": link.said["length"],
        "speed": 0 if speed_mps is None else round(speed_mps * 3.6, 1),
        "status": status,
        "period": PERIOD_S,
        "statTime": beijing_text(city.moment(end_s)),
        "polyline": link.polyline,
        "crs": link.crs,
    }
    return _shown(
        link, link_id, end_s, record, speed_mps, FIVE.meanings[status], {"length_m": link.segment["length_m"]}
    )


def _by_vendor(city: City, link: Link, code: str, end_s: int, speed_mps: float | None) -> Shown:
    status = 0 if speed_mps is None else VENDOR.status(speed_mps / link.free_mps)
    record = {
        "lcodes": int(code),
        "name": link.said["roadName"],
        "direction": link.said["direction"],
        "angle": link.said["angle"],
        "speed": 0 if speed_mps is None else round(speed_mps * 3.6),
        "status": status,
        "interval": PERIOD_S // 60,
        "updateTime": beijing_text(city.moment(end_s)),
        "polyline": link.polyline_gcj02,
    }
    return _shown(link, code, end_s, record, speed_mps, VENDOR.meanings[status], {"source_crs": "GCJ-02"})


def _shown(
    link: Link,
    link_id: str,
    end_s: int,
    record: dict[str, Any],
    speed_mps: float | None,
    level: str,
    more: Mapping[str, Any],
) -> Shown:
    flow = {**interval(link_id, "link", end_s), "speed_mps": speed_mps, "congestion_level": level}
    kept = ("name", "grain", "heading_deg", "source_crs", "geometry")
    segment = {name: link.segment[name] for name in kept} | {
        "source_id": link_id, "observed_at": float(end_s), "grain": "section", **more,
    }  # fmt: skip
    return link.shown(f"{link_id}@{end_s}", float(end_s), record, flow, segment)
