"""What the police platform keeps of enforcement: violations with people's data, control measures, and its devices.

Pinyin fields, Beijing time and GCJ-02, as public integrations of the national police systems have them. Everyone named
is invented.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np

from citysim.clock import BEIJING, beijing_text
from citysim.draws import keys_of
from citysim.faults import Weaknesses, as_text, one_of, whole
from citysim.plates import Plate, identity_number, mobile_number, plate
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.police_places import (
    LEGS,
    PLATFORM,
    chainage_m,
    coordinates,
    cross_ids,
    crossing_names,
    headings,
    leg,
    lines,
    streets,
)

SPEED_SIGMA = 0.01
"""Of a measured speed, relative."""
CLOCK_SIGMA_S = 0.4
DEVICE_SIGMA_M = 3.0
CONTROL_SIGMA_M = 8.0
UNREAD_SHARE = 0.02
SETTLED_SHARE = 0.03
FIFTH_DIGIT_SHARE = 0.3
"""Of the violations, those whose code carries a fifth, local digit."""

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
DEVICE_KINDS = {"checkpoint": "1", "enforcement_camera": "2", "camera": "3"}
"""sblx of the truth's kinds of assets; the platform lists no others."""
DEVICE_STATES = {"1": "online", "2": "fault", "3": "offline"}
VEHICLE_TYPES = {"passenger": "K33", "truck": "H11", "bus": "K11"}
SPEEDING = ((0.7, "1722"), (0.5, "1721"), (0.2, "1636"), (0.0, "1352"))
"""How far beyond the limit, as a share of it, and the code (GA/T 408.1) from there on."""
CONTROL_KINDS = {"closure": "1", "lane_ban": "2", "truck_ban": "3", "bus_lane": "6", "one_way": "7", "speed_limit": "8"}
"""gzlx: 1 to 3 as a sibling data set has them, 6 to 8 this city's own."""
CONTROL_WORDS = {
    "closure": "道路封闭施工",
    "lane_ban": "车道封闭",
    "truck_ban": "货车禁行",
    "bus_lane": "公交专用道",
    "one_way": "单行",
    "speed_limit": "施工限速",
}
PLATE_COLOURS = {"0": "white", "1": "yellow", "2": "blue", "3": "black", "4": "green"}


def _bad_time(random: Random, old: Any) -> str:
    return random.choice(("2026-13-45 25:61:61", "0000-00-00 00:00:00", "9999-99-99 99:99:99", "2026-02-30 08:00:00"))


def _bad_place(random: Random, old: Any) -> str:
    x, y, *_ = str(old).split(",")
    return f"{x},{y},{random.randint(181, 999)}.{random.randint(0, 999999)},{random.randint(91, 999)}.5"


_NO_PLACE = (",,,", "0,0,0,0", "-")
_NO_DISTRICT = ("000000", "-")
_ODD_DISTRICT = one_of("990000", "509999", "000001")

VIOLATIONS = Weaknesses(
    stream="violations",
    fields=("wfbh", "wfsj", "wfxw", "gxsj", "scz", "bzz", "hpzl", "hpys", "clbj", "lddm", "ddms"),
    sentinels={
        "wfsj": ("1900-01-01 00:00:00", "-"),
        "scz": ("-1", "-"),
        "bzz": ("-1", "-"),
        "hpzl": ("-",),
        "hphm": ("-", "000000", "无牌", "未识别"),
    },
    impossible={
        "wfsj": _bad_time,
        "gxsj": _bad_time,
        "scz": as_text(whole((400, 9999), (-999, -2))),
        "bzz": as_text(whole((200, 9999), (-999, -2))),
    },
    codes={
        "wfxw": as_text(whole((2000, 9999))),
        "hpzl": as_text(whole((60, 98))),
        "hpys": as_text(whole((6, 8))),
        "cllx": one_of("Z01", "C99", "K00"),
    },
    is_text=True,
)
CONTROLS = Weaknesses(
    stream="controls",
    fields=("gzbh", "gzlx", "kssj", "jssj", "gxsj", "qdgls", "qdms", "zdgls", "zdms", "xs", "dzzb", "xzqh"),
    sentinels={
        "kssj": ("1900-01-01 00:00:00", "-"),
        "dzzb": _NO_PLACE,
        "xs": ("-1", "-"),
        "xzqh": _NO_DISTRICT,
    },
    impossible={"kssj": _bad_time, "gxsj": _bad_time, "dzzb": _bad_place, "xs": as_text(whole((200, 999), (-99, -2)))},
    codes={"gzlx": as_text(whole((20, 99))), "xzqh": _ODD_DISTRICT},
    is_text=True,
)
DEVICES = Weaknesses(
    stream="devices",
    fields=("sbbh", "sblx", "sbzt", "dzzb", "xzqh", "cdh", "jtzxjl", "gxsj"),
    sentinels={"dzzb": _NO_PLACE, "xzqh": _NO_DISTRICT, "jtzxjl": ("-1", "-")},
    impossible={"dzzb": _bad_place, "gxsj": _bad_time, "jtzxjl": as_text(whole((300000, 9999999), (-999, -2)))},
    codes={"sblx": as_text(whole((20, 99))), "sbzt": as_text(whole((20, 99))), "xzqh": _ODD_DISTRICT},
    is_text=True,
)


