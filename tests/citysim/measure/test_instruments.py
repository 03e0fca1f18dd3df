"""Instruments in a street of two edges, 100 m each, with cars whose every second is written by hand."""

import numpy as np
import pyarrow as pa
import pytest

from citysim.measure.detectors import detector_flow
from citysim.measure.parked import parking_occupancy
from citysim.measure.traffic import Traffic, traffic
from citysim.measure.violations import violations

LIMIT_MPS = 10.0
LANES = pa.table(
    {
        "lane": ["A_1", "B_1"],
        "edge": ["A", "B"],
        "lane_no": pa.array([1, 1], pa.int32()),
        "speed_limit_mps": [LIMIT_MPS, LIMIT_MPS],
        "x_m": [[0.0, 100.0], [120.0, 220.0]],
        "y_m": [[0.0, 0.0], [0.0, 0.0]],
    }
)
MOVEMENTS = pa.table(
    {"junction": ["J"], "from_edge": ["A"], "from_lane_no": [1], "to_edge": ["B"], "signal_group": [1]}
)
CAMERA = {
    "asset": "EC", "kind": "enforcement_camera", "junction": "J", "edge": "A", "lane_no": None,
    "stop_line_distance_m": 22.0,
}  # fmt: skip
LOOP = {**CAMERA, "asset": "DT", "kind": "detector", "lane_no": 1, "stop_line_distance_m": 40.0}
ASSETS = pa.Table.from_pylist([CAMERA, LOOP])
CAR_M = 4.0


def _driven(*starts: tuple[int, float], speed_mps: float = 8.0, kind: str = "passenger") -> Traffic:
    """Cars that drive from A over the junction to B; starts: second and metre of each front."""
    rows, stays = [], []
    for who, (start_s, start_m) in enumerate(starts):
        fronts = np.arange(start_m, 215.0, speed_mps)
        seconds = np.arange(len(fronts)) + start_s
        rows += [
            {
                "t_s": int(t), "participant": who, "x_m": float(front) - CAR_M / 2, "y_m": 0.0,
                "speed_mps": speed_mps, "heading_deg": 90.0,
            }
            for t, front in zip(seconds, fronts, strict=True)
        ]  # fmt: skip
        for lane, (low, high) in enumerate(((0.0, 100.0), (120.0, 220.0))):
            on = seconds[(fronts >= low) & (fronts < high)]
            stays.append({"participant": who, "lane": lane, "first_s": int(on[0]), "last_s": int(on[-1])})
    numbers = list(range(len(starts)))
    people = pa.table({"participant": numbers, "kind": [kind] * len(starts), "length_m": [CAR_M] * len(starts)})
    return traffic(pa.Table.from_pylist(rows), pa.Table.from_pylist(stays), people, LANES)


def _signals(*lights: tuple[float, str]) -> pa.Table:
    ends = [*(t_s for t_s, _ in lights[1:]), None]
    return pa.Table.from_pylist(
        [
            {"junction": "J", "signal_group": 1, "t_s": t_s, "light": light, "until_s": until_s}
            for (t_s, light), until_s in zip(lights, ends, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("green_from_s", "is_caught"), [(5.3, True), (4.9, False)], ids=["passes just before green", "and just after"]
)
def test_who_passes_the_stop_line_at_red_is_caught_and_when_is_known_between_the_seconds(
    green_from_s: float, is_caught: bool
) -> None:
    """The front stands at 60 m at second 0 and drives 8 m/s: it passes the stop line at 100 m at second 5."""
    moving = _driven((0, 60.0))
    seen = violations(moving, LANES, MOVEMENTS, _signals((0.0, "red"), (green_from_s, "protected_green")), ASSETS)
    assert [(row["kind"], row["t_s"], row["asset"]) for row in seen.to_pylist()] == (
        [("red_light", 5.0, "EC")] if is_caught else []
    )


@pytest.mark.parametrize(("speed_mps", "count"), [(10.9, 0), (11.1, 1)])
def test_more_than_a_tenth_over_the_limit_is_speeding(speed_mps: float, count: int) -> None:
    moving = _driven((0, 20.0), speed_mps=speed_mps)
    seen = violations(moving, LANES, MOVEMENTS, _signals((0.0, "protected_green")), ASSETS)
    assert seen.num_rows == count
    assert all(row["speed_mps"] == speed_mps for row in seen.to_pylist())


def test_nobody_but_motor_vehicles_is_caught() -> None:
    moving = _driven((0, 60.0), kind="bicycle")
    assert violations(moving, LANES, MOVEMENTS, _signals((0.0, "red")), ASSETS).num_rows == 0


def test_a_loop_counts_fronts_with_their_speed_and_the_time_between_them() -> None:
    flow = detector_flow(_driven((0, 20.0), (10, 20.0), (30, 20.0)), ASSETS, 300).to_pylist()
    assert [(row["asset"], row["interval_end_s"], row["vehicle_count"]) for row in flow] == [("DT", 300, 3)]
    assert (flow[0]["speed_mps"], flow[0]["headway_s"], flow[0]["heavy_vehicle_count"]) == (8.0, 15.0, 0)


def test_a_loop_over_which_nobody_passed_says_no_speed() -> None:
    flow = detector_flow(_driven((0, 70.0)), ASSETS, 300).to_pylist()
    assert (flow[0]["vehicle_count"], flow[0]["speed_mps"], flow[0]["headway_s"]) == (0, None, None)


def test_cars_that_vanish_beside_a_car_park_fill_it_and_never_over_the_brim() -> None:
    moving = _driven(*((second, 20.0) for second in range(1, 41)))
    lots = pa.table({"parking": ["K"], "capacity": [12], "x_m": [220.0], "y_m": [20.0]})
    taken = parking_occupancy(moving, lots, 300, seed=7)["occupied"].to_pylist()
    assert len(taken) == 5
    assert taken == sorted(taken)
    assert taken[-1] == 12
