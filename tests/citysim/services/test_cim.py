import json
from typing import Any

import numpy as np
import pytest
import requests

from citysim.services import RunningCity
from citysim.views import cim
from citysim.views.city import City

CRS = "http://www.opengis.net/def/crs/EPSG/0/4545"


def get(url: str, **params: Any) -> requests.Response:
    return requests.get(url, params=params, timeout=20)


COLLECTIONS = ["road_segment", "intersection", "lane", "building", "parking_lot", "roadside_asset"]


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_next_links_lead_through_every_feature_to_an_end(past: RunningCity, city: City, collection: str) -> None:
    url: str | None = f"{past.cim}/collections/{collection}/items?limit=397"
    features: list[Any] = []
    while url:
        answer = requests.get(url, timeout=20)
        page = answer.json()
        assert answer.headers["Content-Crs"] == f"<{CRS}>"
        assert answer.headers["Content-Type"] == "application/geo+json"
        assert page["numberReturned"] == len(page["features"]) > 0
        features += page["features"]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert page["numberMatched"] == len(features)
    assert features == [one.record for one in getattr(cim, collection)(city).shown]


def test_ten_features_by_default_and_a_thousand_at_most(past: RunningCity) -> None:
    url = f"{past.cim}/collections/road_segment/items"
    assert get(url).json()["numberReturned"] == 10
    assert "limit=1000" in get(url, limit=99999).json()["links"][0]["href"]


def test_the_only_crs_is_gauss_kruger(past: RunningCity) -> None:
    url = f"{past.cim}/collections/intersection/items"
    assert get(url, crs=CRS).status_code == 200
    refused = get(url, crs="http://www.opengis.net/def/crs/OGC/1.3/CRS84")
    assert refused.status_code == 400
    assert set(refused.json()) == {"code", "description"}


def test_the_service_describes_itself(past: RunningCity) -> None:
    assert {link["rel"] for link in get(f"{past.cim}/").json()["links"]} >= {"conformance", "data"}
    assert any("features-1" in one for one in get(f"{past.cim}/conformance").json()["conformsTo"])
    described = get(f"{past.cim}/collections").json()["collections"]
    assert [one["id"] for one in described] == COLLECTIONS
    assert get(f"{past.cim}/collections/intersection").json()["storageCrs"] == CRS


def test_one_feature_can_be_asked_for_by_its_id(past: RunningCity, city: City) -> None:
    one = next(one for one in cim.intersection(city).shown if one.fault is None)
    answer = get(f"{past.cim}/collections/intersection/items/{one.record_id}").json()
    assert {name: answer[name] for name in one.record} == one.record


def test_the_solids_are_a_cityjson_sequence_whose_corners_are_whole_numbers(past: RunningCity, city: City) -> None:
    described = get(f"{past.cim}/collections/building").json()
    (link,) = [link for link in described["links"] if link["rel"] == "alternate"]
    answer = get(link["href"])
    assert answer.headers["Content-Type"] == link["type"] == "application/city+json-seq"
    first, *features = (json.loads(line) for line in answer.text.splitlines())
    shown = cim.building_model(city).shown
    assert (first["type"], first["version"], first["+numberMatched"]) == ("CityJSON", "2.0", len(shown))
    assert first["metadata"]["referenceSystem"].endswith("/EPSG/0/4545")
    scale, start = np.array(first["transform"]["scale"]), np.array(first["transform"]["translate"])
    for feature, one in zip(features, shown, strict=True):
        assert (feature["type"], feature["id"]) == ("CityJSONFeature", one.record_id)
        sent, meant = feature["CityObjects"][one.record_id], one.record
        if one.fault is None:
            assert sent["attributes"] == meant["attributes"]
            assert all(type(number) is int for vertex in feature["vertices"] for number in vertex)
            corners = np.array(feature["vertices"]) * scale + start
            for got, surface in zip(
                sent["geometry"][0]["boundaries"][0], meant["geometry"][0]["boundaries"][0], strict=True
            ):
                assert corners[got[0]] == pytest.approx(np.array(surface[0]), abs=0.00051)


@pytest.mark.parametrize(
    "path", ["/nothing", "/collections/bridge", "/collections/bridge/items", "/collections/x/items/1"]
)
def test_what_is_not_there_is_an_ogc_exception(past: RunningCity, path: str) -> None:
    answer = get(past.cim + path)
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "x"}, {"offset": "-1"}])
def test_a_bad_parameter_is_an_ogc_exception(past: RunningCity, params: dict[str, str]) -> None:
    assert get(f"{past.cim}/collections/road_segment/items", **params).status_code == 400
