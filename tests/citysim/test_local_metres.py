"""The local plane is a transverse Mercator, here compared with PROJ's."""

import numpy as np
import pytest
from pyproj import Transformer

from citysim.local_metres import ORIGIN, to_lonlat

LOCAL = f"+proj=tmerc +lat_0={ORIGIN[1]} +lon_0={ORIGIN[0]} +k=1 +x_0=0 +y_0=0 +ellps=WGS84"


def test_degrees_agree_with_proj_within_a_millimetre_as_far_as_50_km() -> None:
    axis = np.linspace(-50_000, 50_000, 41)
    x_m, y_m = (values.ravel() for values in np.meshgrid(axis, axis))
    lon, lat = to_lonlat(x_m, y_m)
    back_x, back_y = Transformer.from_crs("EPSG:4326", LOCAL, always_xy=True).transform(lon, lat)
    assert np.abs(back_x - x_m).max() < 0.001
    assert np.abs(back_y - y_m).max() < 0.001


def test_the_origin_is_where_it_says() -> None:
    lon, lat = to_lonlat(np.zeros(1), np.zeros(1))
    assert (lon[0], lat[0]) == pytest.approx((106.55, 29.56), abs=1e-9)
