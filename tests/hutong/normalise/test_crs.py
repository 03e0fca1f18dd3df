"""Coordinate systems: test vectors, round trips, and systems that are refused."""

from __future__ import annotations

from math import atan, atanh, cos, cosh, radians, sin, sinh, sqrt

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


PILOTS = {
    # Member: longitude and latitude of its centre, and the systems of its three-degree zone without the zone's number
    # in front of the easting and with it.
    "重庆市": (106.5516, 29.5630, 4545, 4524), "北京市": (116.4074, 39.9042, 4548, 4527),
    "上海市": (121.4737, 31.2304, 4549, 4528), "鄂尔多斯市": (109.7813, 39.6083, 4546, 4525),
    "沈阳市": (123.4315, 41.8057, 4550, 4529), "长春市": (125.3235, 43.8171, 4551, 4530),
    "南京市": (118.7969, 32.0603, 4549, 4528), "苏州市": (120.5853, 31.2989, 4549, 4528),
    "无锡市": (120.3119, 31.4912, 4549, 4528), "杭州市": (120.1551, 30.2741, 4549, 4528),
    "桐乡市": (120.5648, 30.6304, 4549, 4528), "德清县": (119.9774, 30.5425, 4549, 4528),
    "合肥市": (117.2272, 31.8206, 4548, 4527), "福州市": (119.2965, 26.0745, 4549, 4528),
    "济南市": (117.1201, 36.6512, 4548, 4527), "武汉市": (114.3054, 30.5931, 4547, 4526),
    "十堰市": (110.7980, 32.6292, 4546, 4525), "长沙市": (112.9388, 28.2282, 4547, 4526),
    "广州市": (113.2644, 23.1291, 4547, 4526), "深圳市": (114.0579, 22.5431, 4547, 4526),
    "海口市": (110.3312, 20.0311, 4546, 4525), "三亚市": (109.5119, 18.2528, 4546, 4525),
    "琼海市": (110.4747, 19.2584, 4546, 4525), "成都市": (104.0665, 30.5723, 4544, 4523),
}  # fmt: skip
CGCS2000_AXIS, CGCS2000_FLATTENING = 6378137.0, 1 / 298.257222101


def gauss_kruger(lon: float, lat: float, meridian: float) -> tuple[float, float]:
    """Easting and northing by Krueger's series, scale 1, 500 km of false easting: written out, without a library.

    Source: L. Krueger, Konforme Abbildung des Erdellipsoids in der Ebene (1912), to the fourth power of n.
    """
    n = CGCS2000_FLATTENING / (2 - CGCS2000_FLATTENING)
    radius = CGCS2000_AXIS / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    series = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16 + 41 * n**4 / 180,
        13 * n**2 / 48 - 3 * n**3 / 5 + 557 * n**4 / 1440,
        61 * n**3 / 240 - 103 * n**4 / 140,
        49561 * n**4 / 161280,
    )
    eccentricity = 2 * sqrt(n) / (1 + n)
    phi, away = radians(lat), radians(lon - meridian)
    t = sinh(atanh(sin(phi)) - eccentricity * atanh(eccentricity * sin(phi)))
    xi, eta = atan(t / cos(away)), atanh(sin(away) / sqrt(1 + t * t))
    northing = xi + sum(a * sin(2 * k * xi) * cosh(2 * k * eta) for k, a in enumerate(series, 1))
    easting = eta + sum(a * cos(2 * k * xi) * sinh(2 * k * eta) for k, a in enumerate(series, 1))
    return 500_000 + radius * easting, radius * northing


def test_the_series_gives_the_published_vectors_of_chongqing() -> None:
    assert gauss_kruger(*CHONGQING, 108) == pytest.approx((359633.32, 3272547.95), abs=0.006)
    assert gauss_kruger(*CHONGQING, 105) == pytest.approx((650369.18, 3272677.18), abs=0.006)


@pytest.mark.parametrize("member", PILOTS)
def test_each_member_comes_back_from_both_families_of_its_zone(member: str) -> None:
    lon, lat, plain, zoned = PILOTS[member]
    zone = round(lon / 3)
    assert (plain, zoned) == (4534 + zone - 25, 4513 + zone - 25)
    easting, northing = gauss_kruger(lon, lat, 3 * zone)
    assert to_wgs84(f"EPSG:{plain}", "east_north")(easting, northing) == pytest.approx((lon, lat), abs=DEGREE7 / 100)
    prefixed = zone * 1_000_000 + easting
    assert to_wgs84(f"EPSG:{zoned}", "north_east")(northing, prefixed) == pytest.approx((lon, lat), abs=DEGREE7 / 100)


@pytest.mark.parametrize("member", PILOTS)
@pytest.mark.parametrize("axes", ["lon_lat", "lat_lon"])
def test_cgcs2000_in_degrees_is_taken_as_it_is(member: str, axes: Axes) -> None:
    lon, lat = PILOTS[member][:2]
    given = (lon, lat) if axes == "lon_lat" else (lat, lon)
    assert to_wgs84("EPSG:4490", axes)(*given) == (lon, lat)


def test_six_degree_zones_are_no_three_degree_zones() -> None:
    """EPSG:4507 has the meridian of EPSG:4544: one place, one easting. EPSG:4508 has 111 E, six degrees on."""
    east, north = gauss_kruger(*CHONGQING, 105)
    assert to_wgs84("EPSG:4507", "east_north")(east, north) == pytest.approx(CHONGQING, abs=DEGREE7)
    assert to_wgs84("EPSG:4508", "east_north")(east, north)[0] == pytest.approx(CHONGQING[0] + 6, abs=DEGREE7)


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
