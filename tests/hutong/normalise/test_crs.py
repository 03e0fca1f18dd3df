"""Coordinate systems: test vectors, round trips, and systems that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.model.mapping import Axes
from hutong.normalise.crs import UnknownCrs, gcj02_to_bd09, gcj02_to_wgs84, to_wgs84, wgs84_to_gcj02

CHONGQING = (106.5516, 29.5630)
LON, LAT = st.floats(73.0, 135.5), st.floats(3.0, 53.6)
DEGREE7 = 1e-7
CITIES = [(109.5119, 18.2528), (126.5350, 45.8038), (121.4737, 31.2304), (104.0665, 30.5723), (116.4074, 39.9042)]


@pytest.mark.parametrize(
    ("crs", "axes", "first", "second"),
    [
        ("EPSG:4326", "lon_lat", 106.5516, 29.5630),
        ("EPSG:4490", "lat_lon", 29.5630, 106.5516),
        ("GCJ-02", "lon_lat", 106.555317650, 29.560151274),
        ("GCJ-02", "lat_lon", 29.560151274, 106.555317650),
        ("BD-09", "lon_lat", 106.561748235, 29.566465989),
    ],
)
def test_the_vector_of_chongqing_in_degrees(crs: str, axes: Axes, first: float, second: float) -> None:
    assert to_wgs84(crs, axes)(first, second) == pytest.approx(CHONGQING, abs=DEGREE7)


@pytest.mark.parametrize(
    ("crs", "axes", "first", "second"),
    [
        ("EPSG:4545", "east_north", 359633.32, 3272547.95),
        ("EPSG:4545", "north_east", 3272547.95, 359633.32),
        ("EPSG:4544", "east_north", 650369.18, 3272677.18),
        ("EPSG:4524", "east_north", 36359633.32, 3272547.95),
    ],
)
def test_the_vector_of_chongqing_in_metres(crs: str, axes: Axes, first: float, second: float) -> None:
    # The vector is written to the centimetre, which is 1e-7 degrees.
    assert to_wgs84(crs, axes)(first, second) == pytest.approx(CHONGQING, abs=DEGREE7)


def test_the_forward_vectors_of_chongqing() -> None:
    shifted = wgs84_to_gcj02(*CHONGQING)
    assert shifted == pytest.approx((106.555317650, 29.560151274), abs=DEGREE7)
    assert gcj02_to_bd09(*shifted) == pytest.approx((106.561748235, 29.566465989), abs=DEGREE7)


def test_a_wrong_central_meridian_is_three_degrees_off() -> None:
    lon, lat = to_wgs84("EPSG:4545", "east_north")(650369.18, 3272677.18)
    assert (lon, lat) == pytest.approx((109.5516, 29.5630), abs=DEGREE7)


@pytest.mark.parametrize("place", CITIES)
def test_one_subtraction_would_not_have_been_enough(place: tuple[float, float]) -> None:
    shifted = wgs84_to_gcj02(*place)
    again = wgs84_to_gcj02(*shifted)
    once = (2 * shifted[0] - again[0], 2 * shifted[1] - again[1])
    assert once != pytest.approx(place, abs=1e-6)
    assert gcj02_to_wgs84(*shifted) == pytest.approx(place, abs=1e-9)


@given(LON, LAT)
def test_gcj02_there_and_back(lon: float, lat: float) -> None:
    assert to_wgs84("GCJ-02", "lon_lat")(*wgs84_to_gcj02(lon, lat)) == pytest.approx((lon, lat), abs=1e-9)


@given(LON, LAT)
def test_bd09_there_and_back(lon: float, lat: float) -> None:
    shifted = gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
    assert to_wgs84("BD-09", "lon_lat")(*shifted) == pytest.approx((lon, lat), abs=1e-9)


@pytest.mark.parametrize("crs", ["GCJ-02", "BD-09"])
@pytest.mark.parametrize("place", [(2.35, 48.85), (139.69, 35.69), (0.0, 0.0), (1e30, -1e30)])
def test_places_outside_china_are_not_shifted(crs: str, place: tuple[float, float]) -> None:
    assert to_wgs84(crs, "lon_lat")(*place) == place


@pytest.mark.parametrize("crs", ["", "WGS84", "GCJ02", "epsg:4326", "EPSG:99999", "EPSG:4545 ", "+proj=merc"])
def test_another_word_is_no_coordinate_system(crs: str) -> None:
    with pytest.raises(UnknownCrs):
        to_wgs84(crs, "lon_lat")


@pytest.mark.parametrize(
    ("crs", "axes"),
    [("EPSG:4545", "lon_lat"), ("EPSG:4326", "east_north"), ("EPSG:4490", "north_east"), ("GCJ-02", "east_north")],
)
def test_axes_of_the_other_kind_are_refused(crs: str, axes: Axes) -> None:
    with pytest.raises(UnknownCrs, match="axes"):
        to_wgs84(crs, axes)
