"""What a raw record means: what `mappings/<platform>/<stream>.yaml` says.

A mapping names one rule per field, from a closed list: no expressions, no templates, nothing that is run. What it does
not state is refused when the registry is read; what a rule cannot read is a finding against the record, never a guess.
Every example on this page is run by a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from hutong.model.declared import Declared, Name, ZoneName
from hutong.model.path import EachText, Level, PathText, read_each, read_path

Scalar = str | int | float | bool | None
Paths = Annotated[list[PathText], Field(min_length=1)]
Pair = tuple[PathText, PathText]
Scale = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _is_told(value: Scalar) -> Scalar:
    if isinstance(value, float) and value != value:
        raise ValueError("NaN equals nothing, and JSON has none")
    return value


class Reads(Declared):
    """What every rule takes that reads the record."""

    missing: list[Annotated[Scalar, AfterValidator(_is_told)]] = []
    """Values by which the platform says "unavailable"; they become null. They are compared by type and value: `-1` is
    `-1.0`, but not `"-1"`. An absent key and JSON null always become null."""
    missing_in_range: bool = False
    """Says that a value in `missing` means "unavailable" although the contract would take it for a measurement, such
    as a speed of 0 where nobody passed. Without this word such a value is refused when the registry is read."""


class Text(Reads):
    """The text as it stands, trimmed. A number is no text: 007 and 7 are one number.

    Example:
        contract: {name: string}
        record: {roadName: " 金开大道 "}
        fields:
          name: {rule: text, from: roadName, missing: ["", "-"]}
        row: {name: 金开大道}

    Example: people are blotted out
        contract: {description: string}
        record: {jyaq: 渝AD12345追尾，电话13800138000}
        fields:
          description: {rule: text, from: jyaq, mask: true}
        row: {description: "***追尾，电话***"}
    """

    rule: Literal["text"]
    from_: PathText = Field(alias="from")
    mask: bool = False
    """Free text that may name people: plates, phone and identity numbers are blotted out."""


class Number(Reads):
    """A number without a unit, such as a count, as the contract's type: 5.0 goes into a whole-number column, 5.5 does
    not.

    Example:
        contract: {vehicle_count: int}
        record: {flow: 186.0}
        fields:
          vehicle_count: {rule: number, from: flow, missing: [-1, 65535]}
        row: {vehicle_count: 186}
    """

    rule: Literal["number"]
    from_: PathText = Field(alias="from")
    as_text: bool = False
    """The platform sends the number as text, as XML and CSV always do. Without it text is refused."""


class Quantity(Reads):
    """A number with a unit, turned into the contract's unit.

    Example: a step of the source, and its mark for unavailable
        contract: {speed_mps: double m/s}
        record: {speed: 722}
        fields:
          speed_mps: {rule: quantity, from: speed, unit: 0.02 m/s, missing: [8191]}
        row: {speed_mps: 14.44}

    Example: a scale, whose classes are numbers in `unit` by a crosswalk
        contract: {position_error_m: double m}
        crosswalks: {position_confidence: {"10": "0.5", "0": unknown}}
        record: {posConfidence: {pos: 10}}
        fields:
          position_error_m: {rule: quantity, from: posConfidence.pos, unit: m, list: position_confidence}
        row: {position_error_m: 0.5}
    """

    rule: Literal["quantity"]
    from_: PathText = Field(alias="from")
    unit: str
    """The source's unit in UCUM, with a factor in front if the step is not one: `0.02 m/s`."""
    as_text: bool = False
    """The platform sends the number as text."""
    list_: Name | None = Field(default=None, alias="list")
    """A crosswalk whose codes are numbers in `unit`, for scales such as an accuracy class."""


class Rate(Reads):
    """A count over a period: `from` divided by `over`, in the contract's unit.

    Example:
        contract: {flow_vph: "double {vehicle}/h"}
        record: {flow: 186, period: 300}
        fields:
          flow_vph: {rule: rate, from: flow, over: period, unit: "{vehicle}/s", missing: [-1]}
        row: {flow_vph: 2232.0}
    """

    rule: Literal["rate"]
    from_: PathText = Field(alias="from")
    over: PathText
    """The period; zero and less are refused."""
    unit: str
    """Unit of the count over the unit of the period: `{vehicle}/s`."""
    as_text: bool = False
    """The platform sends both as text."""


