from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod

from citysim import gcj02
from citysim.views.buses import bus_positions
from citysim.views.city import City

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_only_buses_report_each_on_its_own_quarter_of_a_minute(clean: City) -> None:
    kinds = dict(
        zip(*(clean.truth.participants.column(name).to_pylist() for name in ("participant", "kind")), strict=True)
    )
    of_bus: dict[str, list[float]] = {}
    for one in bus_positions(clean).shown:
        of_bus.setdefault(str(one.origin.truth_id), []).append(one.stamp_s)
        assert one.stamp_s <= one.known_s < one.stamp_s + 9
    assert {kinds[int(bus)] for bus in of_bus} == {"bus"}
    assert all((np.diff(sorted(times)) % 15 == 0).all() for times in of_bus.values())
    assert len({times[0] % 15 for times in of_bus.values()}) > 8
    assert len({one.record["vehicleNo"] for one in bus_positions(clean).shown}) == len(of_bus)


def test_places_are_millionths_in_gcj02_off_by_eight_metres_and_zero_where_nothing_is_known(clean: City) -> None:
    met = Counter[bool]()
    noise = []
    for one in bus_positions(clean).shown:
        wire, located = one.record, bool(one.record["status"] & 2)
        met[located] += 1
        if not located:
            assert (wire["longitude"], wire["latitude"]) == (0, 0)
            assert np.isnan(one.rows["vehicle_position"][0].lon)
            continue
        assert one.origin.noise_m is not None
        lon, lat = gcj02.from_wgs84(np.array([one.origin.lon]), np.array([one.origin.lat]))
        off = GEOD.inv(lon[0], lat[0], wire["longitude"] / 1e6, wire["latitude"] / 1e6)[2]
        assert off == pytest.approx(np.hypot(*one.origin.noise_m), abs=0.2)
        noise.append(one.origin.noise_m)
    assert np.std(noise) == pytest.approx(8.0, rel=0.05)
    assert 0.01 < met[False] / met.total() < 0.03


def test_speeds_are_tenths_of_kilometres_per_hour(clean: City) -> None:
    for one in bus_positions(clean).shown:
        assert one.record["speed"] / 36.0 == pytest.approx(one.origin.values["speed_mps"], abs=0.05 / 3.6 + 1e-9)
        assert 0 <= one.record["course"] < 360
