"""A repair: a small named exception to a mapping, in a reviewed file of its own beside it.

`mappings/<platform>/repairs/<stream>/<name>.yaml`. A repair never touches a record that passes. A record that is
refused for one of the rules in `refused_for` is read once more with the repair, and passes only if it then keeps every
rule; else it stays refused for what it was refused for. A code without a match is published as `unmapped`, which counts
as refused for `<field>_unmapped`. What a repair let pass stands in the quarantine as released, under the repair's name.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from hutong.model.declared import CityCode, Declared, ZoneName
from hutong.model.mapping import Scalar
from hutong.model.path import PathText


class Received(Declared):
    """A stretch of time in which the record was fetched: from `from`, before `to`."""

    from_: AwareDatetime | None = Field(default=None, alias="from")
    to: AwareDatetime | None = None


class _Repair(Declared):
    stream: str
    """Such as `transport_info.section_flow`."""
    from_: PathText = Field(alias="from")
    """The path of the raw value that it acts on, as the mapping writes it."""
    refused_for: Annotated[list[str], Field(min_length=1)]
    """Ids of rules: only a record that one of them refused is read again."""
    received: Received = Received()
    cities: list[CityCode] | None = None
    """Only records of these cities; of all by default."""
    reason: Annotated[str, Field(min_length=1)]
    """Why it is right: what the platform's owner said, and when."""
    author: Annotated[str, Field(min_length=1)]
    date: date


class MapCode(_Repair):
    """Codes that the crosswalk lacks, and what they mean. The platform's own value stays in `<field>_raw`."""

    repair: Literal["map_code"]
    codes: Annotated[dict[str, str], Field(min_length=1)]
    """Raw value, as text -> code of the shared list."""


class Zone(_Repair):
    """Civil times that were written in another zone than the mapping states."""

    repair: Literal["zone"]
    zone: ZoneName
    """IANA zone."""


class Strip(_Repair):
    """Text in front of or behind the value, such as a unit, is cut off. A value without it is left as it is."""

    repair: Literal["strip"]
    prefix: str = ""
    suffix: str = ""
    as_number: bool = False
    """What is left is a number, and is read as if it had been sent as one."""


class Missing(_Repair):
    """Values that stand for "unavailable": the record is read as if it did not have the value."""

    repair: Literal["missing"]
    values: Annotated[list[Scalar], Field(min_length=1)]


class Swap(_Repair):
    """Coordinates that were sent in the other order. `from` is the first path of the point."""

    repair: Literal["swap"]


Repair = MapCode | Zone | Strip | Missing | Swap
KINDS: dict[str, type[Repair]] = {
    "map_code": MapCode,
    "zone": Zone,
    "strip": Strip,
    "missing": Missing,
    "swap": Swap,
}
