"""Accidents as the police platform lists them: pinyin fields, Beijing time, GCJ-02, and people's data in plain sight.

Field names and code lists follow public integrations of the national police systems. Everyone named is invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from citysim.clock import beijing_text
from citysim.draws import Draws, keys_of
from citysim.faults import Weaknesses, as_text, one_of, whole
from citysim.plates import Plate, identity_number, mobile_number, plate
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.police_places import PLATFORM, chainage_m, coordinates, crossing_names, streets
from citysim.views.police_records import people_in_violations, plates_in_violations
from citysim.views.sensing import REACH_M

SIGMA_M = 8.0
TIME_SIGMA_S = 20.0
UNREPORTED_SHARE = 0.10
REVISED_SHARE = 0.15
MINOR_COUNT = 25
"""Scrapes elsewhere in the city that no camera saw, so that half an hour does not fit in one answer."""

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
ROAD_TYPES = {"urban_expressway": "21", "arterial": "22", "sub_arterial": "22", "branch": "22"}


def _bad_time(random: Random, old: Any) -> str:
    return random.choice(("2026-13-45 25:61:61", "0000-00-00 00:00:00", "9999-99-99 99:99:99", "2026-02-30 08:00:00"))


def _bad_place(random: Random, old: Any) -> str:
    x, y, *_ = str(old).split(",")
    return f"{x},{y},{random.randint(181, 999)}.{random.randint(0, 999999)},{random.randint(91, 999)}.5"


ACCIDENTS = Weaknesses(
    stream="accidents",
    fields=("sgbh", "xzqh", "sgfssj", "swrs", "ssrs", "zsrs", "qsrs", "zjccss", "dzzb", "gxsj", "tq", "sgxt"),
    sentinels={
        "dzzb": (",,,", "0,0,0,0", "-"),
        "zjccss": ("-1", "-"),
        "ssrs": ("-1", "-"),
        "tq": ("0", "-"),
        "xzqh": ("000000", "-"),
        "sgfssj": ("1900-01-01 00:00:00", "-"),
    },
    impossible={
        "sgfssj": _bad_time,
        "dzzb": _bad_place,
        "ssrs": as_text(whole((1000, 99999), (-99, -2))),
        "swrs": as_text(whole((1000, 99999), (-99, -2))),
        "zjccss": as_text(whole((-99999, -2))),
    },
    codes={
        "tq": as_text(whole((20, 99))),
        "sgxt": as_text(whole((40, 99))),
        "sfty": as_text(whole((4, 8))),
        "jllx": as_text(whole((4, 8))),
        "xzqh": one_of("990000", "509999", "000001"),
    },
    is_text=True,
)


@dataclass(frozen=True, slots=True)
class _Event:
    """An accident before anybody wrote it down."""

    name: str
    """The truth's id, or a name of this view's own for a minor one."""
    truth_id: str | None
    t_s: float
    lon: float
    lat: float
    edge: str
    junction: str | None
    kinds: tuple[str, ...]
    """Kinds of the participants, first party first."""


@dataclass(frozen=True, slots=True)
class _Report:
    """An accident as first written down, and the personal data in it."""

    shown: Shown
    plates: tuple[str, ...]
    people: tuple[str, ...]
    """Identity numbers, licence numbers and telephone numbers."""


@once_per_city
def accidents(city: City) -> View:
    """Every accident record the platform will ever show in this half hour, revisions included, by update time.

    A record is visible from its own gxsj on, and until a later revision of the same sgbh is visible.
    """
    records: list[Shown] = []
    for report in _reports(city):
        records.append(report.shown)
        records += _revision(city, report.shown)
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, ACCIDENTS, records)


def truth_of(city: City, stream: str = "accidents") -> Mapping[str, Origin]:
    """Per record id (sgbh@gxsj), the accident it reports; truth_id is null for the minor ones."""
    return accidents(city).origins()


def plates_shown(city: City) -> frozenset[str]:
    """Every number plate that the platform shows anywhere, in a field or in a narrative, of accidents or violations."""
    return frozenset(text for report in _reports(city) for text in report.plates) | plates_in_violations(city)


def people_shown(city: City) -> frozenset[str]:
    """Every identity, licence and telephone number that the platform shows anywhere."""
    return frozenset(text for report in _reports(city) for text in report.people) | people_in_violations(city)


@once_per_city
def _reports(city: City) -> tuple[_Report, ...]:
    draws = city.draws(PLATFORM, "accidents")
    happened = _true_events(city)
    # By rank and not by chance for each: with some twenty accidents, chance alone often leaves none out.
    ranks = draws.bits("unreported", keys_of(event.name for event in happened))
    reported = np.argsort(ranks)[round(UNREPORTED_SHARE * len(happened)) :].tolist()
    events = [*(happened[place] for place in reported), *_minor_events(city, draws)]
    known = {event.name: round(event.t_s + 60 + 240 * draws.one("late", event.name)) for event in events}
    events.sort(key=lambda event: (known[event.name], event.name))
    return tuple(
        _report(city, draws, event, known[event.name], serial)
        for serial, event in enumerate(events, start=401 + city.lap * len(events))
    )


def _true_events(city: City) -> list[_Event]:
    kind_of = dict(rows_of(city.truth.participants, "participant", "kind"))
    columns = rows_of(city.truth.accidents, "accident", "t_s", "lon", "lat", "edge", "junction", "participants")
    return [
        _Event(name, name, t_s, lon, lat, edge, junction, tuple(kind_of[one] for one in participants))
        for name, t_s, lon, lat, edge, junction, participants in columns
    ]


def _minor_events(city: City, draws: Draws) -> list[_Event]:
    """Scrapes in the middle of streets that no sensing RSU reaches."""
    plane = city.plane()
    edges = list(rows_of(city.truth.edges, "edge", "lon", "lat"))
    middles = [_middle(lon, lat) for _, lon, lat in edges]
    x, y = plane.to_metres(np.array([lon for lon, _ in middles]), np.array([lat for _, lat in middles]))
    rsus = [row for row in rows_of(city.truth.rsus, "lon", "lat", "has_sensing") if row[2] or city.is_all_sensing]
    rsu_x, rsu_y = plane.to_metres(np.array([row[0] for row in rsus]), np.array([row[1] for row in rsus]))
    distance = np.hypot(x[:, None] - rsu_x[None, :], y[:, None] - rsu_y[None, :]).min(axis=1, initial=np.inf)
    # With every RSU sensing there may be no such street; then the streets farthest from one must do.
    outside = np.flatnonzero(distance > REACH_M + 30.0)
    if len(outside) < MINOR_COUNT:
        outside = np.argsort(-distance)[:MINOR_COUNT]
    events = []
    for number in range(MINOR_COUNT):
        place = int(outside[int(draws.one("minor place", number) * len(outside))])
        t_s = draws.one("minor time", number) * (city.truth.duration_s - 1)
        lon, lat = middles[place]
        kinds = ("passenger", "passenger") if draws.one("minor kind", number) < 0.7 else ("passenger", "bicycle")
        events.append(_Event(f"minor/{number:02d}", None, t_s, lon, lat, edges[place][0], None, kinds))
    return events


def _report(city: City, draws: Draws, event: _Event, known_s: int, serial: int) -> _Report:
    random = draws.sequence("report", event.name)
    street, district, road_class = _street(city, event)
    east, north = SIGMA_M * draws.one_normal("east", event.name), SIGMA_M * draws.one_normal("north", event.name)
    happened_s = min(event.t_s + TIME_SIGMA_S * draws.one_normal("time", event.name), known_s - 30.0)
    along_m = chainage_m(city, street, event.lon, event.lat)
    place = f"{street}{along_m // 1000}公里{along_m % 1000}米"
    if event.junction is not None and random.random() < 0.5:
        place = f"{crossing_names(city)[event.junction]}附近"
    first = plate(random, city.plate_prefix, is_heavy=event.kinds[:1] in (("truck",), ("bus",)))
    second = plate(random, city.plate_prefix)
    identity, phone = identity_number(random, district), mobile_number(random)
    injured = random.choices((0, 1, 2), weights=(7, 2, 1))[0] if event.truth_id else 0
    story, story_plates, story_people = _story(random, event, street, first, second, phone)
    number = f"{district}5{city.moment(known_s).year}{serial:05d}"
    updated = beijing_text(city.moment(known_s)) + ".0"
    record = {
        "sgbh": number,
        "xzqh": district,
        # A share of the records went through a database column that adds a fraction.
        "sgfssj": beijing_text(city.moment(round(happened_s))) + (".0" if random.random() < 0.2 else ""),
        "lh": str(10000 + draws.sequence("road number", street).randint(100, 999)),
        "lm": street,
        "gls": str(along_m // 1000),
        "ms": str(along_m % 1000),
        "sgdd": place,
        "jyaq": story,
        "tq": "2",
        "sgxt": "21" if "pedestrian" in event.kinds else "11" if len(event.kinds) > 1 else "35",
        "cljsg": random.choice(("1", "1", "5", "6", "7")),
        "dllx": ROAD_TYPES[road_class],
        "swrs": "0",
        "swrs30": "0",
        "ssrs": str(injured),
        "zsrs": "0",
        "qsrs": str(injured),
        "zjccss": str(random.randint(3, 180) * 100),
        "sfty": random.choices(("1", "2", "3"), weights=(94, 5, 1))[0],
        "jllx": "1" if injured == 0 else "3",
        "hphm": first.text,
        "hpzl": first.kind,
        "hpys": first.colour,
        "sfzmhm": identity,
        "jszh": identity,
        "lxdh": phone,
        "dzzb": coordinates(city, event.lon, event.lat, east, north),
        "glbm": f"{district}000000",
        "gxsj": updated,
    }
    values = {
        "source_id": number,
        "observed_at": happened_s,
        "started_at": happened_s,
        "updated_at": float(known_s),
        "event_kind": "accident",
        "admin_code": district,
        "road_name": street,
        "linear_ref_m": float(along_m),
        "deaths_on_scene": 0,
        "deaths_30d": 0,
        "injured": injured,
        "collision_kind": record["sgxt"],
        "weather": "overcast",
        "property_loss_cny": float(record["zjccss"]),
    }
    origin = Origin(event.truth_id, event.lon, event.lat, event.t_s, (east, north), values)
    shown = Shown(f"{number}@{updated}", float(known_s), float(known_s), record, origin)
    return _Report(shown, (first.text, *story_plates), (identity, phone, *story_people))


def _story(
    random: Random, event: _Event, street: str, first: Plate, second: Plate, phone: str
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The narrative (jyaq), and the second plate and the numbers it gives away."""
    other = {"bicycle": "一辆非机动车", "pedestrian": "一名行人"}.get(event.kinds[1] if len(event.kinds) > 1 else "")
    driver = random.choice(SURNAMES) + random.choice(("某", "某某"))
    style = random.random()
    if style < 0.4:
        return f"车辆在{street}行驶时与{other or '前方车辆'}发生碰撞，造成车辆受损。", (), ()
    if other is None:
        text = f"{driver}驾驶{first.text}号车在{street}与{second.text}号车发生碰撞"
        plates: tuple[str, ...] = (second.text,)
    else:
        text, plates = f"{driver}驾驶{first.text}号车在{street}与{other}发生碰撞", ()
    if style < 0.7:
        return f"{text}，双方报警。", plates, ()
    return f"{text}，驾驶人电话{phone}，现场已拍照。", plates, ()


