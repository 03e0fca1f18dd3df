"""The simulated city, started as anybody would start it: as a program, from which only its addresses are known."""

from __future__ import annotations

import json
import os
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hutong.errors import HutongError
from hutong.machine.place import Place
from hutong.orchestrate.processes import Run

READY_WITHIN_S = 60.0
CITY = "city"


@dataclass(frozen=True, slots=True)
class City:
    """Four platforms that answer. addresses: platform -> base address."""

    recording_start: str
    addresses: Mapping[str, str]


def begin(run: Run, place: Place) -> None:
    """Start one that lives for the recording's half hour and writes down what it serves; `ready` waits for it."""
    when = place.recording_start()
    _start(run, place, "--log-dir", str(place.served), *(("--recording-start", when) if when else ()))


def begin_lasting(run: Run, place: Place, before: City | None = None) -> None:
    """Start one in which the recording is shown again and again; `ready` waits for it.

    before: one of this run that has ended, whose ports it takes over.
    """
    when = before.recording_start if before else place.recording_start()
    ports = ",".join(str(urlsplit(address).port) for address in before.addresses.values()) if before else "0,0,0,0"
    _start(run, place, "--repeat", "--ports", ports, *(("--recording-start", when) if when else ()))


def _start(run: Run, place: Place, *options: str) -> None:
    # Its credentials are those that it has by itself.
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CITYSIM_", "HUTONG_"))}
    run.start(CITY, ("citysim", "serve", "--json", *options), variables, log_file(place), piped=True)


def log_file(place: Place) -> Path:
    """What the city itself has to say."""
    return place.folder / f"{CITY}.log"


def ready(run: Run, place: Place) -> City:
    """The city, once all its platforms accept connections. Raises HutongError when it is not there in time."""
    line = _line(run)
    if not line:
        raise HutongError("the simulated city did not start", f"see {log_file(place)}")
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
