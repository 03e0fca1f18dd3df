"""The signal system as the police platform passes it on: objects of GA/T 1049.2 by their own names.

Crossings, controllers, lanes, states of controllers, lights, and what the loops counted. In the standard dialect they
come as items of the SOAP interface, elsewhere as GA/T 1049 documents; the records are the same.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from citysim.clock import beijing_text
from citysim.draws import key_of
from citysim.faults import Weaknesses, as_text, one_of, whole
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.police_places import (
    PLATFORM,
    coordinates,
    cross_ids,
    crossing_names,
    headings,
    leg,
    streets,
)

CROSSING_SIGMA_M = 6.0
CONTROLLER_SIGMA_M = 4.0
MISSING_SHARE = 0.06
OLD_NAME_SHARE = 0.04
LIVE_SHARE = 0.3
"""Of the crossings, those whose controllers report every change of their lights."""
DRIFT_S = 3.0
"""A controller's clock is off by up to this much."""
INTERVAL_S = 300
VEHICLE_LENGTH_M = (4.4, 5.6)

LAMP_STATUS = {"red": "211", "yellow": "121", "permissive_green": "112", "protected_green": "112"}
"""Red, yellow, green; 0 no lamp, 1 off, 2 on, 3 flashing. Whether a green is protected is not said."""
SHOWN_LIGHT = {"red": "red", "yellow": "yellow", "permissive_green": "permissive_green"} | {
    "protected_green": "permissive_green"
}
FEATURES = {3: ("23", "three_way"), 4: ("24", "four_way"), 5: ("35", "five_way")}
MODES = {"21": "fixed_time", "22": "actuated", "31": "line_coordinated"}
STATES = {"Online": "online", "Offline": "offline", "Error": "fault"}
FAULTS = {"1": "lamp", "2": "power", "3": "clock", "4": "runtime", "5": "plan"}
RANKS = {"urban_expressway": 1, "arterial": 1, "sub_arterial": 2, "branch": 3}
TURNS = {
    frozenset({"straight"}): "11", frozenset({"left"}): "12", frozenset({"right"}): "13",
    frozenset({"straight", "left"}): "21", frozenset({"straight", "right"}): "22", frozenset({"left", "right"}): "23",
    frozenset({"straight", "left", "right"}): "24", frozenset({"u_turn"}): "31", frozenset({"u_turn", "left"}): "32",
    frozenset({"u_turn", "straight"}): "33", frozenset({"u_turn", "right"}): "34",
}  # fmt: skip
"""LaneMovement of GA/T 1049.2; any other set is 99."""
ALLOWED = {code: turns for turns, code in TURNS.items()}


def _bad_time(random: Random, old: Any) -> str:
    return random.choice(("2026-13-45 25:61:61", "0000-00-00 00:00:00", "9999-99-99 99:99:99", "2026-02-30 08:00:00"))


def _bad_place(random: Random, old: Any) -> str:
    x, y, *_ = str(old).split(",")
    return f"{x},{y},{random.randint(181, 999)}.{random.randint(0, 999999)},{random.randint(91, 999)}.5"


_NO_PLACE = (",,,", "0,0,0,0", "-")
_ODD_DISTRICT = one_of("990000", "509999", "000001")

_STATUS, _LANE = "SignalGroupStatusList.SignalGroupStatus.0", "DataList.Data.0"
"""The first of the elements, which every record has."""

