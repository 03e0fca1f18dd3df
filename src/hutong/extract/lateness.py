"""How late records came: how far behind the cursor that the platform had already reached when they were asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from hutong.extract.window import instant
from hutong.model.incremental import Incremental


class Lateness:
    """How late a record is, by the value of its cursor.

    mark: the cursor at the beginning of the pull, as the source wrote it. None, as for a first pull: nothing is late.
    """

    def __init__(self, incremental: Incremental | None, mark: str | None) -> None:
        self._incremental = incremental
        known = incremental is not None and mark is not None
        self._mark = instant(mark, incremental.form, incremental.zone) if incremental and known else None

    def lags(self, values: Iterable[str | int | float]) -> dict[str | int | float, timedelta]:
        """Those among `values` that came late, and by how much; values that state no instant are punctual."""
        if self._incremental is None or self._mark is None:
            return {}
        form, zone = self._incremental.form, self._incremental.zone
        instants = {value: instant(value, form, zone) for value in dict.fromkeys(values)}
        return {value: self._mark - at for value, at in instants.items() if at is not None and at < self._mark}
