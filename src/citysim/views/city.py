"""What every view starts from, and the shape in which it answers."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from citysim.draws import Draws
from citysim.faults import Fault, Weaknesses, chosen_for, damage
from citysim.planes import CityPlane
from citysim.truth import Truth

GEOID_SEPARATION_M = -38.0
"""Height above the ellipsoid minus height above the 1985 datum; one plausible figure for the whole small city."""

PLATFORMS = ("cloud_control", "traffic_safety", "transport_info", "cim")
STANDARD = "standard"

PLANES_KEPT = 24

Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class City:
    """One city as its platforms see it: the truth, the seed of their noise, and the date.

    Compared by identity, so that a view can be computed once per city and kept.
    """

    truth: Truth
    seed: int
    recording_start: datetime
    """The aware moment of the recording's first second."""
    fault_share: float = 0.005
    """Share of the records on the wire that are made bad; 0 for none."""
    is_all_sensing: bool = False
    """True when every RSU has sensing, not only those of the recording."""
    hz: int = 1
    """RSM frames a second."""
    code: str = "500000"
    """GB/T 2260."""
    name_zh: str = "重庆市"
    variants: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(PLATFORMS, STANDARD))
    """Platform -> the dialect it speaks here: "standard", or another one of the platform's own (cloud_control
    "device", traffic_safety "gat1049", transport_info "vendor", cim "northing_easting" or "zone_prefixed")."""
    gk_epsg: int = 4545
    """EPSG code of the three-degree zone of CGCS2000 that the city lies in, without the zone before the easting."""
    plate_prefix: str = "渝"
    """The province's character, and the letter after it where the city has one of its own."""
    lap: int = 0
    """How often the recording has been shown before; events are numbered on from there. See `citysim.laps`."""

    @property
    def is_derived(self) -> bool:
        """Whether its traffic is that of another city's recording."""
        return "derived" in self.truth.manifest

    def draws(self, platform: str, stream: str) -> Draws:
        """The draws of one stream."""
        return Draws(self.seed, platform, stream)

    def moment(self, t_s: float) -> datetime:
        """The aware moment of second `t_s` of the recording."""
        return self.recording_start + timedelta(seconds=t_s)

    def plane(self) -> CityPlane:
        """The city's own metres."""
        return _plane(*self.truth.origin)


@functools.lru_cache(maxsize=PLANES_KEPT)
def _plane(lon: float, lat: float) -> CityPlane:
    return CityPlane(lon, lat)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a shown record comes from: for tests and scoring, never on the wire."""

    truth_id: str | None
    """Id in the truth's table (RSU, participant, accident, section, edge, junction); null if only the view knows it."""
    lon: float
    """WGS-84 degrees; of a line, its first vertex. NaN where the platform shows no place."""
    lat: float
    t_s: float | None = None
    """Seconds from the recording's first second at which it was so; null for what does not move."""
    noise_m: tuple[float, float] | None = None
    """Metres east and north that the platform added to the position."""
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What a published row should say: field of the base dataset -> value, in the dataset's unit and codes.

    The truth plus the noise that the platform drew, before the wire's rounding. A time is a number, in seconds of the
    recording, or an aware datetime; `geometry` is a list of (longitude, latitude), WGS-84; null where the platform says
    nothing. Fields that are left out are not looked at.
    """


@dataclass(frozen=True, slots=True)
class Shown:
    """One record as a platform shows it."""

    record_id: str
    known_s: float
    """Second of the recording from which the platform shows it; minus infinity for always."""
    stamp_s: float
    """Second of the recording by which the platform filters and sorts it."""
    record: dict[str, Any]
    origin: Origin
    fault: Fault | None = None
    rows: Mapping[str, tuple[Origin, ...]] = field(default_factory=dict, hash=False)
    """Base dataset -> the rows that the record becomes there, where these are not one row told by `origin`."""


@dataclass(frozen=True, slots=True)
class View:
    """All records of one stream in the order of the platform, bad ones included."""

    stream: str
    shown: tuple[Shown, ...]
    faults: tuple[Fault, ...]

    def origins(self) -> Mapping[str, Origin]:
        """Per record id, the truth it came from."""
        return {one.record_id: one.origin for one in self.shown}


def with_faults(city: City, weak: Weaknesses, records: Sequence[Shown]) -> View:
    """The view in which the city's share of `records` has been made bad. A duplicate follows its first copy."""
    record_ids = [one.record_id for one in records]
    chosen = chosen_for(city.seed, weak.stream, record_ids, city.fault_share, kinds=weak.kinds())
    shown, faults = [], []
    for one in records:
        kind = chosen.get(one.record_id)
        if kind is None:
            shown.append(one)
            continue
        record, fault = damage(city.seed, weak, one.record_id, kind, one.record)
        faults.append(fault)
        shown.append(replace(one, record=record, fault=fault))
        if kind == "duplicate":
            shown.append(replace(one, record=record))
    return View(weak.stream, tuple(shown), tuple(faults))


def once_per_city(compute: Callable[[City], Answer]) -> Callable[[City], Answer]:
    """Keeps what `compute` found for as long as the city itself is kept; safe when several services ask at once.

    What it found must not hold the city, or both would stay for ever.
    """
    lock = Lock()
    known: WeakKeyDictionary[City, Answer] = WeakKeyDictionary()

    @functools.wraps(compute)
    def kept(city: City) -> Answer:
        with lock:
            if city not in known:
                known[city] = compute(city)
            return known[city]

    return kept


def rows_of(table: Any, *names: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a pyarrow table as tuples of the named columns."""
    return zip(*(table.column(name).to_pylist() for name in names), strict=True)
