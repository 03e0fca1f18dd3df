"""Places around Chongqing in GCJ-02, for measuring coordinates alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Degrees = npt.NDArray[np.float64]


def places(count: int) -> tuple[Degrees, Degrees]:
    """Longitudes and latitudes, `count` of each, drawn from a seed."""
    draw = np.random.default_rng(7)
    return draw.uniform(106.3, 106.8, count), draw.uniform(29.4, 29.8, count)