def _revision(city: City, first: Shown) -> list[Shown]:
    """The later revision of a record, for the few that have one: somebody went to hospital after all."""
    draws = city.draws(PLATFORM, "accidents")
    number = first.record["sgbh"]
    if draws.one("revised", number) >= REVISED_SHARE:
        return []
    known_s = first.known_s + round(120 + 480 * draws.one("revised after", number))
    injured = str(int(first.record["ssrs"]) + 1)
    updated = beijing_text(city.moment(known_s)) + ".0"
    record = {**first.record, "ssrs": injured, "qsrs": injured, "jllx": "3", "gxsj": updated}
    values = {**first.origin.values, "injured": int(injured), "updated_at": float(known_s)}
    origin = replace(first.origin, values=values)
    return [
        replace(first, record_id=f"{number}@{updated}", known_s=known_s, stamp_s=known_s, record=record, origin=origin)
    ]


def _street(city: City, event: _Event) -> tuple[str, str, str]:
    """Street name, district and road class at the accident.

    Inside a junction there is no edge of the map, so a street that meets there gives its name.
    """
    known = streets(city)
    return known.get(event.edge) or known.get(event.junction or "") or next(iter(known.values()))


def _middle(lon: list[float], lat: list[float]) -> tuple[float, float]:
    """The middle of the line's middle piece."""
    place = (len(lon) - 1) // 2
    return (lon[place] + lon[place + 1]) / 2, (lat[place] + lat[place + 1]) / 2