class InstantRule(Reads):
    """What the rules of time take."""

    from_: PathText | Paths = Field(alias="from")
    """One path; two for `moy_secmark` (minute, millisecond) and `interval_end` (end, length)."""
    form: Literal["iso", "local", "epoch_s", "epoch_ms", "moy", "moy_secmark", "hour_mark", "interval_end"]
    """`iso`: ISO 8601, with an offset unless `zone` is stated. `local`: civil time without a zone, in the forms
    `2026-03-18 08:12:37`, `2026/3/5 8:4:3`, `20260318081237` and a date alone; 24:00:00 is the next midnight.
    `epoch_s`, `epoch_ms`: since 1970. `moy`: minute of the UTC year; `moy_secmark`: with the millisecond of the minute
    (T/CSAE 53); 527040 is null. `hour_mark`: tenths of a second in the current or next UTC hour; 36000 and 36001 are
    null. `interval_end`: the start of an interval that is stamped with its end and its length."""
    zone: ZoneName | None = None
    """IANA zone of forms that carry none."""
    near: PathText | None = None
    """`moy`, `moy_secmark` and `hour_mark`: path to an epoch in ms close to the instant, which settles the year, year
    and minute, or the hour; else the time of receipt does."""
    period_unit: str = "s"
    """`interval_end`: unit of the length."""
    as_text: bool = False
    """The platform sends numbers (epochs, minutes, marks, lengths) as text."""


class Time(InstantRule):
    """An instant in UTC.

    Example: civil time
        contract: {observed_at: timestamp}
        record: {gxsj: "2026-03-18 24:00:00"}
        fields:
          observed_at: {rule: time, from: gxsj, form: local, zone: Asia/Shanghai}
        row: {observed_at: 2026-03-18T16:00:00Z}

    Example: minute of the year and millisecond, on two sides of a full minute
        contract: {observed_at: timestamp}
        record: {moy: 109456, secMark: 59900, timestamp: 1773792960020}
        fields:
          observed_at: {rule: time, from: [moy, secMark], form: moy_secmark, near: timestamp, missing: [527040]}
        row: {observed_at: 2026-03-18T00:15:59.9Z}

    Example: a minute alone, of the year in which the message was sent
        contract: {started_at: timestamp}
        record: {startTime: 525150, timestamp: 1767198620000}
        fields:
          started_at: {rule: time, from: startTime, form: moy, near: timestamp}
        row: {started_at: 2025-12-31T16:30:00Z}

    Example: a mark within the hour, which lies in the next one
        contract: {ends_at: timestamp}
        record: {likelyEndTime: 15, timestamp: 1773795598000}
        fields:
          ends_at: {rule: time, from: likelyEndTime, form: hour_mark, near: timestamp}
        row: {ends_at: 2026-03-18T01:00:01.5Z}

    Example: the start of an interval
        contract: {period_start: timestamp}
        record: {statTime: "2026-03-18 08:15:00", period: 300}
        fields:
          period_start: {rule: time, from: [statTime, period], form: interval_end, zone: Asia/Shanghai}
        row: {period_start: 2026-03-18T00:10:00Z}
    """

    rule: Literal["time"]


class Elapsed(InstantRule):
    """How long it is between an instant and the time of receipt, or another instant of the record, in the contract's
    unit.

    Example: how far a controller's clock is behind
        contract: {clock_offset_s: double s}
        received_at: 2026-03-18T00:16:00Z
        record: {LampStatusTime: "2026-03-18 08:15:58.5"}
        fields:
          clock_offset_s: {rule: elapsed, from: LampStatusTime, form: local, zone: Asia/Shanghai, counts: since}
        row: {clock_offset_s: 1.5}

    Example: how long a light still stays
        contract: {remaining_s: double s}
        received_at: 2026-03-18T00:15:30Z
        record: {likelyEndTime: 9423}
        fields:
          remaining_s: {rule: elapsed, from: likelyEndTime, form: hour_mark, counts: until}
        row: {remaining_s: 12.3}

    Example: how far a device's clock is behind that of its platform
        contract: {clock_offset_s: double s}
        record: {deviceTime: 1773792924800, receiveTime: 1773792926300}
        fields:
          clock_offset_s: {rule: elapsed, from: deviceTime, form: epoch_ms, counts: since, at: receiveTime}
        row: {clock_offset_s: 1.5}
    """

    rule: Literal["elapsed"]
    counts: Literal["since", "until"]
    """`since`: from the instant to the receipt. `until`: from the receipt to the instant. Either may be negative."""
    at: PathText | None = None
    """Path to an epoch in ms that takes the place of the receipt."""


