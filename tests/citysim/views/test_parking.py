from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod

from citysim import bd09, gcj02
from citysim.views.city import City
from citysim.views.parking import facilities, spaces

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_car_parks_stand_where_they_are_in_the_system_each_names(clean: City) -> None:
    systems = Counter[str]()
    for one in facilities(clean).shown:
        lon, lat = np.array([one.origin.lon]), np.array([one.origin.lat])
        if one.record["coordsys"] != "WGS84":
            lon, lat = gcj02.from_wgs84(lon, lat)
        if one.record["coordsys"] == "BD09":
            lon, lat = bd09.from_gcj02(lon, lat)
        assert one.origin.noise_m is not None
        off = GEOD.inv(lon[0], lat[0], one.record["lon"], one.record["lat"])[2]
        assert off == pytest.approx(np.hypot(*one.origin.noise_m), abs=0.2)
        systems[one.record["coordsys"]] += 1
    assert systems.total() == clean.truth.parkings.num_rows
    assert set(systems) <= {"GCJ02", "BD09", "WGS84"}
    assert len(systems) > 1


def test_bd09_is_the_published_vector() -> None:
    lon, lat = bd09.from_gcj02(np.array([106.555317650]), np.array([29.560151274]))
    assert (lon[0], lat[0]) == (pytest.approx(106.561748235, abs=1e-8), pytest.approx(29.566465989, abs=1e-8))


def test_free_spaces_drift_by_two_per_cent_at_most_and_one_sensor_is_stuck(clean: City) -> None:
    table = clean.truth.parking_occupancy.to_pylist()
    taken = {(row["parking"], row["t_s"]): row["occupied"] for row in table}
    said: dict[str, list[int]] = {}
    unknown, worst = 0, dict[str, float]()
    for one in spaces(clean).shown:
        parking, total, free = str(one.origin.truth_id), one.record["totalSpaces"], one.record["freeSpaces"]
        if free == -1:
            unknown += 1
            continue
        said.setdefault(parking, []).append(free)
        off = abs(total - taken[parking, int(one.stamp_s)] - free)
        worst[parking] = max(worst.get(parking, 0.0), (off - 0.5) / total)
    assert 0 < unknown < 0.05 * len(table)
    assert sum(share > 0.02 for share in worst.values()) <= 1
    still = [parking for parking, values in said.items() if len(set(values)) == 1]
    moving = {row["parking"] for row in table} - set(still)
    assert len(still) >= 1
    assert moving
