from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod, Transformer

from citysim.views.cim import intersection, road_segment, truth_of
from citysim.views.city import City

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


@pytest.mark.parametrize("stream", ["road_segment", "intersection"])
def test_features_are_where_the_truth_says_but_for_the_noise_drawn(clean: City, stream: str) -> None:
    view = (road_segment if stream == "road_segment" else intersection)(clean)
    back = Transformer.from_crs("EPSG:4545", "EPSG:4490", always_xy=True)
    noise = []
    for one in view.shown:
        coordinates = one.record["geometry"]["coordinates"]
        first = coordinates[0] if stream == "road_segment" else coordinates
        origin = truth_of(clean, stream)[one.record_id]
        assert origin.noise_m is not None
        distance = GEOD.inv(*back.transform(first[0], first[1]), origin.lon, origin.lat)[2]
        assert distance == pytest.approx(np.hypot(*origin.noise_m), abs=0.02)
        noise += origin.noise_m
    assert np.std(noise) == pytest.approx(0.3, rel=0.15)


def test_three_per_cent_of_the_edges_are_missing_or_renamed(clean: City) -> None:
    names = dict(zip(*(clean.truth.edges.column(name).to_pylist() for name in ("edge", "name_zh")), strict=True))
    shown = road_segment(clean).shown
    missing = len(names) - len(shown)
    renamed = sum(one.record["properties"]["name"] != names[one.origin.truth_id] for one in shown)
    assert missing > 0
    assert renamed > 0
    assert (missing + renamed) / len(names) == pytest.approx(0.03, abs=0.02)


def test_codes_have_sixteen_digits_and_are_unique(clean: City) -> None:
    codes = [one.record_id for view in (road_segment, intersection) for one in view(clean).shown]
    assert len(set(codes)) == len(codes)
    assert all(len(code) == 16 and code.isdigit() for code in codes)
    assert all(one.record["id"] == one.record["properties"]["entityCode"] for one in road_segment(clean).shown)


def test_properties_are_in_the_units_of_the_platform(clean: City) -> None:
    for one in road_segment(clean).shown:
        properties = one.record["properties"]
        assert properties["roadGrade"] in ("快速路", "主干路", "次干路", "支路")
        assert 20 <= properties["designSpeed"] <= 120
        assert properties["updateDate"] == "2025-11-30"
        assert 100 < properties["elevation85"] < 500
        easting, northing, height = one.record["geometry"]["coordinates"][0]
        assert height == pytest.approx(properties["elevation85"], abs=2)
        assert 300_000 < easting < 400_000
        assert 3_200_000 < northing < 3_300_000


def test_bad_features_are_counted_and_the_same_again(city: City) -> None:
    for view in (road_segment, intersection):
        assert len(view(city).faults) == 3
        assert view(replace(city)).shown == view(city).shown