class Angle(Reads):
    """A direction of travel in degrees, clockwise from north, in [0, 360). More than a full turn is refused.

    Example:
        contract: {heading_deg: double deg}
        record: {angle: 180}
        fields:
          heading_deg: {rule: angle, from: angle, convention: east_counter_clockwise}
        row: {heading_deg: 270.0}
    """

    rule: Literal["angle"]
    from_: PathText = Field(alias="from")
    convention: Literal["north_clockwise", "east_counter_clockwise", "approach_leg"]
    """`approach_leg`: the leg of a crossing by where it lies; who arrives on the eastern leg travels west."""
    unit: str = "deg"
    as_text: bool = False
    """The platform sends the number as text."""


class Crs(Declared):
    """A coordinate system that the record itself names.

    Example:
        contract: {lon: double, lat: double, source_crs: string}
        record: {x: 106.5516, y: 29.563, crs: WGS84}
        fields:
          place:
            rule: point
            from: [x, y]
            crs: {from: crs, table: {WGS84: "EPSG:4326", GCJ02: GCJ-02}}
            axes: lon_lat
        row: {lon: 106.5516, lat: 29.563, source_crs: "EPSG:4326"}
    """

    from_: PathText = Field(alias="from")
    table: Annotated[dict[str, str], Field(min_length=1)]
    """The platform's word -> `EPSG:<code>`, `GCJ-02` or `BD-09`. Another word is a finding."""


Axes = Literal["lon_lat", "lat_lon", "east_north", "north_east"]


class Point(Reads):
    """A place: fills lon, lat and source_crs. Written under `place`.

    Example: two whole numbers with a scale
        contract: {lon: double, lat: double, source_crs: string}
        record: {pos: {lon: 1065516000, lat: 295630000}}
        fields:
          place:
            rule: point
            from: [pos.lon, pos.lat]
            scale: 1.0e-7
            crs: "EPSG:4326"
            axes: lon_lat
            missing: [1800000001, 900000001]
        row: {lon: 106.5516, lat: 29.563, source_crs: "EPSG:4326"}

    Example: one text
        contract: {lon: double, lat: double, source_crs: string}
        record: {dzzb: "359633.3,3272547.9,106.555318,29.560151"}
        fields:
          place: {rule: point, from: [dzzb], split: ",", take: [2, 3], crs: GCJ-02, axes: lon_lat, as_text: true}
        row: {lon: 106.5516003, lat: 29.5629998, source_crs: GCJ-02}

    Example: an offset, or a place of its own
        contract: {lon: double, lat: double, source_crs: string}
        record: {refPos: {lon: 1065516000, lat: 295630000}, pos: {position-LL3: {lon: -1250, lat: 842}}}
        fields:
          place:
            rule: point
            from: [pos.position-LatLon.lon, pos.position-LatLon.lat]
            base: [refPos.lon, refPos.lat]
            offsets: [[pos.position-LL1.lon, pos.position-LL1.lat], [pos.position-LL3.lon, pos.position-LL3.lat]]
            scale: 1.0e-7
            crs: "EPSG:4326"
            axes: lon_lat
            missing: [1800000001, 900000001]
        row: {lon: 106.551475, lat: 29.5630842, source_crs: "EPSG:4326"}
    """

    rule: Literal["point"]
    from_: Paths = Field(alias="from")
    """Two paths; or one path to an array, or, with `split`, to a text. With `base` the two paths of a place that is
    given absolutely instead of as an offset."""
    base: Pair | None = None
    """A reference point, to which one of `offsets` is added."""
    offsets: list[Pair] = []
    """The forms in which an offset may come. A record that has two of them, or one beside an absolute place, is
    refused; one that has none has no place."""
    split: str | None = None
    """Separator of a text that holds both numbers."""
    take: tuple[int, int] = (0, 1)
    """Which two of the parts."""
    scale: Scale = 1.0
    crs: str | Crs
    """`EPSG:<code>`, `GCJ-02`, `BD-09`, or where the record names it. CGCS2000 counts as equal to WGS 84."""
    axes: Axes
    """In which order the two numbers stand."""
    as_text: bool = False
    """The platform sends the numbers as text."""


