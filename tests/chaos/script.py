"""What three platforms say in two or three pulls each, drawn from a seed.

Every kind of fate is in it: repeated records, corrections, late ones that come behind newer ones, records that no rule
can pass, a batch of which nothing passes, crossings that a later listing leaves out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from lxml import etree

from tests.hutong.extract.speaking import Asked, Says, says

Rows = list[dict[str, Any]]

PERIOD = timedelta(minutes=5)
SECTIONS, CROSSINGS, ACCIDENTS = 60, 24, 8
FIRST = datetime(2026, 3, 18, 8, 15)
CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4545"}}
"""The zone of all crossings of an answer."""


@dataclass(frozen=True)
class Script:
    """The pulls of each platform, in their order.

    flow: the newest `statTime` of a pull is a period later than that of the pull before; accidents likewise by the
    hour. So what a platform is asked says which pull it is asked for, and no platform keeps a state: workers may die,
    be doubled, and ask again.
    """

    flow: Sequence[Rows]
    crossings: Sequence[Rows]
    accidents: Sequence[Rows]

    def answer(self, asked: Asked) -> Says:
        """What the platform behind this path says."""
        prefix, _, path = asked.path.removeprefix("/").partition("/")
        if path == "openapi/v1/section/flow":
            return self._flow(asked)
        if path == "services/TmriOutAccess":
            return self._accidents(asked)
        if path == "collections/intersection/items":
            return self._crossings(asked, pull=int(prefix))
        return Says(b"", status=404)

    def _flow(self, asked: Asked) -> Says:
        start = datetime.fromisoformat(asked.query["startTime"])
        rows = _since(self.flow, start, FIRST, PERIOD)
        number, size = int(asked.query["page"]), int(asked.query["size"])
        page = rows[(number - 1) * size : number * size]
        return says({"code": "0000", "data": {"total": len(rows), "rows": page}})

    def _crossings(self, asked: Asked, pull: int) -> Says:
        rows, size, offset = self.crossings[pull], int(asked.query["limit"]), int(asked.query.get("offset", 0))
        page = rows[offset : offset + size]
        onward = {"rel": "next", "href": f"items?limit={size}&offset={offset + size}"}
        links = [onward] if offset + size < len(rows) else []
        count = len(rows)
        return says({"type": "FeatureCollection", "crs": CRS, "numberMatched": count, "links": links, "features": page})

    def _accidents(self, asked: Asked) -> Says:
        call = etree.fromstring(asked.body)
        query = etree.fromstring(call.findtext(".//QueryXmlDoc").encode("gbk"))
        start = datetime.fromisoformat(unquote(query.findtext("QueryCondition/kssj")))
        rows = _since(self.accidents, start, FIRST, timedelta(hours=1))
        items = "".join(
            f"<item>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in row.items())}</item>"
            for row in rows
        )
        inner = f"<root><head><code>1</code><message>ok</message></head><body>{items}</body></root>"
        envelope = "http://schemas.xmlsoap.org/soap/envelope/"
        body = (
            f'<?xml version="1.0" encoding="GBK"?><e:Envelope xmlns:e="{envelope}"><e:Body>'
            f"<queryObjectOutReturn>{escape(inner)}</queryObjectOutReturn></e:Body></e:Envelope>"
        )
        return Says(body.encode("gbk"), content_type="text/xml; charset=GBK")


def written(seed: int) -> Script:
    """The script of `seed`: about 250 records in three pulls of flow, two listings of crossings, two of accidents."""
    draw = random.Random(seed)
    return Script(_flow_pulls(draw), _crossing_pulls(draw), _accident_pulls(draw))


def in_one_pull(script: Script, *, corrected: bool) -> Script:
    """`script` with all its flow in one pull, for runs that pull it at the same time; `corrected`: with records that
    come again in other words, whose fates depend on who came first.
    """
    rows = [row for pull in script.flow for row in pull]
    if not corrected:
        first = {}
        rows = [row for row in rows if first.setdefault(_key(row), json.dumps(row)) == json.dumps(row)]
    return Script([rows], script.crossings, script.accidents)


def _since(pulls: Sequence[Rows], start: datetime, first: datetime, step: timedelta) -> Rows:
    """The first pull whose newest record lies behind `start`, less what a connector asks again for lateness."""
    passed = sum(first + number * step <= start + step / 2 for number in range(len(pulls)))
    return pulls[passed] if passed < len(pulls) else []


def _flow_pulls(draw: random.Random) -> list[Rows]:
    sections = [f"S{number:03}" for number in range(SECTIONS)]
    first = [_flow(section, FIRST, draw) for section in sections]
    first += draw.sample(first, 6)
    first += [{**row, "flow": row["flow"] + 1} for row in draw.sample(first, 6)]
    first += [_spoilt(row, draw) for row in draw.sample(first, 4)]
    draw.shuffle(first)
    later = FIRST + PERIOD
    second = [_flow(section, later, draw) for section in draw.sample(sections, 30)]
    second += [{**row, "speed": 12.0, "roadName": "金山大道"} for row in draw.sample(first[:40], 5)]
    second += draw.sample(first[:40], 5)
    second += [_flow(section, FIRST - 2 * PERIOD, draw) for section in draw.sample(sections, 3)]
    draw.shuffle(second)
    nothing_passes = [_spoilt(_flow(section, later + PERIOD, draw), draw) for section in draw.sample(sections, 5)]
    return [first, second, nothing_passes]


def _flow(section: str, at: datetime, draw: random.Random) -> dict[str, Any]:
    """A section's five minutes, as the transport platform tells them."""
    east = 106.5 + int(section[1:]) / 1000
    return {
        "linkId": section,
        "roadName": "金开大道",
        "direction": "由东向西",
        "angle": 180,
        "length": 812,
        "speed": float(draw.randint(20, 60)),
        "freeSpeed": 54.0,
        "status": 1,
        "tpi": 1.5,
        "flow": draw.randint(1, 90),
        "largeVehFlow": 2,
        "period": int(PERIOD.total_seconds()),
        "occupancy": 31.0,
        "statTime": f"{at:%Y-%m-%d %H:%M:%S}",
        "polyline": f"{east:.6f},29.563310;{east + 0.008:.6f},29.563288",
        "crs": "WGS84",
    }