CROSSINGS = Weaknesses(
    stream="crossings",
    fields=("CrossID", "Feature", "Grade", "xzqh", "dzzb", "gxsj"),
    sentinels={"dzzb": _NO_PLACE, "xzqh": ("000000", "-"), "CrossName": ("-", "???")},
    impossible={"dzzb": _bad_place, "gxsj": _bad_time},
    codes={"Feature": as_text(whole((70, 89))), "Grade": as_text(whole((70, 89))), "xzqh": _ODD_DISTRICT},
    is_text=True,
)
CONTROLLERS = Weaknesses(
    stream="controllers",
    fields=("SignalControllerID", "CrossID", "dzzb", "xzqh", "gxsj"),
    sentinels={"dzzb": _NO_PLACE, "xzqh": ("000000", "-")},
    impossible={"dzzb": _bad_place, "gxsj": _bad_time},
    codes={"xzqh": _ODD_DISTRICT},
    is_text=True,
)
LANES = Weaknesses(
    stream="cross_lanes",
    fields=("CrossID", "LaneNo", "Direction", "Movement", "Azimuth", "gxsj"),
    sentinels={"Azimuth": ("-1", "-")},
    impossible={
        "Azimuth": as_text(whole((361, 999), (-99, -2))),
        "LaneNo": as_text(whole((300, 999), (-9, -1))),
        "gxsj": _bad_time,
    },
    codes={"Attribute": as_text(whole((40, 89)))},
    is_text=True,
)
CROSS_STATES = Weaknesses(
    stream="cross_states",
    fields=("CrossID", "SignalControllerID", "Value", "StateTime"),
    sentinels={"ErrorType": ("", "-")},
    impossible={"StateTime": _bad_time},
    codes={"Value": one_of("Unknown1", "Busy", "Standby")},
    is_text=True,
)
LIGHTS = Weaknesses(
    stream="lights",
    fields=("CrossID", "LampStatusTime", "PlanNo", "SignalGroupStatusList", f"{_STATUS}.LampStatus"),
    sentinels={"PlanNo": ("-1", "-"), f"{_STATUS}.RemainTime": ("-1", "-")},
    impossible={
        "LampStatusTime": _bad_time,
        "PlanNo": as_text(whole((10000, 99999), (-99, -2))),
        f"{_STATUS}.RemainTime": as_text(whole((4000, 9999), (-99, -2))),
    },
    codes={"ControlMode": as_text(whole((60, 89))), f"{_STATUS}.LampStatus": one_of("333", "233", "322")},
    is_text=True,
)
CROSS_TRAFFIC = Weaknesses(
    stream="cross_traffic",
    fields=("CrossID", "EndTime", "Interval", "DataList", f"{_LANE}.LaneNo", f"{_LANE}.Volume", f"{_LANE}.Speed"),
    sentinels={f"{_LANE}.Volume": ("-1", "-"), f"{_LANE}.Occupancy": ("-1", "-"), f"{_LANE}.Density": ("-",)},
    impossible={
        "EndTime": _bad_time,
        "Interval": as_text(whole((-999, 0))),
        f"{_LANE}.Speed": as_text(whole((400, 999), (-99, -2))),
        f"{_LANE}.Occupancy": as_text(whole((101, 999), (-99, -2))),
        f"{_LANE}.Volume": as_text(whole((30000, 99999), (-99, -2))),
    },
    codes={},
    is_text=True,
)


@once_per_city
def crossings(city: City) -> View:
    """Crossings with signals, by code; some are not in the book, some stand there under an old name."""
    draws, names = city.draws(PLATFORM, "crossings"), crossing_names(city)
    legs = _legs(city)
    records = []
    for junction, district, lon, lat in rows_of(city.truth.junctions, "junction", "district_code", "lon", "lat"):
        cross_id = cross_ids(city).get(junction)
        if cross_id is None or draws.one("missing", junction) < MISSING_SHARE:
            continue
        east, north = (CROSSING_SIGMA_M * draws.one_normal(axis, junction) for axis in ("east", "north"))
        name = names[junction]
        if draws.one("old name", junction) < OLD_NAME_SHARE:
            name = f"老{name}"
        changed = _changed(city, draws.one("changed", junction))
        feature, kind = FEATURES.get(len(legs[junction]), ("90", "other"))
        grade = _grade(city, legs[junction])
        values = {
            "source_id": cross_id,
            "observed_at": changed,
            "name": name,
            "admin_code": district,
            "is_signalised": True,
            "police_code": cross_id,
            "junction_kind": kind,
            "junction_grade": grade,
            "controller_id": controller_ids(city)[junction],
        }
        record = {
            "CrossID": cross_id,
            "CrossName": name,
            "Feature": feature,
            "Grade": grade,
            "SignalControllerID": values["controller_id"],
            "xzqh": district,
            "dzzb": coordinates(city, lon, lat, east, north),
            "gxsj": beijing_text(changed),
        }
        origin = Origin(junction, lon, lat, noise_m=(east, north), values=values)
        records.append(Shown(cross_id, -math.inf, 0.0, record, origin))
    return with_faults(city, CROSSINGS, sorted(records, key=lambda one: one.record_id))