class Line(Reads):
    """A line of two vertices or more: fills geometry (WKB, lon first), source_crs, and lon, lat with its middle vertex.
    Written under `place`. Heights are left out.

    Example:
        contract: {lon: double, lat: double, source_crs: string, geometry: binary}
        record: {polyline: "106.55,29.56;106.56,29.57;106.57,29.57"}
        fields:
          place: {rule: line, from: polyline, form: text, crs: "EPSG:4326", axes: lon_lat, missing: [""]}
        row:
          {lon: 106.56, lat: 29.57, source_crs: "EPSG:4326"}
        geometry: LINESTRING (106.55 29.56, 106.56 29.57, 106.57 29.57)

    Example: vertices that are objects, offsets from another point or places of their own
        contract: {lon: double, lat: double, source_crs: string, geometry: binary}
        record:
          refPos: {lon: 1065500000, lat: 295600000}
          points:
            - {offset: {lon: -1000, lat: 2000}}
            - {position: {lon: 1065600000, lat: 295700000}}
        fields:
          place:
            rule: line
            from: points
            form: objects
            vertex: [position.lon, position.lat]
            base: [refPos.lon, refPos.lat]
            offsets: [[offset.lon, offset.lat]]
            scale: 1.0e-7
            crs: "EPSG:4326"
            axes: lon_lat
        row:
          {lon: 106.56, lat: 29.57, source_crs: "EPSG:4326"}
        geometry: LINESTRING (106.5499 29.5602, 106.56 29.57)
    """

    rule: Literal["line"]
    from_: PathText = Field(alias="from")
    form: Literal["array", "text", "objects"]
    """array: [[x, y], ...]; text: `x,y;x,y`; objects: [{lon: x, lat: y}, ...], of which `vertex` says the names."""
    vertex: Pair | None = None
    """objects: where in a vertex its two numbers stand. With `base`, those of a vertex that is given absolutely."""
    base: Pair | None = None
    """objects: a reference point of the record, to which the offset of a vertex is added."""
    offsets: list[Pair] = []
    """objects: the forms in which the offset of a vertex may come, as in the rule `point`."""
    scale: Scale = 1.0
    crs: str | Crs
    axes: Axes
    as_text: bool = False
    """objects: the platform sends the numbers as text."""


class Area(Reads):
    """An area: fills geometry (WKB, lon first), source_crs, and lon, lat with a point within it. Written under `place`.
    A ring of fewer than three corners, or one that crosses itself, is refused. Heights are left out.

    Example:
        contract: {lon: double, lat: double, source_crs: string, geometry: binary}
        record: {outline: [[106.5, 29.5], [106.6, 29.5], [106.6, 29.6], [106.5, 29.6]]}
        fields:
          place: {rule: area, from: outline, form: ring, crs: "EPSG:4490", axes: lon_lat}
        row:
          {lon: 106.55, lat: 29.55, source_crs: "EPSG:4490"}
        geometry: POLYGON ((106.5 29.5, 106.6 29.5, 106.6 29.6, 106.5 29.6, 106.5 29.5))

    Example: a building of a CityJSON, whose roof stands out over its ground
        contract: {lon: double, lat: double, source_crs: string, geometry: binary}
        record:
          boundaries:
            - - [[[106.5, 29.5, 20], [106.5, 29.6, 20], [106.6, 29.6, 20], [106.6, 29.5, 20]]]
              - [[[106.5, 29.5, 50], [106.7, 29.5, 50], [106.7, 29.6, 50], [106.5, 29.6, 50]]]
              - [[[106.5, 29.5, 20], [106.6, 29.5, 20], [106.6, 29.5, 50], [106.5, 29.5, 50]]]
        fields:
          place: {rule: area, from: boundaries, form: solid, crs: "EPSG:4490", axes: lon_lat}
        row:
          {lon: 106.6, lat: 29.55, source_crs: "EPSG:4490"}
        geometry: POLYGON ((106.5 29.5, 106.7 29.5, 106.7 29.6, 106.5 29.6, 106.5 29.5))
    """

    rule: Literal["area"]
    from_: PathText = Field(alias="from")
    form: Literal["rings", "ring", "text", "surfaces", "solid"]
    """rings: [[[x, y], ...], ...], the outline and its holes, as in a GeoJSON Polygon; ring: [[x, y], ...]; text:
    `x,y;x,y`. A ring that does not end where it began is closed. surfaces: a list of `rings`, as the boundaries of a
    CityJSON MultiSurface; solid: a list of shells of them, as those of a Solid. Of both the area is what the surfaces
    cover, seen from above; upright ones cover nothing."""
    crs: str | Crs
    axes: Axes


