"""The city plan as SUMO's plain XML, and netconvert's options to make a network of it."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

from citysim.local_metres import ORIGIN
from citysim.record.city import (
    LANE_WIDTH_M,
    LANES,
    PRIORITY,
    SIDEWALK_M,
    SPEED_MPS,
    City,
    Link,
    edge_id,
    junction_id,
)

NETCONVERT_OPTIONS = {
    "--offset.disable-normalization": "true",  # coordinates stay the local metres of the plan
    "--no-turnarounds": "true",
    "--crossings.guess": "true",
    "--crossings.guess.speed-threshold": "20",
    "--walkingareas": "true",
    "--tls.default-type": "actuated",
    "--junctions.corner-detail": "3",
}


def write(city: City, folder: Path) -> tuple[Path, Path]:
    """The node and edge files of `city`."""
    nodes, edges = folder / "city.nod.xml", folder / "city.edg.xml"
    projection = f"+proj=tmerc +lat_0={ORIGIN[1]} +lon_0={ORIGIN[0]} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m"
    xs, ys = zip(*(city.point(site) for site in city.sites), strict=True)
    bounds = f"{min(xs):.2f},{min(ys):.2f},{max(xs):.2f},{max(ys):.2f}"
    place = f'netOffset="0,0" convBoundary="{bounds}" origBoundary="{bounds}" projParameter="{projection}"'
    lines = ["<nodes>", f"<location {place}/>"]
    for site in city.sites:
        x, y = city.point(site)
        kind = "traffic_light" if site in city.signalised else "priority"
        lines.append(f'<node id="{junction_id(site)}" x="{x:.2f}" y="{y:.2f}" type="{kind}" radius="9"/>')
    nodes.write_text("\n".join([*lines, "</nodes>\n"]), encoding="utf-8")
    directions = [text for link in city.links for text in (_edge(city, link, True), _edge(city, link, False))]
    edges.write_text("\n".join(["<edges>", *directions, "</edges>\n"]), encoding="utf-8")
    return nodes, edges


def _edge(city: City, link: Link, is_forward: bool) -> str:
    start, end = (link.start, link.end) if is_forward else (link.end, link.start)
    shape = " ".join(f"{x:.2f},{y:.2f}" for x, y in city.bend.line(start, end))
    # No bicycle lanes: beside them SUMO's turning cars hit one bicycle in six (measured); bicycles share the lanes.
    return (
        f'<edge id="{edge_id(start, end)}" from="{junction_id(start)}" to="{junction_id(end)}" '
        f'numLanes="{LANES[link.road_class]}" speed="{SPEED_MPS[link.road_class]}" '
        f'priority="{PRIORITY[link.road_class]}" width="{LANE_WIDTH_M}" sidewalkWidth="{SIDEWALK_M}" '
        f'name={quoteattr(link.name_zh)} shape="{shape}" spreadType="right"/>'
    )