@once_per_city
def controllers(city: City) -> View:
    """Signal controllers, by number."""
    draws = city.draws(PLATFORM, "controllers")
    district_of = dict(rows_of(city.truth.junctions, "junction", "district_code"))
    records = []
    for asset, kind, name, junction, lon, lat in rows_of(
        city.truth.assets, "asset", "kind", "name_zh", "junction", "lon", "lat"
    ):
        if kind != "signal_controller" or junction not in cross_ids(city):
            continue
        east, north = (CONTROLLER_SIGMA_M * draws.one_normal(axis, asset) for axis in ("east", "north"))
        number, changed = controller_ids(city)[junction], _changed(city, draws.one("changed", asset))
        values = {
            "source_id": number,
            "observed_at": changed,
            "facility_kind": "signal_controller",
            "name": name,
            "serial_no": number,
            "junction_id": cross_ids(city)[junction],
            "admin_code": district_of[junction],
        }
        record = {
            "SignalControllerID": number,
            "Supplier": "示例信号",
            "Type": "GB25280-B",
            "Caption": name,
            "CrossID": cross_ids(city)[junction],
            "xzqh": district_of[junction],
            "dzzb": coordinates(city, lon, lat, east, north),
            "gxsj": beijing_text(changed),
        }
        origin = Origin(asset, lon, lat, noise_m=(east, north), values=values)
        records.append(Shown(number, -math.inf, 0.0, record, origin))
    return with_faults(city, CONTROLLERS, sorted(records, key=lambda one: one.record_id))


@once_per_city
def cross_lanes(city: City) -> View:
    """LaneParam: the motor lanes that lead to crossings with signals, numbered crossing by crossing."""
    draws = city.draws(PLATFORM, "cross_lanes")
    turns = defaultdict(set)
    for edge, lane_no, turn in rows_of(city.truth.movements, "from_edge", "from_lane_no", "turn"):
        turns[edge, lane_no].add(turn)
    names = {(edge, lane_no): lane for lane, edge, lane_no in rows_of(city.truth.lanes, "lane", "edge", "lane_no")}
    records = []
    for (edge, lane_no), (junction, number) in lane_numbers(city).items():
        cross_id, heading = cross_ids(city)[junction], headings(city)[edge]
        movement = TURNS.get(frozenset(turns[edge, lane_no]), "99")
        allowed = ALLOWED.get(movement)
        changed = _changed(city, draws.one("changed", junction))
        values = {
            "source_id": f"{cross_id}/{number}",
            "observed_at": changed,
            "junction_id": cross_id,
            "lane_no": number,
            "numbered_from": "centre",
            "lane_kind": "motor",
            "approach_heading_deg": heading,
            **{
                f"allows_{turn.replace('_', '')}": None if allowed is None else turn in allowed
                for turn in ("straight", "left", "right", "u_turn")
            },
        }
        record = {
            "CrossID": cross_id,
            "LaneNo": str(number),
            "Direction": str(leg(heading) + 1),
            "Attribute": "0",
            "Movement": movement,
            "Azimuth": str(round(heading) % 360),
            "gxsj": beijing_text(changed),
        }
        # No object of GA/T 1049.2 says where a lane lies.
        origin = Origin(names[edge, lane_no], math.nan, math.nan, values=values)
        records.append(Shown(f"{cross_id}/{number:02d}", -math.inf, 0.0, record, origin))
    return with_faults(city, LANES, sorted(records, key=lambda one: one.record_id))