class Code(Reads):
    """A code of a shared list, by the crosswalk `codes/<list>.csv` beside the mapping. The platform's own value stays
    in `<field>_raw`. Null says that the source said nothing, `unknown` that it said so, and `unmapped` that the
    crosswalk lacks what it said.

    Example:
        contract: {participant_kind: string, participant_kind_raw: string}
        crosswalks: {participant_kind: {motor: motor, "1": motor}}
        record: {ptcType: 1}
        fields:
          participant_kind: {rule: code, from: ptcType, list: participant_kind}
        row: {participant_kind: motor, participant_kind_raw: "1"}

    Example: a code that the crosswalk lacks
        contract: {participant_kind: string, participant_kind_raw: string}
        crosswalks: {participant_kind: {motor: motor}}
        record: {ptcType: scooter}
        fields:
          participant_kind: {rule: code, from: ptcType, list: participant_kind}
        row: {participant_kind: unmapped, participant_kind_raw: scooter}
    """

    rule: Literal["code"]
    from_: PathText = Field(alias="from")
    list_: Name = Field(alias="list")


class Id(Reads):
    """The platform's own identity, zeros and case kept, its parts joined by `/`. Null if one of them is.

    Example:
        contract: {source_id: string}
        record: {rsuEsn: R50011201, ptcId: 4021}
        fields:
          source_id: {rule: id, from: [rsuEsn, ptcId]}
        row: {source_id: R50011201/4021}
    """

    rule: Literal["id"]
    from_: Paths | PathText = Field(alias="from")


class Flag(Reads):
    """True or false, by the platform's own words for them. Any other word is refused, because 1 may mean no.

    Example:
        contract: {is_hit_and_run: boolean}
        record: {sfty: "1"}
        fields:
          is_hit_and_run: {rule: flag, from: sfty, "true": ["2", "3"], "false": ["1"]}
        row: {is_hit_and_run: false}
    """

    rule: Literal["flag"]
    from_: PathText = Field(alias="from")
    true: list[Scalar]
    false: list[Scalar]


class Bit(Reads):
    """One bit of a word of bits, such as a status: true where it is set. Negative numbers and fractions are refused.

    Example: bit 1 of 3, which is the one worth 2
        contract: {is_located: boolean}
        record: {status: 3}
        fields:
          is_located: {rule: bit, from: status, at: 1}
        row: {is_located: true}

    Example: bit 1 of a string of bits
        contract: {allows_left: boolean}
        record: {maneuvers: "110000000000"}
        fields:
          allows_left: {rule: bit, from: maneuvers, form: string, at: 1}
        row: {allows_left: true}
    """

    rule: Literal["bit"]
    from_: PathText = Field(alias="from")
    form: Literal["number", "string"] = "number"
    """number: a whole number; string: a text of 0 and 1, as ASN.1 writes a BIT STRING."""
    at: Annotated[int, Field(ge=0, le=62)]
    """Which one; of a number 0 is the one worth 1, of a string the first character."""
    as_text: bool = False
    """The platform sends the number as text."""


class Const(Declared):
    """The same for every record of the stream.

    Example:
        contract: {height_datum: string}
        record: {}
        fields:
          height_datum: {rule: const, value: normal_1985}
        row: {height_datum: normal_1985}
    """

    rule: Literal["const"]
    value: Scalar


class Stake(Reads):
    """A stake number 桩号: kilometres and metres along a road, in metres. Numbers and text are both read.

    Example:
        contract: {linear_ref_m: double m}
        record: {gls: "3", ms: "250"}
        fields:
          linear_ref_m: {rule: stake, from: [gls, ms], missing: ["", "-"]}
        row: {linear_ref_m: 3250.0}
    """

    rule: Literal["stake"]
    from_: Annotated[list[PathText], Field(min_length=2, max_length=2)] = Field(alias="from")


class Duration(Reads):
    """A length of time in hours, minutes and seconds, in the contract's unit. Hours may pass 24, as in timetables,
    which count on beyond midnight from the beginning of the day of service.

    Example: half past one at night, of the day before
        contract: {last_departure_s: int s}
        record: {departure_time: "25:35:00"}
        fields:
          last_departure_s: {rule: duration, from: departure_time, missing: [""]}
        row: {last_departure_s: 92100}
    """

    rule: Literal["duration"]
    from_: PathText = Field(alias="from")


