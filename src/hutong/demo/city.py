"""The simulated city, started as anybody would start it: as a program, from which only its addresses are known."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass

from hutong.demo.place import Place
from hutong.errors import HutongError
from hutong.orchestrate.processes import Run

READY_WITHIN_S = 60.0
CITY = "city"


@dataclass(frozen=True, slots=True)
class City:
    """Four platforms that answer. addresses: platform -> base address."""

    recording_start: str
    addresses: Mapping[str, str]


def begin(run: Run, place: Place) -> None:
    """Start it, on ports of its own choice; `ready` waits for it."""
    when = place.recording_start()
    again = ("--recording-start", when) if when else ()
    # Its credentials and ports are those that it has by itself.
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CITYSIM_", "HUTONG_"))}
    module = ("citysim", "serve", "--json", "--log-dir", str(place.served), *again)
    run.start(CITY, module, variables, place.folder / f"{CITY}.log", piped=True)


def ready(run: Run, place: Place) -> City:
    """The city, once all its platforms accept connections. Raises HutongError when it is not there in time."""
    line = _line(run)
    if not line:
        raise HutongError("the simulated city did not start", f"see {place.folder / f'{CITY}.log'}")
    told = {str(name): str(value) for name, value in json.loads(line).items()}
    city = City(told.pop("recording_start"), told)
    place.keep_recording_start(city.recording_start)
    return city


def _line(run: Run) -> bytes:
    out, line, deadline = run.output(CITY), b"", time.monotonic() + READY_WITHIN_S
    while not line.endswith(b"\n") and (left := deadline - time.monotonic()) > 0:
        if select.select([out], [], [], left)[0]:
            chunk = os.read(out, 65536)
            if not chunk:
                return b""
            line += chunk
    return line if line.endswith(b"\n") else b""