@once_per_city
def cross_states(city: City) -> View:
    """CrossState of every crossing every five minutes, with what is wrong with its controller."""
    draws = city.draws(PLATFORM, "cross_states")
    records = []
    for place in range(city.truth.duration_s // INTERVAL_S):
        for junction, cross_id in cross_ids(city).items():
            t_s = place * INTERVAL_S + round(60 * draws.one("moment", junction))
            fate = draws.one("state", junction, place)
            state = "Online" if fate < 0.95 else "Error" if fate < 0.98 else "Offline"
            fault = str(1 + int(5 * draws.one("fault", junction, place))) if state == "Error" else ""
            number = controller_ids(city)[junction]
            values = {
                "source_id": number,
                "observed_at": float(t_s),
                "facility_id": number,
                "facility_state": STATES[state],
                "fault_kind": FAULTS.get(fault),
                "clock_offset_s": -drift_of(city, junction),
            }
            record = {
                "CrossID": cross_id,
                "SignalControllerID": number,
                "Value": state,
                "ErrorType": fault,
                "StateTime": beijing_text(city.moment(t_s)),
                "ControllerTime": _to_the_millisecond(city, t_s + drift_of(city, junction)),
                "ReceiveTime": _epoch_ms(city, float(t_s)),
            }
            lon, lat = _place(city, junction)
            origin = Origin(junction, lon, lat, float(t_s), values=values)
            records.append(Shown(f"{number}@{t_s}", t_s + 2.0, float(t_s), record, origin))
    return with_faults(city, CROSS_STATES, sorted(records, key=lambda one: (one.stamp_s, one.record_id)))


@once_per_city
def lights(city: City) -> View:
    """CrossSignalGroupStatus: at each switch of a reporting crossing, the groups that changed, by its own clock."""
    draws = city.draws(PLATFORM, "lights")
    live = {junction for junction in cross_ids(city) if draws.one("live", junction) < LIVE_SHARE}
    switches: dict[tuple[float, str], list[tuple[int, str, float | None]]] = defaultdict(list)
    columns = rows_of(city.truth.signals, "junction", "signal_group", "t_s", "light", "until_s")
    for junction, group, t_s, light, until_s in columns:
        if junction in live:
            switches[t_s, junction].append((group, light, until_s))
    cycles = _cycles(city)
    records = []
    for (t_s, junction), changed in sorted(switches.items()):
        cross_id, drift_s = cross_ids(city)[junction], drift_of(city, junction)
        mode = list(MODES)[key_of(junction) % len(MODES)]
        plan = 1 + key_of(f"plan {junction}") % 12
        received_s = t_s + round(0.2 + 0.6 * draws.one("received", junction, f"{t_s}"), 3)
        begun = [start_s for start_s in cycles[junction] if start_s <= t_s][-2:]
        cycle_s = begun[1] - begun[0] if len(begun) == 2 else None
        lon, lat = _place(city, junction)
        rows, groups = [], []
        for group, light, until_s in sorted(changed):
            values = {
                "source_id": f"{cross_id}/{group}",
                "observed_at": t_s + drift_s,
                "junction_id": cross_id,
                "signal_group_no": group,
                "light": SHOWN_LIGHT[light],
                "remaining_s": None if until_s is None else until_s - t_s,
                "control_mode": MODES[mode],
                "plan_no": plan,
                "cycle_s": cycle_s,
                "clock_offset_s": received_s - t_s - drift_s,
            }
            rows.append(Origin(junction, lon, lat, t_s, values=values))
            groups.append(
                {
                    "SignalGroupNo": str(group),
                    "LampStatus": LAMP_STATUS[light],
                    "RemainTime": "" if until_s is None else str(round(until_s - t_s)),
                }
            )
        record = {
            "CrossID": cross_id,
            "ControlMode": mode,
            "PlanNo": str(plan),
            "LastCycleLen": "" if cycle_s is None else str(round(cycle_s)),
            "LampStatusTime": _to_the_millisecond(city, t_s + drift_s),
            "ReceiveTime": _epoch_ms(city, received_s),
            "SignalGroupStatusList": {"SignalGroupStatus": groups},
        }
        one = Shown(f"{cross_id}@{t_s}", t_s + 1.0, t_s + drift_s, record, rows[0])
        records.append(replace(one, rows={"signal_state": tuple(rows)}))
    return with_faults(city, LIGHTS, sorted(records, key=lambda one: (one.stamp_s, one.record_id)))


@once_per_city
def cross_traffic(city: City) -> View:
    """CrossTrafficData: per crossing and five minutes, what the loops of its lanes counted."""
    draws = city.draws(PLATFORM, "cross_traffic")
    assets = {
        asset: (edge, lane_no)
        for asset, kind, edge, lane_no in rows_of(city.truth.assets, "asset", "kind", "edge", "lane_no")
        if kind == "detector"
    }
    counted: dict[tuple[int, str], list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    columns = ("asset", "interval_end_s", "vehicle_count", "speed_mps", "occupancy", "headway_s")
    for asset, end_s, count, speed_mps, occupancy, headway_s in rows_of(city.truth.detector_flow, *columns):
        junction, number = lane_numbers(city).get(assets[asset], (None, 0))
        if junction is not None:
            told = {"count": count, "speed_mps": speed_mps, "occupancy": occupancy, "headway_s": headway_s}
            counted[end_s, junction].append((number, told))
    records = []
    for (end_s, junction), told_of in sorted(counted.items()):
        cross_id = cross_ids(city)[junction]
        rows, data = [], []
        for number, lane_told in sorted(told_of, key=lambda one: one[0]):
            length_m = VEHICLE_LENGTH_M[0] + draws.one("length", junction, number) * (
                VEHICLE_LENGTH_M[1] - VEHICLE_LENGTH_M[0]
            )
            values, on_wire = _lane_data(cross_id, number, end_s, lane_told, length_m)
            rows.append(Origin(junction, *_place(city, junction), float(end_s - INTERVAL_S), values=values))
            data.append(on_wire)
        record = {
            "CrossID": cross_id,
            "EndTime": beijing_text(city.moment(end_s)),
            "Interval": str(INTERVAL_S),
            "DataList": {"Data": data},
        }
        known_s = end_s + 20.0
        one = Shown(f"{cross_id}@{end_s}", known_s, float(end_s), record, rows[0])
        records.append(replace(one, rows={"traffic_flow": tuple(rows)}))
    return with_faults(city, CROSS_TRAFFIC, sorted(records, key=lambda one: (one.stamp_s, one.record_id)))


@once_per_city
def controller_ids(city: City) -> Mapping[str, str]:
    """Per junction with a signal, its controller's number: 17 digits."""
    return {junction: f"{cross_id[:6]}0000000{cross_id[8:12]}" for junction, cross_id in cross_ids(city).items()}


@once_per_city
def lane_numbers(city: City) -> Mapping[tuple[str, int], tuple[str, int]]:
    """Per edge and lane that leads to a crossing with signals: the junction, and the lane's number there.

    Legs clockwise from north; within a leg from the centre line to the kerb.
    """
    motor = defaultdict(list)
    for edge, lane_no, is_motor in rows_of(city.truth.lanes, "edge", "lane_no", "is_motor"):
        if is_motor:
            motor[edge].append(lane_no)
    found: dict[tuple[str, int], tuple[str, int]] = {}
    for junction, edges in _legs(city).items():
        if junction not in cross_ids(city):
            continue
        lanes = [(edge, lane_no) for edge in edges for lane_no in sorted(motor[edge])]
        found |= {lane: (junction, number) for number, lane in enumerate(lanes, start=1)}
    return found


def drift_of(city: City, junction: str) -> float:
    """Seconds by which the controller's clock is ahead: whole milliseconds."""
    return round(DRIFT_S * (2 * city.draws(PLATFORM, "lights").one("drift", junction) - 1), 3)


def _lane_data(
    cross_id: str, number: int, end_s: int, told: Mapping[str, Any], length_m: float
) -> tuple[dict[str, Any], dict[str, str]]:
    """What a row should say of one lane and period, and what the wire says."""
    flow_vph = told["count"] * 3600 / INTERVAL_S
    speed_mps, headway_s = told["speed_mps"], told["headway_s"]
    is_moving = speed_mps is not None and speed_mps > 0.1
    density_vpkm = flow_vph / (speed_mps * 3.6) if is_moving else None
    headway_m = speed_mps * headway_s if is_moving and headway_s is not None else None
    values = {
        "source_id": f"{cross_id}/{number}",
        "observed_at": float(end_s - INTERVAL_S),
        "period_start": float(end_s - INTERVAL_S),
        "period_end": float(end_s),
        "target_kind": "lane",
        "target_id": cross_id,
        "lane_no": number,
        "flow_vph": flow_vph,
        "speed_mps": speed_mps,
        "occupancy": told["occupancy"],
        "density_vpkm": density_vpkm,
        "headway_s": headway_s,
        "headway_m": headway_m,
    }
    wire = {
        "LaneNo": str(number),
        "Volume": f"{flow_vph:.0f}",
        "AvgVehLen": f"{length_m:.1f}",
        # -1 where nobody passed, as a loop's card has it.
        "Speed": "-1" if speed_mps is None else f"{speed_mps * 3.6:.1f}",
        "Occupancy": f"{told['occupancy'] * 100:.1f}",
        "Density": "-1" if density_vpkm is None else f"{density_vpkm:.1f}",
        "HeadTime": "-1" if headway_s is None else f"{headway_s:.1f}",
        "HeadDistance": "-1" if headway_m is None else f"{headway_m:.1f}",
    }
    return values, wire


@once_per_city
def _cycles(city: City) -> Mapping[str, list[float]]:
    """Per junction with signals, when its cycles began: when its first signal group turned green."""
    found: dict[str, list[float]] = defaultdict(list)
    for junction, group, t_s, light in rows_of(city.truth.signals, "junction", "signal_group", "t_s", "light"):
        if group == 1 and light.endswith("green") and t_s > 0:
            found[junction].append(t_s)
    return found


def _to_the_millisecond(city: City, t_s: float) -> str:
    moment = city.moment(round(t_s, 3))
    return f"{beijing_text(moment)}.{round(moment.microsecond / 1000):03d}"


def _epoch_ms(city: City, t_s: float) -> str:
    """As the platform's own servers write times, where everything around them is civil time."""
    return str(round(city.moment(round(t_s, 3)).timestamp() * 1000))


@once_per_city
def _legs(city: City) -> Mapping[str, list[str]]:
    """Per junction, the edges that lead to it, clockwise from the northern leg."""
    found: dict[str, list[str]] = defaultdict(list)
    for edge, junction in rows_of(city.truth.edges, "edge", "to_junction"):
        found[junction].append(edge)
    return {
        junction: sorted(edges, key=lambda edge: ((headings(city)[edge] + 180 + 22.5) % 360, edge))
        for junction, edges in found.items()
    }


@once_per_city
def _places(city: City) -> Mapping[str, tuple[float, float]]:
    return {name: (lon, lat) for name, lon, lat in rows_of(city.truth.junctions, "junction", "lon", "lat")}


def _place(city: City, junction: str) -> tuple[float, float]:
    return _places(city)[junction]


def _grade(city: City, edges: list[str]) -> str:
    """CrossGrade by the two most important streets that meet."""
    ranks = sorted({streets(city)[edge][0]: RANKS[streets(city)[edge][2]] for edge in edges}.values())[:2]
    return {(1, 1): "11", (1, 2): "12", (1, 3): "13", (2, 2): "21", (2, 3): "22", (3, 3): "31"}.get(
        (ranks[0], ranks[-1]), "99"
    )


def _changed(city: City, drawn: float) -> Any:
    """When an entry was last touched: up to two years before the recording, a whole minute."""
    return city.recording_start - timedelta(minutes=60 + round(1e6 * drawn))