class Pseudonym(Reads):
    """A keyed digest in place of a personal identity: `<key id>:<hmac>`. Null if a part is.

    Example: with a key of 32 bytes of 01
        contract: {plate_key: string}
        record: {hphm: 渝AD12345, hpzl: "52"}
        fields:
          plate_key: {rule: pseudonym, from: [hphm, hpzl], domain: accident_plate, missing: ["-"]}
        row: {plate_key: "k1:61767547821c31ff42680760cef77b033b7e0eca675ba4848539ca44bc5c7773"}
    """

    rule: Literal["pseudonym"]
    from_: Paths = Field(alias="from")
    domain: Name
    """Two datasets can be joined on pseudonyms only if they share a domain."""
    algorithm: Literal["hmac_sha256", "hmac_sm3"] = "hmac_sha256"
    """The keyed digest; SM3 is GB/T 32905."""


Rule = Annotated[
    Text
    | Number
    | Quantity
    | Rate
    | Time
    | Elapsed
    | Angle
    | Point
    | Line
    | Area
    | Code
    | Id
    | Flag
    | Bit
    | Const
    | Stake
    | Duration
    | Pseudonym,
    Field(discriminator="rule"),
]

PLACE = "place"
"""The key in `fields` under which `point`, `line` and `area` stand: they fill several columns at once."""


class When(Declared):
    """Which records (under `each`: which elements) go to a dataset: those that have one of some values, or none of
    them. Values are compared by type and value, as in `missing`; `null` stands for an absent key too.

    Example: each kind to its own dataset
        contract: {source_id: string}
        record: {id: 7, kind: closure}
        rows:
          - dataset: traffic_control
            when: {from: kind, in: [closure, ban]}
            fields: {source_id: {rule: id, from: id}}
          - dataset: traffic_event
            rest: true
            fields: {source_id: {rule: id, from: id}}
        made: {traffic_control: [{source_id: "7"}], traffic_event: []}
    """

    from_: PathText = Field(alias="from")
    in_: Annotated[list[Scalar], Field(min_length=1)] | None = Field(default=None, alias="in")
    """Those that have one of these values."""
    not_in: Annotated[list[Scalar], Field(min_length=1)] | None = None
    """Those that have none of these values. Either this or `in`."""


class Rows(Declared):
    """How a record becomes rows of one dataset: one row, or with `each` one for each element of a list.

    Example: lists within lists, and what encloses them
        contract: {source_id: string, observed_at: timestamp}
        record:
          rsuEsn: R1
          timestamp: 1773792927300
          rsms:
            - participants: [{ptcId: 1}, {ptcId: 2}]
            - participants: []
        rows:
          - dataset: participant_observation
            each: rsms[].participants[]
            fields:
              source_id: {rule: id, from: [^^.rsuEsn, ptcId]}
              observed_at: {rule: time, from: ^^.timestamp, form: epoch_ms}
        made:
          participant_observation:
            - {source_id: R1/1, observed_at: 2026-03-18T00:15:27.3Z}
            - {source_id: R1/2, observed_at: 2026-03-18T00:15:27.3Z}
    """

    dataset: Name
    """Each dataset stands once in a mapping."""
    each: EachText | None = None
    """The list whose elements become rows, such as `rsms[].participants[]`. Paths then begin at the element, and `^`
    climbs to what encloses its list. A list that is absent or null has no elements; an object in place of a list, as
    XML writes a list of one, is its only element. Without `each` the record itself becomes a row."""
    when: When | None = None
    """Without it every record, or every element, goes to this dataset."""
    rest: bool = False
    """Takes what no `when` takes, of the parts with the same `each`. Parts that all have a `when` must take everything
    between them, or one of them must take the rest: nothing falls by the way."""
    fields: dict[str, Rule]
    """Field of the dataset -> rule. The fields that hutong itself fills (city, batch, received_at...) are not named."""

    @property
    def takes_all(self) -> bool:
        """Whether every record becomes one row."""
        return self.each is None and self.when is None and not self.rest


