"""Tracks as small integers, and back.

A recording holds more than a million positions in a few megabytes because a road user moves little from one second to
the next: rows stand participant by participant, and each column holds the difference to the row before in decimetres,
cm/s and tenths of a degree. The unpacked values are the truth, by definition.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from citysim.local_metres import ORIGIN, to_lonlat

HEADING_STEPS = 3600
"""Tenths of a degree in a full turn."""

Ints = NDArray[np.int64]


def pack(participant: Ints, t_s: Ints, x_dm: Ints, y_dm: Ints, speed_cmps: Ints, heading_ddeg: Ints) -> pa.Table:
    """The packed table of n track rows, given in any order, one per participant and second.

    Columns: participant, t_s int32; x_dm, y_dm, speed_cmps, heading_ddeg int32; each the difference to the row before
    (the first row to zero). Headings take the shorter way round.
    """
    order = np.lexsort((t_s, participant))
    turn = _difference(heading_ddeg[order])
    half = HEADING_STEPS // 2
    columns = {
        "participant": _difference(participant[order]),
        "t_s": _difference(t_s[order]),
        "x_dm": _difference(x_dm[order]),
        "y_dm": _difference(y_dm[order]),
        "speed_cmps": _difference(speed_cmps[order]),
        "heading_ddeg": (turn + half) % HEADING_STEPS - half,
    }
    return pa.table({name: pa.array(values.astype(np.int32)) for name, values in columns.items()})


def unpack(packed: pa.Table, origin: tuple[float, float] = ORIGIN) -> pa.Table:
    """The tracks in SI units around `origin` (lon, lat), sorted by t_s, then participant.

    Columns: t_s, participant int32; x_m, y_m (local metres), lon, lat (WGS84 degrees) float64;
    speed_mps, heading_deg (clockwise from north, 0 <= h < 360) float32.
    """
    tracks = unpack_metres(packed)
    lon, lat = to_lonlat(tracks.column("x_m").to_numpy(), tracks.column("y_m").to_numpy(), origin)
    place = tracks.column_names.index("y_m") + 1
    return tracks.add_column(place, "lon", pa.array(lon)).add_column(place + 1, "lat", pa.array(lat))


def unpack_metres(packed: pa.Table) -> pa.Table:
    """The tracks as `unpack` gives them, but without degrees."""
    sums = {name: np.cumsum(packed.column(name).to_numpy(), dtype=np.int64) for name in packed.column_names}
    order = np.argsort(sums["t_s"], kind="stable")
    sums = {name: values[order] for name, values in sums.items()}
    return pa.table(
        {
            "t_s": sums["t_s"].astype(np.int32),
            "participant": sums["participant"].astype(np.int32),
            "x_m": sums["x_dm"] / 10.0,
            "y_m": sums["y_dm"] / 10.0,
            "speed_mps": (sums["speed_cmps"] / 100.0).astype(np.float32),
            "heading_deg": (sums["heading_ddeg"] % HEADING_STEPS / 10.0).astype(np.float32),
        }
    )


def unpack_stays(packed: pa.Table) -> pa.Table:
    """The stays as they were before each column was turned into differences to the row before: same columns, int32."""
    sums = {name: np.cumsum(packed.column(name).to_numpy(), dtype=np.int64) for name in packed.column_names}
    return pa.table({name: values.astype(np.int32) for name, values in sums.items()})


def _difference(values: Ints) -> Ints:
    return np.diff(values, prepend=np.int64(0))
