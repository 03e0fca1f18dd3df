"""What a raw record means: what `mappings/<platform>/<stream>.yaml` says.

A mapping names one rule per field, from a closed list. Paths are dotted (`pos.lon`) and read the record with its
carried fields.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from hutong.model.declared import Declared, Name

Scalar = str | int | float | bool | None
Paths = Annotated[list[str], Field(min_length=1)]


class _Rule(Declared):
    missing: list[Scalar] = []
    """Values by which the platform says "unavailable"; they become null. An absent key and JSON null always do."""


class Text(_Rule):
    """The text as it stands, trimmed."""

    rule: Literal["text"]
    from_: str = Field(alias="from")
    mask: bool = False
    """Free text that may name people: plates, phone and identity numbers are blotted out."""


class Number(_Rule):
    """A plain number; text that is a number is read only when `as_text` says that the platform sends it so."""

    rule: Literal["number"]
    from_: str = Field(alias="from")
    as_text: bool = False


class Quantity(_Rule):
    """A number with a unit, turned into the contract's unit."""

    rule: Literal["quantity"]
    from_: str = Field(alias="from")
    unit: str
    """UCUM, with a factor in front if the step is not one: `0.02 m/s`."""
    as_text: bool = False
    list_: Name | None = Field(default=None, alias="list")
    """A crosswalk whose codes are numbers in `unit`, for scales such as an accuracy class."""


class Rate(_Rule):
    """A count over a period: `from` divided by `over`."""

    rule: Literal["rate"]
    from_: str = Field(alias="from")
    over: str
    unit: str
    """Unit of the count over the unit of the period: `{vehicle}/s`."""


class Time(_Rule):
    """An instant in UTC."""

    rule: Literal["time"]
    from_: str | Paths = Field(alias="from")
    form: Literal["iso", "local", "epoch_s", "epoch_ms", "moy_secmark", "interval_end"]
    zone: str | None = None
    """IANA zone of forms that carry none."""
    near: str | None = None
    """moy_secmark: path to an epoch in ms close to the instant, which settles the year and the minute; else the time
    of receipt.
    """
    period_unit: str = "s"
    """interval_end: unit of the second path, the length of the interval; the result is its start."""


class Angle(_Rule):
    """A direction of travel in degrees, clockwise from north."""

    rule: Literal["angle"]
    from_: str = Field(alias="from")
    convention: Literal["north_clockwise", "east_counter_clockwise", "approach_leg"]
    unit: str = "deg"
    as_text: bool = False


class Crs(Declared):
    """A coordinate system that the record itself names."""

    from_: str = Field(alias="from")
    table: dict[str, str]
    """The platform's word -> EPSG code, GCJ-02 or BD-09."""


Axes = Literal["lon_lat", "lat_lon", "east_north", "north_east"]


class Point(_Rule):
    """A place: fills lon, lat and source_crs."""

    rule: Literal["point"]
    from_: Paths = Field(alias="from")
    """Two paths; or one path to an array, or, with `split`, to a text."""
    split: str | None = None
    """Separator of a text that holds both numbers."""
    take: tuple[int, int] = (0, 1)
    """Which two of the parts."""
    scale: float = 1.0
    crs: str | Crs
    axes: Axes
    as_text: bool = False


class Line(_Rule):
    """A line: fills geometry (WKB), source_crs, and lon, lat with its middle vertex."""

    rule: Literal["line"]
    from_: str = Field(alias="from")
    form: Literal["array", "text"]
    """array: [[x, y], ...]; text: `x,y;x,y`."""
    crs: str | Crs
    axes: Axes


class Code(_Rule):
    """A code of a shared list. The platform's own value stays in `<field>_raw`; one without a match becomes
    `unmapped`.
    """

    rule: Literal["code"]
    from_: str = Field(alias="from")
    list_: Name = Field(alias="list")


class Id(_Rule):
    """The platform's own identity, its parts joined by `/`."""

    rule: Literal["id"]
    from_: Paths | str = Field(alias="from")


class Flag(_Rule):
    """True or false, by the platform's own words for them."""

    rule: Literal["flag"]
    from_: str = Field(alias="from")
    true: list[Scalar]
    false: list[Scalar]


class Const(Declared):
    """The same for every record of the stream."""

    rule: Literal["const"]
    value: Scalar


class Stake(_Rule):
    """A stake number 桩号: kilometres and metres along a road, in metres."""

    rule: Literal["stake"]
    from_: Annotated[list[str], Field(min_length=2, max_length=2)] = Field(alias="from")


class Pseudonym(_Rule):
    """A keyed digest in place of a personal identity: `<key id>:<hmac>`."""

    rule: Literal["pseudonym"]
    from_: Paths = Field(alias="from")
    domain: Name
    """Two datasets can be joined on pseudonyms only if they share a domain."""


Rule = Annotated[
    Text | Number | Quantity | Rate | Time | Angle | Point | Line | Code | Id | Flag | Const | Stake | Pseudonym,
    Field(discriminator="rule"),
]

PLACE = "place"
"""The key in `fields` under which `point` and `line` stand: they fill several columns at once."""


class Rows(Declared):
    """How a record becomes a row of one dataset."""

    dataset: Name
    fields: dict[str, Rule]


class Mapping(Declared):
    """How the records of one stream become rows of base datasets."""

    stream: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
    version: PositiveInt
    """Raised by whoever changes the meaning; every batch records the version it was made with."""
    rows: Annotated[list[Rows], Field(min_length=1)]
    """The first dataset decides what became of a record; the others count rows only."""