@once_per_city
def violations(city: City) -> View:
    """Every violation that a device recorded in this half hour, by the time at which it was let through."""
    draws, devices = city.draws(PLATFORM, "violations"), _device_numbers(city)
    kind_of = dict(rows_of(city.truth.participants, "participant", "kind"))
    columns = rows_of(
        city.truth.violations, "violation", "kind", "t_s", "participant", "asset", "junction", "edge", "lane_no",
        "speed_mps", "limit_mps", "lon", "lat",
    )  # fmt: skip
    found = sorted(columns, key=lambda row: (row[2], row[0]))
    records = []
    for serial, row in enumerate(found, start=1 + city.lap * len(found)):
        name, kind, t_s, participant, asset, junction, edge, lane_no, speed_mps, limit_mps, lon, lat = row
        random = draws.sequence("record", name)
        known_s = round(t_s + 60 + 240 * draws.one("let through", name))
        seen_s = t_s + CLOCK_SIGMA_S * draws.one_normal("clock", name)
        street, district, _ = streets(city).get(edge) or streets(city)[junction]
        along_m = chainage_m(city, street, lon, lat)
        measured_mps = speed_mps * (1 + SPEED_SIGMA * draws.one_normal("speed", name))
        is_speeding = kind == "speeding"
        code = _speeding_code(measured_mps, limit_mps) if is_speeding else "1625"
        shown_plate = plate_of(city, participant, kind_of[participant])
        is_unread = draws.one("unread", name) < UNREAD_SHARE
        is_settled = draws.one("settled", name) < SETTLED_SHARE
        side = LEGS[leg(headings(city)[edge])]
        place = f"{crossing_names(city)[junction]}{side}进口"
        moment = city.moment(round(seen_s))
        number = f"{district}{moment.astimezone(BEIJING):%Y%m%d}{serial:06d}"
        identity = identity_number(random, district)
        values = {
            "source_id": number,
            "observed_at": seen_s,
            "updated_at": float(known_s),
            "violation_code": code,
            "measured_speed_mps": measured_mps if is_speeding else None,
            "limit_speed_mps": limit_mps if is_speeding else None,
            "device_id": devices[asset],
            "place_code": _place_codes(city)[junction],
            "road_name": place,
            "linear_ref_m": float(along_m),
            "plate_kind": "41" if is_unread else shown_plate.kind,
            "plate_colour": None if is_unread else PLATE_COLOURS[shown_plate.colour],
            "vehicle_type": VEHICLE_TYPES.get(kind_of[participant], "X99"),
            "is_settled": is_settled,
        }
        record = {
            "wfbh": number,
            "hphm": random.choice(("-", "未识别")) if is_unread else shown_plate.text,
            "hpzl": values["plate_kind"],
            "hpys": "" if is_unread else shown_plate.colour,
            "cllx": values["vehicle_type"],
            "dsr": random.choice(SURNAMES)
            + random.choice(("伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋")),
            "sfzmhm": identity,
            "jszh": identity,
            "dh": mobile_number(random),
            "zpdz": f"/zp/{moment.astimezone(BEIJING):%Y%m%d}/{number}.jpg",
            "wfsj": beijing_text(moment) + (".0" if random.random() < 0.2 else ""),
            "wfdd": values["place_code"],
            "wfdz": place,
            "lddm": str(along_m // 1000),
            "ddms": str(along_m % 1000),
            "wfxw": code + ("0" if random.random() < FIFTH_DIGIT_SHARE else ""),
            "scz": str(round(measured_mps * 3.6)) if is_speeding else "0",
            "bzz": str(round(limit_mps * 3.6)) if is_speeding else "0",
            "sbbh": devices[asset],
            "cjjg": f"{district}000000",
            "fxlx": side,
            "cdh": str(lane_no or ""),
            "clbj": "1" if is_settled else "0",
            "jkbj": "1" if is_settled else "0",
            "xzqh": district,
            "gxsj": beijing_text(city.moment(known_s)) + ".0",
        }
        origin = Origin(name, lon, lat, t_s, values=values)
        records.append(Shown(number, float(known_s), float(known_s), record, origin))
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, VIOLATIONS, records)


