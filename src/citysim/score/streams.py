"""What the score must know of a stream: where it ends up, what the platform showed, how the wire rounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from citysim.faults import Fault
from citysim.views.city import City, Shown

PLACE = "place"
"""Name of the position in `Scored.steps`; its step is in metres."""


@dataclass(frozen=True, slots=True)
class Many:
    """Records that each become one row, as arrays: for a stream too large for an object per record.

    The arrays are as long as `record_ids` and in its order.
    """

    record_ids: Sequence[str]
    lon: npt.NDArray[np.float64]
    """WGS-84 degrees, of the truth."""
    lat: npt.NDArray[np.float64]
    noise_east_m: npt.NDArray[np.float64]
    noise_north_m: npt.NDArray[np.float64]
    values: Mapping[str, npt.NDArray[Any]]
    """As in `citysim.views.city.Origin`; NaN stands for null."""
    faults: Mapping[str, Fault]
    """Per record id that was made bad, how."""


Show = Callable[[City, float, float], Mapping[str, Shown] | Many]
"""What a platform showed: city, and the half-open range of seconds of the recording that is asked for.

Per record id as the service logs it. More than the range may be given, not less.
"""


@dataclass(frozen=True, slots=True)
class Scored:
    """One stream, in one base dataset that it fills. A stream that fills several is listed once for each."""

    stream: str
    """As the gateway calls it: platform and stream, such as "cim.lane"."""
    dataset: str
    """The base dataset, such as "lane"."""
    shown: Show
    steps: Mapping[str, float] = field(default_factory=dict)
    """Field -> the step in which the wire writes it, in the field's unit; a value may be off by half of it.

    A speed in whole km/h has the step 1 / 3.6. `place` is the step of each coordinate, in metres.
    """
    is_latest: bool = False
    """True where the dataset keeps only the newest row of each source_id."""
    key: tuple[str, ...] = ("source_id",)
    """Columns that tell the rows of one record apart; of no matter where each record gives one row."""
    ids: str = ""
    """How the ids of this stream's records begin, where one answer holds those of several streams."""
    dialects: tuple[str, ...] = ()
    """The dialects of the platform (`City.variants`) in which it is so; none named: all of them."""

    def is_of(self, city: City) -> bool:
        """Whether the city's platform has this stream, and has it so."""
        return not self.dialects or city.variants[self.stream.partition(".")[0]] in self.dialects


def shown_by(view: Callable[[City], Any]) -> Show:
    """The `shown` of a stream whose view is computed whole: a second copy of a record is the first one."""

    def shown(city: City, from_s: float, to_s: float) -> Mapping[str, Shown]:
        return {one.record_id: one for one in reversed(view(city).shown)}

    return shown
