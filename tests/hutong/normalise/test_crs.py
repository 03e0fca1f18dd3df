"""Coordinate systems: test vectors, round trips, and systems that are refused."""

from __future__ import annotations

import numpy as np
import pytest

from hutong.model.mapping import Axes
from hutong.normalise.crs import UnknownCrs, to_wgs84

CHONGQING = (106.5516, 29.5630)
DEGREE7 = 1e-7


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


def test_a_wrong_central_meridian_is_three_degrees_off() -> None:
    lon, lat = to_wgs84("EPSG:4545", "east_north")(650369.18, 3272677.18)
    assert (lon, lat) == pytest.approx((109.5516, 29.5630), abs=DEGREE7)


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


@pytest.mark.parametrize(
    ("crs", "axes"), [("EPSG:4545", "north_east"), ("GCJ-02", "lat_lon"), ("EPSG:4490", "lat_lon")]
)
def test_a_column_of_places_comes_out_as_its_places_one_by_one(crs: str, axes: Axes) -> None:
    convert = to_wgs84(crs, axes)
    first, second = {"EPSG:4545": (3272547.95, 359633.32)}.get(crs, (29.563, 106.5516))
    firsts, seconds = first + np.arange(50) / 97, second + np.arange(50) / 89
    alone = [convert(*place) for place in zip(firsts.tolist(), seconds.tolist(), strict=True)]
    assert np.array_equal(np.array(alone).T, np.array(convert(firsts, seconds)))
