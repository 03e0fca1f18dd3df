"""How late records came: how far behind the cursor that the platform had already reached when they were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from hutong.extract.window import instant
from hutong.model.batch import Record
from hutong.model.incremental import Incremental
from hutong.pages import look


class Lateness:
    """Watches the records of one batch go by. `by`: number of the record -> how late it is; punctual ones are left out.

    mark: the cursor at the beginning of the pull, as the source wrote it. None, as for a first pull: nothing is late.
    """

    def __init__(self, incremental: Incremental | None, mark: str | None) -> None:
        self.by: dict[int, timedelta] = {}
        self._incremental = incremental
        known = incremental is not None and mark is not None
        self._mark = instant(mark, incremental.form, incremental.zone) if incremental and known else None
        self._seen: dict[str | int | float, datetime | None] = {}

    def watch(self, records: Iterable[Record]) -> Iterator[Record]:
        """`records`, as they come."""
        if self._incremental is None or self._mark is None:
            yield from records
            return
        field, form, zone = self._incremental.cursor_path, self._incremental.form, self._incremental.zone
        for record in records:
            value = look(record.content, field)
            if isinstance(value, str | int | float):
                # Few values over many records, so each is parsed once.
                if value not in self._seen:
                    self._seen[value] = instant(value, form, zone)
                at = self._seen[value]
                if at is not None and at < self._mark:
                    self.by[record.number] = self._mark - at
            yield record
