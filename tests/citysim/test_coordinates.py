import numpy as np
import pytest
from pyproj import Geod

from citysim import gcj02
from citysim.planes import CityPlane, gauss_kruger

LON, LAT = np.array([106.5516]), np.array([29.5630])


def test_gcj02_moves_the_reference_point_of_chongqing_as_published() -> None:
    lon, lat = gcj02.from_wgs84(LON, LAT)
    assert (lon[0], lat[0]) == pytest.approx((106.555317650, 29.560151274), abs=1e-9)
    assert Geod(ellps="WGS84").inv(LON[0], LAT[0], lon[0], lat[0])[2] == pytest.approx(479, abs=1)


def test_gauss_kruger_gives_easting_then_northing_of_epsg_4545() -> None:
    easting, northing = gauss_kruger(LON, LAT)
    assert (easting[0], northing[0]) == pytest.approx((359633.32, 3272547.95), abs=0.01)


@pytest.mark.parametrize(
    ("epsg", "east"), [(4544, 650369.18), (4523, 35650369.18), (4545, 359633.32), (4524, 36359633.32)]
)
def test_each_zone_has_its_meridian_and_perhaps_its_number_in_front(epsg: int, east: float) -> None:
    assert gauss_kruger(LON, LAT, epsg)[0][0] == pytest.approx(east, abs=0.01)


def test_a_shift_in_metres_is_that_many_metres() -> None:
    plane = CityPlane(106.55, 29.56)
    lon, lat = plane.shifted(LON, LAT, np.array([30.0]), np.array([-40.0]))
    assert Geod(ellps="WGS84").inv(LON[0], LAT[0], lon[0], lat[0])[2] == pytest.approx(50, abs=0.001)
    assert lon[0] > LON[0]
    assert lat[0] < LAT[0]