@once_per_city
def controls(city: City) -> View:
    """Every control measure that stands in the book, by number; some begin only later."""
    draws = city.draws(PLATFORM, "controls")
    columns = rows_of(
        city.truth.controls, "control", "kind", "edge", "from_s", "to_s", "time_of_day", "lanes", "limit_mps"
    )
    records = []
    for name, kind, edge, from_s, to_s, hours, lanes, limit_mps in columns:
        street, district, _ = streets(city)[edge]
        lon, lat = lines(city)[edge]
        ends = sorted(chainage_m(city, street, lon[place], lat[place]) for place in (0, -1))
        east, north = (CONTROL_SIGMA_M * draws.one_normal(axis, name) for axis in ("east", "north"))
        written_s = min(from_s, 0) - 60 * round(10 + 600 * draws.one("written", name))
        start, end = city.moment(from_s), None if to_s is None else city.moment(to_s)
        number = f"GZ{district}{name.removeprefix('G'):0>6}"
        values = {
            "source_id": number,
            "observed_at": float(from_s),
            "valid_from": float(from_s),
            "valid_to": None if to_s is None else float(to_s),
            "updated_at": float(written_s),
            "admin_code": district,
            "control_kind": kind,
            "time_of_day": hours,
            "road_name": street,
            "linear_from_m": float(ends[0]),
            "linear_to_m": float(ends[1]),
            "speed_limit_mps": limit_mps,
            "lanes": lanes,
        }
        record = {
            "gzbh": number,
            "gzlx": CONTROL_KINDS[kind],
            "lm": street,
            "qdgls": str(ends[0] // 1000),
            "qdms": str(ends[0] % 1000),
            "zdgls": str(ends[1] // 1000),
            "zdms": str(ends[1] % 1000),
            # Typed by hand: a share without the zeros that fill up months and hours.
            "kssj": _unpadded(beijing_text(start)) if draws.one("unpadded", name) < 0.3 else beijing_text(start),
            "jssj": "长期" if end is None else beijing_text(end),
            "sd": hours or "",
            "cd": lanes or "",
            "xs": "" if limit_mps is None else str(round(limit_mps * 3.6)),
            "gzsm": f"{street}{CONTROL_WORDS[kind]}",
            "dzzb": coordinates(city, lon[0], lat[0], east, north),
            "xzqh": district,
            "gxsj": beijing_text(city.moment(written_s)),
        }
        origin = Origin(name, lon[0], lat[0], float(from_s), (east, north), values)
        records.append(Shown(number, -math.inf, float(written_s), record, origin))
    return with_faults(city, CONTROLS, sorted(records, key=lambda one: one.record_id))


@once_per_city
def devices(city: City) -> View:
    """Checkpoints, enforcement cameras and watching cameras, by number."""
    draws, numbers = city.draws(PLATFORM, "devices"), _device_numbers(city)
    district_of = dict(rows_of(city.truth.junctions, "junction", "district_code"))
    columns = rows_of(
        city.truth.assets, "asset", "kind", "name_zh", "junction", "lane_no", "stop_line_distance_m", "lon", "lat"
    )
    records = []
    for asset, kind, name, junction, lane_no, distance_m, lon, lat in columns:
        if kind not in DEVICE_KINDS:
            continue
        east, north = (DEVICE_SIGMA_M * draws.one_normal(axis, asset) for axis in ("east", "north"))
        state = "1" if (fate := draws.one("state", asset)) < 0.95 else "2" if fate < 0.98 else "3"
        changed = city.recording_start - timedelta(minutes=round(1e6 * draws.one("changed", asset)) + 60)
        cross_id = cross_ids(city).get(junction)
        values = {
            "source_id": numbers[asset],
            "observed_at": changed,
            "facility_kind": kind,
            "name": name,
            "serial_no": numbers[asset],
            "facility_state": DEVICE_STATES[state],
            "junction_id": cross_id,
            "lane_no": lane_no,
            "stop_line_distance_m": distance_m,
            "admin_code": district_of[junction],
        }
        record = {
            "sbbh": numbers[asset],
            "sbmc": name,
            "sblx": DEVICE_KINDS[kind],
            "lkbh": cross_id or "",
            "cdh": "" if lane_no is None else str(lane_no),
            # Centimetres, as GA/T 1049.2 counts the way to the stop line.
            "jtzxjl": "" if distance_m is None else str(round(distance_m * 100)),
            "sbzt": state,
            "dzzb": coordinates(city, lon, lat, east, north),
            "xzqh": district_of[junction],
            "gxsj": beijing_text(changed),
        }
        origin = Origin(asset, lon, lat, noise_m=(east, north), values=values)
        records.append(Shown(numbers[asset], -math.inf, 0.0, record, origin))
    return with_faults(city, DEVICES, sorted(records, key=lambda one: one.record_id))


def plate_of(city: City, participant: int, kind: str) -> Plate:
    """The plate of a vehicle: the same whenever it is seen."""
    random = city.draws(PLATFORM, "violations").sequence("plate", participant)
    return plate(random, city.plate_prefix, is_heavy=kind in ("truck", "bus"))


def plates_in_violations(city: City) -> frozenset[str]:
    """Every number plate that stands in the records of violations."""
    kind_of = dict(rows_of(city.truth.participants, "participant", "kind"))
    seen = city.truth.violations.column("participant").to_pylist()
    shown = {one.record.get("hphm") for one in violations(city).shown}
    return frozenset(plate_of(city, one, kind_of[one]).text for one in seen) & shown


def people_in_violations(city: City) -> frozenset[str]:
    """Every identity, licence and telephone number that stands in the records of violations."""
    records = [one.record for one in violations(city).shown]
    return frozenset(record[name] for record in records for name in ("sfzmhm", "dh"))


@once_per_city
def _device_numbers(city: City) -> Mapping[str, str]:
    """Per asset, sbbh: twelve digits with a zero in front, which spreadsheets lose."""
    district_of = dict(rows_of(city.truth.junctions, "junction", "district_code"))
    assets = [row for row in rows_of(city.truth.assets, "asset", "kind", "junction") if row[1] in DEVICE_KINDS]
    bits = city.draws(PLATFORM, "devices").bits("number", keys_of(asset for asset, _, _ in assets))
    ranks = np.argsort(np.argsort(bits)).tolist()
    return {
        asset: f"0{district_of[junction]}{rank + 1:05d}"
        for (asset, _, junction), rank in zip(assets, ranks, strict=True)
    }


@once_per_city
def _place_codes(city: City) -> Mapping[str, str]:
    """Per junction, wfdd: the five-digit code under which the police file what happens there."""
    names = city.truth.junctions.column("junction").to_pylist()
    ranks = np.argsort(np.argsort(city.draws(PLATFORM, "violations").bits("place", keys_of(names)))).tolist()
    return {name: f"6{rank + 1:04d}" for name, rank in zip(names, ranks, strict=True)}


def _speeding_code(speed_mps: float, limit_mps: float) -> str:
    beyond = speed_mps / limit_mps - 1
    return next((code for share, code in SPEEDING if beyond >= share), SPEEDING[-1][1])


def _unpadded(text: str) -> str:
    """2026-03-05 08:04:03 as 2026/3/5 8:4:3."""
    day, _, time = text.partition(" ")
    return (
        "/".join(str(int(part)) for part in day.split("-")) + " " + ":".join(str(int(part)) for part in time.split(":"))
    )