def _spoilt(row: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """A record that no rule can pass: by its schema, by the mapping, or by a row rule."""
    return {**row, **draw.choice(({"speed": "fast"}, {"occupancy": 131.0}, {"crs": "BD99"}))}


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["linkId"], row["statTime"]


def _crossing_pulls(draw: random.Random) -> list[Rows]:
    listed = [_crossing(number, "2026-01-10") for number in range(CROSSINGS)]
    listed.append({**listed[3], "geometry": {"type": "Point", "coordinates": ["?", 0]}})
    again = draw.sample(listed[:CROSSINGS], CROSSINGS - 5)
    again[0] = _named(again[0], "人民广场", "2026-02-11")
    again[1] = _named(again[1], "旧名", "2025-06-01")
    return [listed, [*again, *(_crossing(number, "2026-03-01") for number in range(CROSSINGS, CROSSINGS + 3))]]


def _crossing(number: int, updated: str) -> dict[str, Any]:
    code = f"{number:016}"
    properties = {
        "entityCode": code,
        "name": f"路口{number}",
        "adminCode": "500103",
        "elevation85": 231.5,
        "updateDate": updated,
        "status": 1,
    }
    place = {"type": "Point", "coordinates": [360_000.5 + number, 3_271_000.25, 231.5]}
    return {"type": "Feature", "id": code, "geometry": place, "properties": properties}


def _named(crossing: dict[str, Any], name: str, updated: str) -> dict[str, Any]:
    return {**crossing, "properties": {**crossing["properties"], "name": name, "updateDate": updated}}


def _accident_pulls(draw: random.Random) -> list[Rows]:
    hour = timedelta(hours=1)
    first = [_accident(number, FIRST, draw) for number in range(ACCIDENTS)]
    revised = [{**row, "ssrs": "7", "gxsj": f"{FIRST + hour:%Y-%m-%d %H:%M:%S}"} for row in draw.sample(first, 3)]
    second = [*revised, _accident(ACCIDENTS, FIRST + hour, draw), {**first[0], "hphm": "not a plate"}]
    return [first, second]


def _accident(number: int, revised: datetime, draw: random.Random) -> dict[str, str]:
    return {
        "sgbh": f"5000002026{number:04}",
        "xzqh": "500103",
        "sgfssj": f"{FIRST - timedelta(minutes=draw.randint(5, 600)):%Y-%m-%d %H:%M:%S}",
        "lm": "金开大道",
        "gls": "12",
        "ms": "340",
        "jyaq": "两车追尾",
        "tq": "1",
        "sgxt": "1",
        "swrs": "0",
        "swrs30": "0",
        "ssrs": str(draw.randint(0, 4)),
        "zjccss": "1200",
        "hphm": f"渝A{draw.randint(10000, 99999)}",
        "hpzl": "02",
        "dzzb": f"0,0,{106.5 + number / 1000:.6f},29.563310",
        "gxsj": f"{revised:%Y-%m-%d %H:%M:%S}",
    }