class Mapping(Declared):
    """How the records of one stream become rows of base datasets. A record passes with all its rows or with none: one
    bad element refuses it.

    Every record has one fate. The first dataset in which it has rows decides it; of several rows there the most telling
    one: published before unchanged before superseded before duplicate. A record that gives no row at all, such as one
    whose list is empty, is `empty`.

    Example: a roadside message (T/CSAE 53) with two participants, the second without a place and a speed
        contract:
          source_id: string
          observed_at: timestamp
          lon: double
          lat: double
          source_crs: string
          speed_mps: double m/s
          heading_deg: double deg
          object_height_m: double m
        record:
          rsuEsn: R50011201
          timestamp: 1773792927300
          moy: 109455
          rsms:
            - refPos: {lat: 295630000, lon: 1065516000, ele: 2450}
              participants:
                - ptcId: 4021
                  secMark: 27300
                  pos: {offsetLL: {position-LL3: {lon: -1250, lat: 842}}}
                  speed: 722
                  heading: 7200
                  size: {width: 180, length: 450, height: 30}
                - ptcId: 4022
                  secMark: 60000
                  pos: {offsetLL: {position-LatLon: {lon: 1800000001, lat: 900000001}}}
                  speed: 8191
                  heading: 28800
                  size: {width: 0, length: 0}
        rows:
          - dataset: participant_observation
            each: rsms[].participants[]
            fields:
              source_id: {rule: id, from: [^^.rsuEsn, ptcId]}
              observed_at: {rule: time, from: [^^.moy, secMark], form: moy_secmark, near: ^^.timestamp}
              place:
                rule: point
                from: [pos.offsetLL.position-LatLon.lon, pos.offsetLL.position-LatLon.lat]
                base: [^.refPos.lon, ^.refPos.lat]
                offsets: [[pos.offsetLL.position-LL3.lon, pos.offsetLL.position-LL3.lat]]
                scale: 1.0e-7
                crs: "EPSG:4326"
                axes: lon_lat
                missing: [1800000001, 900000001]
              speed_mps: {rule: quantity, from: speed, unit: 0.02 m/s, missing: [8191]}
              heading_deg:
                rule: angle
                from: heading
                convention: north_clockwise
                unit: 0.0125 deg
                missing: [28800]
                missing_in_range: true
              object_height_m: {rule: quantity, from: size.height, unit: 5 cm, missing: [0]}
        made:
          participant_observation:
            - source_id: R50011201/4021
              observed_at: 2026-03-18T00:15:27.3Z
              lon: 106.551475
              lat: 29.5630842
              source_crs: "EPSG:4326"
              speed_mps: 14.44
              heading_deg: 90.0
              object_height_m: 1.5
            - source_id: R50011201/4022
              observed_at: null
              lon: null
              lat: null
              source_crs: null
              speed_mps: null
              heading_deg: null
              object_height_m: null
    """

    stream: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(-[a-z][a-z0-9_]*)?\.[a-z][a-z0-9_]*$")]
    """`<platform>.<stream>`, as the file itself is called."""
    version: Annotated[int, Field(gt=0, strict=True)]
    """Raised by whoever changes the meaning; every batch records the version it was made with."""
    rows: Annotated[list[Rows], Field(min_length=1)]


def paths_of(rule: Rule) -> list[str]:
    """Every path that `rule` reads."""
    if isinstance(rule, Const):
        return []
    found = [rule.from_] if isinstance(rule.from_, str) else list(rule.from_)
    if isinstance(rule, Rate):
        found.append(rule.over)
    if isinstance(rule, InstantRule) and rule.near is not None:
        found.append(rule.near)
    if isinstance(rule, Elapsed) and rule.at is not None:
        found.append(rule.at)
    if isinstance(rule, Point):
        found += [path for pair in (rule.base or (), *rule.offsets) for path in pair]
    if isinstance(rule, Line):
        found += rule.base or ()
    if isinstance(rule, Point | Line | Area) and isinstance(rule.crs, Crs):
        found.append(rule.crs.from_)
    return found


def paths_of_rows(rows: Rows) -> Iterator[Level]:
    """Every path that `rows` reads, from the record: keys, and 0 for each place in a list. Those of its lists first."""
    levels: list[Level] = [] if rows.each is None else [(*keys, 0) for keys in read_each(rows.each)]
    for depth in range(len(levels)):
        yield tuple(step for level in levels[: depth + 1] for step in level)[:-1]
    read = [] if rows.when is None else [rows.when.from_]
    for text in [*read, *(path for rule in rows.fields.values() for path in paths_of(rule))]:
        yield read_path(text).within(levels)
