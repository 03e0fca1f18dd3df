from dataclasses import replace

import pytest

from citysim.views.city import City
from citysim.views.road_status import road_status, vendor_codes
from citysim.views.transport_info import FIVE, VENDOR, flow


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


@pytest.fixture(scope="module")
def of_vendor(clean: City) -> City:
    return replace(clean, variants={**clean.variants, "transport_info": "vendor"})


def test_the_five_classes_begin_at_the_bounds_of_the_index_and_the_vendor_has_four() -> None:
    assert [FIVE.status(1.0 - tpi / 10.0) for tpi in (0, 1.9, 2, 3.9, 4, 6, 8, 10)] == [1, 1, 2, 2, 3, 4, 5, 5]
    assert [VENDOR.status(share) for share in (1.0, 0.71, 0.7, 0.4, 0.2, 0.0)] == [1, 1, 2, 3, 4, 4]
    assert "mostly_free" not in VENDOR.meanings


def test_both_dialects_say_the_same_of_the_same_roads(clean: City, of_vendor: City) -> None:
    by_vendor = {(one.origin.truth_id, one.stamp_s): one for one in road_status(of_vendor).shown}
    for one in road_status(clean).shown:
        other = by_vendor.pop((one.origin.truth_id, one.stamp_s))
        own, theirs = one.record, other.record
        # From north with the clock, and from east against it.
        assert abs(((90 - theirs["angle"]) - own["angle"] + 180) % 360 - 180) <= 1
        assert theirs["speed"] == pytest.approx(own["speed"], abs=0.56)
        assert (own["period"], theirs["interval"]) == (300, 5)
        assert own["linkId"].endswith("R") == (theirs["lcodes"] < 0)
        assert one.origin.values["speed_mps"] == other.origin.values["speed_mps"]
        assert (own["status"] == 0) == (theirs["status"] == 0) == (own["speed"] == 0)
    assert not by_vendor


def test_the_two_directions_of_a_road_share_the_vendors_number(clean: City) -> None:
    codes = list(vendor_codes(clean).values())
    assert len(set(codes)) == len(codes) == clean.truth.sections.num_rows
    backwards = [-code for code in codes if code < 0]
    assert len(backwards) > 10
    assert set(backwards) <= set(codes)


def test_a_city_of_the_vendor_uses_its_scale_for_the_flow_too(of_vendor: City) -> None:
    assert {one.record["status"] for one in flow(of_vendor).shown} <= {0, 1, 2, 3, 4}
    assert all(one.origin.values["congestion_level"] in VENDOR.meanings for one in flow(of_vendor).shown)
