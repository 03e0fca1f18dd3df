"""The city information model: OGC API - Features with GeoJSON in Gauss-Kruger metres, and next links.

The buildings are also offered as solids, in one CityJSON text sequence.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette

from citysim.clock import CityClock
from citysim.services import cityjson
from citysim.services.answer import Answer, Asked, application
from citysim.services.served import ServedLog
from citysim.views import cim as view
from citysim.views.city import City, Shown, View

LIMIT, LARGEST_LIMIT = 10, 1000
GEOJSON = "application/geo+json"
LOGGED = frozenset({"limit", "offset", "crs"})

CONFORMS_TO = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
]

TITLES = {
    "road_segment": "道路路段",
    "intersection": "道路交叉口",
    "lane": "车道",
    "building": "建筑物",
    "parking_lot": "停车场",
    "roadside_asset": "路侧设施",
}
VIEWS: Mapping[str, Callable[[City], View]] = {
    "road_segment": view.road_segment,
    "intersection": view.intersection,
    "lane": view.lane,
    "building": view.building,
    "parking_lot": view.parking_lot,
    "roadside_asset": view.roadside_asset,
}
MODELS = "/models/building.city.jsonl"


class _Refused(Exception):
    """The request gets an OGC exception."""

    def __init__(self, status: int, code: str, said: str) -> None:
        super().__init__(said)
        self.status, self.code, self.said = status, code, said


def cim(city: City, clock: CityClock, served: ServedLog) -> Starlette:
    """The service."""
    code = view.epsg(city)
    crs, urn = f"http://www.opengis.net/def/crs/EPSG/0/{code}", f"urn:ogc:def:crs:EPSG::{code}"

    def landing(asked: Asked) -> Answer:
        links = [
            _link(asked, "self", "/"),
            _link(asked, "conformance", "/conformance"),
            _link(asked, "data", "/collections"),
        ]
        return _json({"title": "城市信息模型（CIM）平台", "description": _description(city), "links": links})

    def conformance(asked: Asked) -> Answer:
        return _json({"conformsTo": CONFORMS_TO})

    def collections(asked: Asked) -> Answer:
        described = [_described(asked, name, crs) for name in VIEWS]
        return _json({"collections": described, "links": [_link(asked, "self", "/collections")]})

    def collection(asked: Asked) -> Answer:
        return _json(_described(asked, _name(asked), crs))

    def items(asked: Asked) -> Answer:
        name = _name(asked)
        limit, offset = min(_whole(asked, "limit", LIMIT, 1), LARGEST_LIMIT), _whole(asked, "offset", 0, 0)
        check_crs(asked)
        shown = VIEWS[name](city).shown
        page = shown[offset : offset + limit]
        links = [_items_link(asked, "self", name, limit, offset)]
        if offset + limit < len(shown):
            links.append(_items_link(asked, "next", name, limit, offset + limit))
        answer = {
            "type": "FeatureCollection",
            "numberMatched": len(shown),
            "numberReturned": len(page),
            "timeStamp": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "crs": {"type": "name", "properties": {"name": urn}},
            "links": links,
            "features": [one.record for one in page],
        }
        return _features(answer, page, crs)

    def item(asked: Asked) -> Answer:
        name, wanted = _name(asked), asked.path_params["fid"]
        check_crs(asked)
        for one in VIEWS[name](city).shown:
            if one.record_id == wanted:
                path = f"/collections/{name}/items/{wanted}"
                links = [_link(asked, "self", path, GEOJSON), _link(asked, "collection", f"/collections/{name}")]
                return _features({**one.record, "links": links}, [one], crs)
        raise _Refused(404, "NotFound", "no such feature")

    def models(asked: Asked) -> Answer:
        shown = view.building_model(city).shown
        return Answer(
            cityjson.sequence(city, code, shown),
            cityjson.MEDIA_TYPE,
            record_ids=[one.record_id for one in shown],
            fault_ids=[one.fault.record_id for one in shown if one.fault is not None],
        )

    def check_crs(asked: Asked) -> None:
        if asked.params.get("crs", crs) not in (crs, f"EPSG:{code}", urn):
            raise _Refused(400, "InvalidParameterValue", f"crs: only {crs} is offered")

    def guarded(handler: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
        def answered(asked: Asked) -> Answer:
            try:
                return handler(asked)
            except _Refused as refused:
                return _exception(refused.status, refused.code, refused.said)

        return answered

    return application(
        {
            ("GET", "/"): guarded(landing),
            ("GET", "/conformance"): guarded(conformance),
            ("GET", "/collections"): guarded(collections),
            ("GET", "/collections/{name}"): guarded(collection),
            ("GET", "/collections/{name}/items"): guarded(items),
            ("GET", "/collections/{name}/items/{fid}"): guarded(item),
            ("GET", MODELS): models,
        },
        served=served,
        logged_params=LOGGED,
        not_found=lambda asked: _exception(404, "NotFound", "no such resource"),
        broken=_exception(500, "ServerError", "internal error"),
    )


def _described(asked: Asked, name: str, crs: str) -> dict[str, Any]:
    path = f"/collections/{name}"
    links = [_link(asked, "self", path), _link(asked, "items", f"{path}/items", GEOJSON)]
    if name == "building":
        links.append(_link(asked, "alternate", MODELS, cityjson.MEDIA_TYPE))
    return {
        "id": name,
        "title": TITLES[name],
        "itemType": "feature",
        "crs": [crs],
        "storageCrs": crs,
        "links": links,
    }


def _name(asked: Asked) -> str:
    name = asked.path_params["name"]
    if name not in VIEWS:
        raise _Refused(404, "NotFound", "no such collection")
    return name


def _whole(asked: Asked, name: str, default: int, least: int) -> int:
    text = asked.params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < least:
        raise _Refused(400, "InvalidParameterValue", f"{name}: a whole number from {least} on is needed")
    return int(text)


def _items_link(asked: Asked, rel: str, name: str, limit: int, offset: int) -> dict[str, str]:
    params = {"limit": str(limit), "offset": str(offset)}
    if "crs" in asked.params:
        params["crs"] = asked.params["crs"]
    return _link(asked, rel, f"/collections/{name}/items?{urlencode(params)}", GEOJSON)


def _link(asked: Asked, rel: str, path: str, media_type: str = "application/json") -> dict[str, str]:
    return {"rel": rel, "type": media_type, "href": asked.base_url + path}


def _features(value: dict[str, Any], page: Sequence[Shown], crs: str) -> Answer:
    return Answer(
        _encoded(value),
        GEOJSON,
        record_ids=[one.record_id for one in page],
        fault_ids=[one.record_id for one in page if one.fault is not None],
        headers={"content-crs": f"<{crs}>"},
    )


def _json(value: dict[str, Any]) -> Answer:
    return Answer(_encoded(value))


def _exception(status: int, code: str, said: str) -> Answer:
    return Answer(_encoded({"code": code, "description": said}), status=status)


def _encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _description(city: City) -> str:
    return f"模拟城市：{city.name_zh}" + ("（由另一座模拟城市的录制数据派生）" if city.is_derived else "")
