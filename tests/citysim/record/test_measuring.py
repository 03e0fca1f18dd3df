"""What is measured on a run: here runs of a few road users, written by hand."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from citysim.record.accidents import Accident, collisions, with_dip
from citysim.record.fcd import Run, read, standstills
from citysim.record.network import Edge
from citysim.record.sections import Flow, Section, measure

BEGIN_S = 600
FIRST, SECOND = "E0000_0100", "E0100_0200"
SECTION = Section("S0001", (FIRST, SECOND), ((0, 0), (1, 0), (2, 0)))
NETWORK = {
    name: Edge(name, 100.0, ((start, 0.0), (start + 100.0, 0.0)), (f"{name}_1", f"{name}_2"))
    for name, start in ((FIRST, 0.0), (SECOND, 120.0))
}

Row = tuple[int, str, str, float, float, float, str]
"""Second of the recording, id, type, x, y of the front (m), speed (m/s), lane. All drive east."""


def recorded(tmp_path: Path, rows: list[Row], seconds: int = 600) -> Run:
    """The rows written as SUMO writes them, and read."""
    t_s, who, kind, x, y, speed, lane = zip(*sorted(rows), strict=True)
    table = pa.table(
        {
            "timestep_time": [float(t + BEGIN_S) for t in t_s],
            "vehicle_id": list(who),
            "vehicle_x": list(x),
            "vehicle_y": list(y),
            "vehicle_angle": pa.array([90.0] * len(t_s), pa.float32()),
            "vehicle_type": list(kind),
            "vehicle_speed": pa.array(list(speed), pa.float32()),
            "vehicle_lane": list(lane),
        }
    )
    pq.write_table(table, tmp_path / "fcd.parquet")
    return read(tmp_path / "fcd.parquet", BEGIN_S, seconds)


def drive(name: str, start_s: int, speed: float, kind: str = "car") -> list[Row]:
    """A ride along both edges, over the junction between them (x from 100 to 120)."""
    rows: list[Row] = []
    t_s, x = start_s, 1.0
    while x < 220:
        lane = f"{FIRST}_1" if x <= 100 else f"{SECOND}_1" if x >= 120 else ":J0100_0_0"
        rows.append((t_s, name, kind, x, 0.0, speed, lane))
        t_s, x = t_s + 1, x + speed
    return rows


def standing(name: str, start_s: int, end_s: int, y: float, lane: int = 1) -> list[Row]:
    return [(t_s, name, "car", 60.0, y, 0.0, f"{FIRST}_{lane}") for t_s in range(start_s, end_s + 1)]


def test_the_position_is_the_middle_of_the_outline_not_the_bumper(tmp_path: Path) -> None:
    run = recorded(tmp_path, [(0, "a", "car", 50.0, 7.0, 10.0, f"{FIRST}_1")])
    assert (run.x_m[0], run.y_m[0]) == pytest.approx((50.0 - 2.3, 7.0))


def test_a_vehicle_lifted_out_of_a_jam_becomes_another(tmp_path: Path) -> None:
    rows: list[Row] = [(t, "a", "car", 10.0 * t + (500 if t > 3 else 0), 0.0, 10.0, f"{FIRST}_1") for t in range(6)]
    run = recorded(tmp_path, rows)
    assert run.names == ("a", "a+1")
    assert [run.rows_of(name) for name in run.names] == [slice(0, 4), slice(4, 6)]


def test_inside_a_junction_a_vehicle_is_on_the_edge_it_came_from(tmp_path: Path) -> None:
    run = recorded(tmp_path, drive("a", 0, 10.0))
    assert [run.edge_names[edge] for edge in run.edge[run.is_in_junction]] == [FIRST, FIRST]


def test_a_slide_to_the_next_lane_parts_one_standstill_into_two(tmp_path: Path) -> None:
    rows = standing("a", 0, 9, 0.0) + standing("a", 10, 20, 3.2)
    stills = standstills(recorded(tmp_path, rows), "a")
    assert [(still.start_s, still.end_s) for still in stills] == [(0, 8), (10, 20)]


def test_flow_counts_each_entry_once_in_the_period_it_came(tmp_path: Path) -> None:
    rows = drive("a", 10, 10.0) + drive("b", 295, 10.0) + drive("c", 310, 5.0, "truck") + drive("d", 20, 4.0, "bicycle")
    flows = measure(recorded(tmp_path, rows), [SECTION], NETWORK, 600)
    counted = [(flow.interval_end_s, flow.vehicle_count, flow.heavy_vehicle_count) for flow in flows]
    assert counted == [(300, 2, 0), (600, 1, 1)]


def test_flow_speed_is_distance_over_time(tmp_path: Path) -> None:
    rows = drive("a", 10, 10.0) + drive("b", 50, 5.0)
    first, second = measure(recorded(tmp_path, rows), [SECTION], NETWORK, 600)
    on_edges = {speed: sum(row[6][0] != ":" for row in drive("x", 0, speed)) for speed in (10.0, 5.0)}
    assert first.speed_mps == pytest.approx(sum(s * n for s, n in on_edges.items()) / sum(on_edges.values()), abs=0.001)
    assert second.speed_mps is None
    assert second.vehicle_count == 0


def test_occupancy_is_the_share_of_lane_length_under_vehicles(tmp_path: Path) -> None:
    run = recorded(tmp_path, standing("a", 0, 599, 0.0))
    first, _ = measure(run, [SECTION], NETWORK, 600)
    assert first.occupancy == pytest.approx(4.6 / (2 * 2 * 100.0), abs=1e-5)


def test_a_vehicle_that_was_there_from_the_first_second_is_no_entry(tmp_path: Path) -> None:
    first, _ = measure(recorded(tmp_path, drive("a", 0, 10.0)), [SECTION], NETWORK, 600)
    assert first.vehicle_count == 0


def _collision_file(tmp_path: Path, t_s: int) -> Path:
    path = tmp_path / "collisions.xml"
    path.write_text(f'<collisions><collision time="{BEGIN_S + t_s}.50" collider="a" victim="b"/></collisions>')
    return path


def test_a_collision_is_an_accident_from_when_both_stand(tmp_path: Path) -> None:
    run = recorded(tmp_path, standing("a", 100, 190, 0.0) + standing("b", 104, 190, 3.2, lane=2))
    (accident,) = collisions(run, _collision_file(tmp_path, 99), BEGIN_S, 600)
    assert (accident.t_s, accident.cleared_s, accident.kind) == (104.0, 191.0, "collision")
    assert accident.names == ("a", "b")
    assert accident.point == pytest.approx((60.0 - 2.3, 1.6))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (standing("b", 104, 120, 3.2), "shorter than half a minute"),
        (standing("b", 104, 190, 30.0), "another place"),
        (standing("b", 140, 190, 3.2), "another time"),
    ],
)
def test_a_collision_whose_vehicles_make_no_scene_is_no_accident(tmp_path: Path, other: list[Row], why: str) -> None:
    run = recorded(tmp_path, standing("a", 100, 190, 0.0) + other)
    assert collisions(run, _collision_file(tmp_path, 99), BEGIN_S, 600) == [], why


def _flows(*speeds: float | None) -> list[Flow]:
    return [Flow("S0001", 300 * (n + 1), 9, 0, speed, 0.1) for n, speed in enumerate(speeds)]


@pytest.mark.parametrize(
    ("speeds", "is_dented"),
    [
        ((12.0, 12.0, 6.0), True),
        ((12.0, 12.0, 9.1), False),  # more than three quarters
        ((2.0, 2.0, 1.2), False),  # less than 1 m/s slower
        ((6.0, 12.0, 12.0), False),  # slow before, not after
        ((None, None, 1.0), False),  # nothing to compare with
    ],
)
def test_a_dent_is_a_clear_fall_against_the_periods_before(speeds: tuple[float | None, ...], is_dented: bool) -> None:
    accident = Accident(610.0, 880.0, (0.0, 0.0), FIRST, "scripted", ("a", "b"))
    found = with_dip(accident, [SECTION], _flows(*speeds))
    assert found.dip_section == ("S0001" if is_dented else None)


def test_a_queue_that_reaches_the_section_before_dents_that_one() -> None:
    ahead = Section("S0002", ("E0200_0300", "E0300_0400"), ((2, 0), (3, 0), (4, 0)))
    accident = Accident(610.0, 880.0, (0.0, 0.0), "E0200_0300", "scripted", ("a", "b"))
    flows = [*_flows(12.0, 12.0, 4.0), *(Flow("S0002", 300 * n, 9, 0, 12.0, 0.1) for n in (1, 2, 3))]
    assert with_dip(accident, [SECTION, ahead], flows).dip_section == "S0001"
