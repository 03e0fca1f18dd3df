"""GCJ-02 and BD-09 by columns, held against the published polynomial written out for one place."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, radians, sin, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pyproj import Geod

from hutong.normalise.crs import to_wgs84
from hutong.normalise.shift import bd09_to_wgs84, gcj02_to_wgs84

DEGREE9 = 1e-9
PLACE = st.tuples(st.floats(73.0, 135.5), st.floats(3.0, 53.6))
ANYWHERE = st.floats(allow_nan=True, allow_infinity=True) | st.floats(60, 150)
CITIES = [(109.5119, 18.2528), (126.5350, 45.8038), (121.4737, 31.2304), (104.0665, 30.5723), (116.4074, 39.9042)]


def to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """The polynomial as it was published, forward."""
    x, y = lon - 105.0, lat - 35.0
    wave = 20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += wave * 2 / 3 + (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += wave * 2 / 3 + (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    axis, eccentricity2 = 6378245.0, 0.00669342162296594323
    curve = 1 - eccentricity2 * sin(radians(lat)) ** 2
    return (
        lon + east * 180 / (axis / sqrt(curve) * cos(radians(lat)) * pi),
        lat + north * 180 / (axis * (1 - eccentricity2) / (curve * sqrt(curve)) * pi),
    )


def to_bd09(lon: float, lat: float) -> tuple[float, float]:
    """BD-09 of a place of GCJ-02."""
    radius = hypot(lon, lat) + 0.00002 * sin(lat * pi * 3000 / 180)
    angle = atan2(lat, lon) + 0.000003 * cos(lon * pi * 3000 / 180)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006


def columns(places: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = zip(*places, strict=True)
    return np.array(lon), np.array(lat)


@given(st.lists(PLACE, min_size=1, max_size=40))
def test_gcj02_leads_back_to_the_place_that_it_was_shifted_from(places: list[tuple[float, float]]) -> None:
    lon, lat = gcj02_to_wgs84(*columns([to_gcj02(*place) for place in places]))
    assert list(zip(lon, lat, strict=True)) == [pytest.approx(place, abs=DEGREE9) for place in places]


@given(st.lists(PLACE, min_size=1, max_size=40))
def test_bd09_leads_back_to_the_place_that_it_was_shifted_from(places: list[tuple[float, float]]) -> None:
    lon, lat = bd09_to_wgs84(*columns([to_bd09(*to_gcj02(*place)) for place in places]))
    assert list(zip(lon, lat, strict=True)) == [pytest.approx(place, abs=DEGREE9) for place in places]


def test_a_grid_over_all_of_china_comes_back() -> None:
    lon, lat = (side.ravel() for side in np.meshgrid(np.linspace(73, 135.5, 200), np.linspace(3, 53.6, 200)))
    shifted = columns([to_gcj02(*place) for place in zip(lon.tolist(), lat.tolist(), strict=True)])
    found = gcj02_to_wgs84(*shifted)
    assert max(np.abs(found[0] - lon).max(), np.abs(found[1] - lat).max()) < DEGREE9 / 4


@pytest.mark.parametrize("place", CITIES)
def test_one_subtraction_would_not_have_been_enough(place: tuple[float, float]) -> None:
    shifted = to_gcj02(*place)
    again = to_gcj02(*shifted)
    once = (2 * shifted[0] - again[0], 2 * shifted[1] - again[1])
    assert once != pytest.approx(place, abs=1e-6)
    assert to_wgs84("GCJ-02", "lon_lat")(*shifted) == pytest.approx(place, abs=DEGREE9)


CHONGQING, IN_GCJ02, IN_BD09 = (106.5516, 29.5630), (106.555317650, 29.560151274), (106.561748235, 29.566465989)


def test_the_written_out_formulas_give_the_published_vector() -> None:
    assert to_gcj02(*CHONGQING) == pytest.approx(IN_GCJ02, abs=DEGREE9)
    assert to_bd09(*IN_GCJ02) == pytest.approx(IN_BD09, abs=DEGREE9)
    assert to_wgs84("GCJ-02", "lon_lat")(*IN_GCJ02) == pytest.approx(CHONGQING, abs=1e-7)
    assert to_wgs84("BD-09", "lon_lat")(*IN_BD09) == pytest.approx(CHONGQING, abs=1e-7)


@pytest.mark.parametrize(
    ("place", "metres"), [((104.0665, 30.5723), 363), ((106.5516, 29.5630), 479), ((112.9388, 28.2282), 661)]
)
def test_the_shift_is_as_long_as_it_is_known_to_be(place: tuple[float, float], metres: float) -> None:
    """Of the pilot cities Chengdu is moved least and Changsha most."""
    geod = Geod(ellps="WGS84")
    assert geod.inv(*place, *to_gcj02(*place))[2] == pytest.approx(metres, abs=1)
    found = to_wgs84("GCJ-02", "lon_lat")(*to_gcj02(*place))
    assert geod.inv(*place, *found)[2] < 0.0002


@pytest.mark.parametrize("crs", ["GCJ-02", "BD-09"])
@given(lon=arrays.arrays(np.float64, 40, elements=ANYWHERE), lat=arrays.arrays(np.float64, 40, elements=ANYWHERE))
def test_a_place_is_the_same_to_the_last_bit_alone_and_in_a_column(crs: str, lon: np.ndarray, lat: np.ndarray) -> None:
    convert = to_wgs84(crs, "lon_lat")
    alone = [convert(*place) for place in zip(lon.tolist(), lat.tolist(), strict=True)]
    assert np.array_equal(np.array(alone).T, np.array(convert(lon, lat)), equal_nan=True)


def test_a_long_column_is_the_same_as_its_places_one_by_one() -> None:
    draw = np.random.default_rng(5)
    lon, lat = draw.uniform(72, 138, 40_001), draw.uniform(0, 56, 40_001)
    found = np.array(gcj02_to_wgs84(lon, lat))
    some = draw.integers(0, len(lon), 200)
    for place in some:
        assert tuple(found[:, place]) == to_wgs84("GCJ-02", "lon_lat")(float(lon[place]), float(lat[place]))


@pytest.mark.parametrize("convert", [gcj02_to_wgs84, bd09_to_wgs84])
def test_places_outside_china_are_not_shifted_and_those_beside_them_are(convert) -> None:
    lon, lat = np.array([2.35, 106.5, 1e30, np.nan]), np.array([48.85, 29.5, -1e30, 30.0])
    found = np.array(convert(lon, lat))
    assert np.array_equal(found[:, [0, 2, 3]], np.array([lon, lat])[:, [0, 2, 3]], equal_nan=True)
    assert 1e-3 < np.hypot(*(found[:, 1] - [106.5, 29.5])) < 0.02
    assert lon[1] == 106.5
