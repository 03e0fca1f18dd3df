"""The services of one or several cities in a process of their own, for tests and demonstrations."""

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 10.0


class CityDidNotStart(RuntimeError):
    """The services' process ended, or said nothing, before it was ready."""


@dataclass(frozen=True, slots=True)
class RunningCity:
    """A city that answers."""

    recording_start: datetime
    cloud_control: str
    traffic_safety: str
    transport_info: str
    cim: str
    process: subprocess.Popen[bytes]
    """Of all cities that were started together."""

    def stop(self) -> int:
        """End the process, if it still runs, and return its exit code."""
        return _ended(self.process)


@contextlib.contextmanager
def running(
    *,
    recording_start: datetime | None = None,
    clock_start: datetime | None = None,
    speed: float = 1.0,
    rsus: str = "sensing",
    hz: int = 1,
    log_dir: Path | None = None,
    seed: int | None = None,
    faults: float = 0.005,
    ports: Sequence[int] = (0, 0, 0, 0),
    token_life_s: float = 1800.0,
    row_cap: int = 10,
    city: str = "500000",
    repeats: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningCity]:
    """The four services of `city`, started with `python -m citysim serve`, and stopped on the way out.

    environment: variables to set beside those of this process, such as other credentials.
    Raises CityDidNotStart, with what the process said, when it is not ready in time.
    """
    chosen: dict[str, object] = {
        "--recording-start": recording_start.isoformat() if recording_start else None,
        "--clock-start": clock_start.isoformat() if clock_start else None,
        "--speed": speed,
        "--rsus": rsus,
        "--hz": hz,
        "--log-dir": log_dir,
        "--seed": seed,
        "--faults": faults,
        "--ports": ",".join(map(str, ports)),
        "--token-life-s": token_life_s,
        "--row-cap": row_cap,
        "--city": city,
    }
    with _started(chosen, environment or {}, ["--repeat"] if repeats else []) as process:
        yield _running(_announced(process), process)


@contextlib.contextmanager
def running_cities(
    *codes: str,
    recording_start: datetime | None = None,
    clock_start: datetime | None = None,
    log_dir: Path | None = None,
    seed: int | None = None,
    faults: float = 0.005,
) -> Iterator[Mapping[str, RunningCity]]:
    """The services of two or more cities in one process, by code; as `running`, with logs in a folder for each."""
    chosen: dict[str, object] = {
        "--city": ",".join(codes),
        "--recording-start": recording_start.isoformat() if recording_start else None,
        "--clock-start": clock_start.isoformat() if clock_start else None,
        "--log-dir": log_dir,
        "--seed": seed,
        "--faults": faults,
    }
    with _started(chosen, {}) as process:
        yield {code: _running(told, process) for code, told in _announced(process)["cities"].items()}


@contextlib.contextmanager
def _started(
    chosen: Mapping[str, object], environment: Mapping[str, str], flags: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    options = [text for name, value in chosen.items() if value is not None for text in (name, str(value))]
    # S603: the command is this same package, and every option was built above from typed values.
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "citysim", "serve", "--json", *flags, *options],
        stdout=subprocess.PIPE,
        stderr=None,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        _ended(process)
        if process.stdout is not None:
            process.stdout.close()


def _announced(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What is said in the one line that is printed when all is ready."""
    assert process.stdout is not None
    is_readable, _, _ = select.select([process.stdout], [], [], READY_WITHIN_S)
    line = process.stdout.readline() if is_readable else b""
    if not line:
        raise CityDidNotStart(f"python -m citysim serve was not ready within {READY_WITHIN_S:.0f} s; see its stderr")
    told: dict[str, Any] = json.loads(line)
    return told


def _running(told: Mapping[str, str], process: subprocess.Popen[bytes]) -> RunningCity:
    return RunningCity(
        recording_start=datetime.fromisoformat(told["recording_start"]),
        cloud_control=told["cloud_control"],
        traffic_safety=told["traffic_safety"],
        transport_info=told["transport_info"],
        cim=told["cim"],
        process=process,
    )


def _ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code of the process, which is asked to stop first and made to stop if it does not."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
