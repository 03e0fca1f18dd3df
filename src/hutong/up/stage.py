"""`hutong up` and `hutong down` as calls: have a leader begin and wait for it, look at it, have it stop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hutong.errors import HutongError
from hutong.machine.place import Place
from hutong.model.declared import Words
from hutong.orchestrate.api import Api
from hutong.orchestrate.local import USER, password_file
from hutong.orchestrate.processes import leader_of, living, stop_run
from hutong.registry import open_registry
from hutong.settings import Settings
from hutong.up.state import State, read

READY_WITHIN_S = 420.0
STOPPED_WITHIN_S = 30.0
LOOK_EVERY_S = 0.2

Say = Callable[[Words], None]


@dataclass(frozen=True, slots=True)
class Up:
    """What runs. was_up: whether it did before it was asked for."""

    folder: Path
    address: str
    user: str
    password_file: Path
    was_up: bool

    def password(self) -> str:
        """The password of `user`. For a person's eyes: it belongs on no log."""
        return str(json.loads(self.password_file.read_text())[self.user])


@dataclass(frozen=True, slots=True)
class Part:
    """A process of it. health: as Airflow tells it, or `alive`. restarts: how often it was started again."""

    role: str
    pid: int
    started: float
    health: str
    restarts: int


def begin(now: Settings, port: int | None, is_simulated: bool, say: Say) -> Up:
    """Have everything run in `now.home`, and return when it can be used. If it runs already, nothing is changed.

    say: told each step. Raises RegistryError before anything is started, and HutongError when it does not come up; then
    nothing that was started stays.
    """
    open_registry(now)
    folder = now.home
    folder.mkdir(parents=True, exist_ok=True)
    was_up = leader_of(folder) is not None
    leader = None if was_up else _spawn(now, port, is_simulated)
    try:
        state = _wait(folder, leader, (lambda _: None) if _is_ready(folder) else say)
    except KeyboardInterrupt:
        if leader is not None:
            end(now)
        raise
    return Up(folder, str(state.address), USER, password_file(Place(folder).airflow), was_up)


def end(now: Settings) -> list[int]:
    """Stop what runs in `now.home`, and what a killed run left there; nothing else. Returns the processes' numbers."""
    return stop_run(now.home, STOPPED_WITHIN_S)


def look(now: Settings) -> tuple[str | None, list[Part]]:
    """Airflow's address, None while it cannot be used, and every process that runs in `now.home`."""
    state = read(now.home)
    if leader_of(now.home) is None or state is None:
        return None, [Part(one.role, one.pid, one.started, "left over", 0) for one in living(now.home)]
    health, restarts = _health(now.home, state), dict(state.restarts)
    parts = [
        Part(one.role, one.pid, one.started, health.get(one.role, "alive"), restarts.get(one.role, 0))
        for one in living(now.home)
    ]
    return state.address, parts


def _spawn(now: Settings, port: int | None, is_simulated: bool) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "hutong.up.lead"]
    command += ["--port", str(port)] if port else []
    command += [] if is_simulated else ["--no-city"]
    with log_file(now.home).open("ab") as out:
        # S603: this environment's own module, with options made above.
        return subprocess.Popen(  # noqa: S603
            command,
            env={**os.environ, "HUTONG_ROOT": str(now.root), "HUTONG_HOME": str(now.home)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _is_ready(folder: Path) -> bool:
    alive, state = leader_of(folder), read(folder)
    return alive is not None and state is not None and state.leader == alive.pid and state.address is not None


def log_file(folder: Path) -> Path:
    """What the leader has to say."""
    return folder / "up.log"


def _wait(folder: Path, leader: subprocess.Popen[bytes] | None, say: Say) -> State:
    """The state in which it can be used. leader: the process begun here; None when another is waited for."""
    told, deadline = 0, time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        has_ended = leader is not None and leader.poll() is not None
        alive, state = leader_of(folder), read(folder)
        if state is not None and state.leader == (alive.pid if alive else leader.pid if leader else None):
            for step in state.steps[told:]:
                say(step)
            told = len(state.steps)
            # It says so first and then stops what it had started.
            if state.failed and (has_ended or leader is None):
                raise HutongError(state.failed)
            if state.address and alive:
                return state
        if alive is None and (has_ended or leader is None):
            raise HutongError("hutong did not come up", f"see {log_file(folder)}")
        time.sleep(LOOK_EVERY_S)
    raise HutongError("hutong did not come up in time", f"see {log_file(folder)}, and stop it with `hutong down`")


def _health(folder: Path, state: State) -> Mapping[str, str]:
    """Role -> what Airflow says of it."""
    if state.address is None:
        return {}
    try:
        password = json.loads(password_file(Place(folder).airflow).read_text())[USER]
        api = Api(state.address, USER, password)
        if not api.is_up():
            return {"api-server": "unhealthy"}
        return {"api-server": "healthy", **{name.replace("_", "-"): how for name, how in api.health().items()}}
    except (OSError, ValueError, KeyError, HutongError):
        return {"api-server": "unhealthy"}
