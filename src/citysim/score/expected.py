"""What the published rows of a stream should say, as one table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from citysim.faults import Fault
from citysim.score.streams import Many, Scored
from citysim.views.city import City, Origin, Shown

Line = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Expected:
    """Rows: what each should say. Times are seconds of the recording.

    rows: number, record_id, stamp_s, lon, lat, east_m, north_m, then a column `v.<field>` for each field, and
    `looked.<field>` where not every row says something about it. faults: per record id, how it was made bad.
    lines: number of a row -> the vertices its geometry should have. record_ids: of all records, in no table too.
    """

    rows: pl.DataFrame
    faults: Mapping[str, Fault]
    lines: Mapping[int, Line]
    record_ids: frozenset[str]

    @property
    def fields(self) -> list[str]:
        """The fields that the rows speak of."""
        return [name.removeprefix("v.") for name in self.rows.columns if name.startswith("v.")]


def expected(scored: Scored, city: City) -> Expected:
    """What the platform's records of the whole recording should become in one dataset."""
    shown = scored.shown(city, 0.0, float(city.truth.duration_s))
    return _of_many(shown) if isinstance(shown, Many) else _of_each(scored, shown, city)


def _of_many(many: Many) -> Expected:
    columns: dict[str, pl.Series] = {
        "record_id": pl.Series(many.record_ids, dtype=pl.String),
        "stamp_s": pl.Series([0.0], dtype=pl.Float64).new_from_index(0, len(many.record_ids)),
        "lon": pl.Series(many.lon),
        "lat": pl.Series(many.lat),
        "east_m": pl.Series(many.noise_east_m),
        "north_m": pl.Series(many.noise_north_m),
    }
    for name, values in many.values.items():
        is_text = values.dtype == object
        column = pl.Series(values.tolist(), dtype=pl.String) if is_text else pl.Series(values)
        columns[f"v.{name}"] = column if is_text else column.cast(pl.Float64).fill_nan(None)
    rows = pl.DataFrame(columns).with_row_index("number")
    return Expected(rows, many.faults, {}, frozenset(many.record_ids))


def _of_each(scored: Scored, shown: Mapping[str, Shown], city: City) -> Expected:
    origins = list(_origins(scored, shown))
    fixed: dict[str, list[Any]] = {
        "record_id": [record_id for record_id, _, _ in origins],
        "stamp_s": [stamp_s for _, stamp_s, _ in origins],
        "lon": [origin.lon for _, _, origin in origins],
        "lat": [origin.lat for _, _, origin in origins],
        "east_m": [(origin.noise_m or (None, None))[0] for _, _, origin in origins],
        "north_m": [(origin.noise_m or (None, None))[1] for _, _, origin in origins],
    }
    types = {"record_id": pl.String}
    columns = [pl.Series(name, values, dtype=types.get(name, pl.Float64)) for name, values in fixed.items()]
    lines = {
        number: origin.values["geometry"]
        for number, (_, _, origin) in enumerate(origins)
        if origin.values.get("geometry") is not None
    }
    fields = list(dict.fromkeys(name for _, _, origin in origins for name in origin.values if name != "geometry"))
    for name in fields:
        looked = [name in origin.values for _, _, origin in origins]
        columns.append(_column(f"v.{name}", [origin.values.get(name) for _, _, origin in origins], city))
        if not all(looked):
            columns.append(pl.Series(f"looked.{name}", looked))
    faults = {record_id: one.fault for record_id, one in shown.items() if one.fault is not None}
    rows = pl.DataFrame(columns).with_row_index("number")
    return Expected(rows, faults, lines, frozenset(shown))


def _origins(scored: Scored, shown: Mapping[str, Shown]) -> Iterator[tuple[str, float, Origin]]:
    for record_id, one in shown.items():
        for origin in one.rows.get(scored.dataset, (one.origin,)):
            yield record_id, one.stamp_s, origin


def _column(name: str, values: Sequence[Any], city: City) -> pl.Series:
    """Numbers and times as float64, the rest as text or truth values."""
    met = {type(value) for value in values if value is not None}
    if met and met <= {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if met <= {int, float, datetime}:
        return pl.Series(name, [_number(value, city) for value in values], dtype=pl.Float64)
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _number(value: Any, city: City) -> float | None:
    if isinstance(value, datetime):
        return (value - city.recording_start).total_seconds()
    return None if value is None else float(value)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(list(value)) if isinstance(value, list | tuple) else str(value)
