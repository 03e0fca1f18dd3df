"""A city that is served for days: after its half hour the recording begins again, and what stands goes on standing."""

from dataclasses import replace
from threading import Lock

from citysim.clock import CityClock
from citysim.views.city import City

KEPT = 3
"""So many laps are remembered, the present one included: an hour and more, as a platform with little room would."""


class Laps:
    """One city on its clock. What does not change with time is asked of `city`, what happens of the laps that `begun`.

    A lap is the city once more, later by the length of the recording. The same vehicles come by and the same things
    happen, in other minutes and under numbers of their own.
    """

    def __init__(self, city: City, clock: CityClock, *, repeats: bool = False) -> None:
        self.city, self.clock = city, clock
        self._repeats, self._lock = repeats, Lock()
        self._laps = {0: city}

    def begun(self) -> tuple[City, ...]:
        """The laps that are remembered, oldest first; of a city that does not repeat, the city itself, begun or not."""
        if not self._repeats:
            return (self.city,)
        newest = max(0, int(self.now_s(self.city) // self.city.truth.duration_s))
        with self._lock:
            # Kept, because a view is computed once for each city that is one and the same.
            self._laps = {
                lap: self._laps.get(lap) or self._lap(lap) for lap in range(max(0, newest - KEPT + 1), newest + 1)
            }
            return tuple(self._laps.values())

    def now_s(self, lap: City) -> float:
        """Seconds between the lap's first second and now; negative before it."""
        return (self.clock.now() - lap.recording_start).total_seconds()

    def _lap(self, number: int) -> City:
        if number == 0:
            return self.city
        return replace(self.city, recording_start=self.city.moment(number * self.city.truth.duration_s), lap=number)
