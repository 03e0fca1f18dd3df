"""What all declared files have in common: frozen, unknown keys refused, words in two languages."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadDateError, croniter
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""An id: snake_case, and so also a safe file name. Paths of the lake are built from these alone."""

PlatformId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}(-[a-z][a-z0-9_]{0,62})?$")]
"""A platform, such as `cim`, or with a hyphen one that speaks a dialect of its own, such as `cim-zone_prefixed`."""

SecretName = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9_]|\{city\}){0,62}$")]
"""Under which a secret is looked up; `{city}` stands for the division code."""

CityCode = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{5}$")]
"""A division code of GB/T 2260, six digits."""

CadenceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=63)]
"""How often, by a name such as `live`; two underscores part it from its platform in a DAG's id."""


_ZONE = re.compile(r"(?!right/|posix/)[A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}|UTC")


def _is_zone(text: str) -> str:
    try:
        # Others, such as WET, are read in one way by Python and in another by polars, or are those of this machine.
        found = ZoneInfo(text) if _ZONE.fullmatch(text) else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        found = None
    if found is None:
        raise ValueError(f"'{text[:60]}' is no time zone; write it as IANA does, such as Asia/Shanghai, or UTC")
    return text


ZoneName = Annotated[str, AfterValidator(_is_zone)]
"""A time zone of IANA's, by area and place."""


def _is_duration(found: timedelta) -> timedelta:
    if not timedelta(0) <= found <= timedelta(days=36525):
        raise ValueError("it takes nothing to 100 years; write it as PT5M or P1D")
    return found


Duration = Annotated[timedelta, AfterValidator(_is_duration)]
"""An ISO 8601 duration that a date can be moved by."""


def _is_span(found: timedelta) -> timedelta:
    if not found:
        raise ValueError("nothing fits into no time; write it as PT5M or P1D, or leave it out")
    return found


Span = Annotated[Duration, AfterValidator(_is_span)]
"""A duration of more than nothing."""


def _is_path(text: str) -> str:
    steps = [step.strip(".") for step in text.split("[]")]
    if any(mark in step for step in steps for mark in ("..", "[", "]")):
        raise ValueError("it is no path of names; write it as data.rows or data[].points")
    return text


AnswerPath = Annotated[str, AfterValidator(_is_path)]
"""Names that lead through an answer, `[]` behind those of lists."""


def _is_cron(text: str) -> str:
    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise ValueError(
            "a cron expression has five fields (minute, hour, day, month, day of the week), such as '*/5 * * * *'"
        )
    try:
        croniter(text).get_next()
    except CroniterBadDateError:
        raise ValueError("there is no such day: it never comes") from None
    return text


Cron = Annotated[str, AfterValidator(_is_cron)]
"""When, in five fields of cron, by the city's civil time (Asia/Shanghai)."""


ShardName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$")]
"""A part of a stream, such as `north` or `500103`; it goes into addresses and names of files as it stands."""


class Declared(BaseModel):
    """Base of every model that is read from a file."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)


class Words(Declared):
    """A name in both languages."""

    zh: str
    en: str
