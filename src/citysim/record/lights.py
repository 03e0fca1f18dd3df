"""What every signal showed in a run: SUMO's log of switches, light by light and group by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from citysim.record import sumo
from citysim.record.network import Movement

LOG = "lights.xml"
STEP_S = 0.5
"""SUMO's step: the positions it writes at a time are those after that step, in which the lights of that time already
held. So a switch logged at a time stands half a second before it in the time of the tracks."""
LIGHTS = {"r": "red", "g": "permissive_green", "G": "protected_green", "y": "yellow"}
"""By SUMO's letter: small g gives way to others, capital G does not."""


@dataclass(frozen=True, slots=True)
class Light:
    """One light of one signal group, from its start to its end in seconds of the recording."""

    junction: str
    signal_group: int
    t_s: float
    """0 for the light that burned when the recording began."""
    light: str
    until_s: float | None
    """None: it still burned at the end."""


def asked_for(folder: Path) -> Path:
    """The additional file that makes SUMO write its log of switches; it changes nothing in the run."""
    path = folder / "lights.add.xml"
    path.write_text(
        f'<additional><timedEvent type="SaveTLSSwitchStates" dest="{LOG}"/></additional>\n', encoding="utf-8"
    )
    return path


def read(log_file: Path, movements: Sequence[Movement], begin_s: int, seconds: int) -> list[Light]:
    """Every light of every group between the seconds `begin_s` and `begin_s` + `seconds` of the run, sorted by start.

    A switch that leaves a group's light as it was makes no new light.
    """
    links: dict[str, dict[int, int]] = {}
    for movement in movements:
        if movement.signal_group is not None and movement.link is not None:
            links.setdefault(movement.junction, {}).setdefault(movement.signal_group, movement.link)
    switches: dict[tuple[str, int], list[tuple[float, str]]] = {}
    for node in sumo.written(log_file).iter("tlsState"):
        junction, state = node.attrib["id"], node.attrib["state"]
        t_s = max(float(node.attrib["time"]) - STEP_S - begin_s, 0.0)
        for group, link in links.get(junction, {}).items():
            shown = switches.setdefault((junction, group), [])
            light = LIGHTS[state[link]]
            if shown and shown[-1][0] == t_s:
                # Before the recording, or replaced in the same step: only the last one counts.
                shown.pop()
            if t_s < seconds and (not shown or shown[-1][1] != light):
                shown.append((t_s, light))
    found = []
    for (junction, group), shown in switches.items():
        ends: list[float | None] = [*(t_s for t_s, _ in shown[1:]), None]
        found += [
            Light(junction, group, t_s, light, until_s) for (t_s, light), until_s in zip(shown, ends, strict=True)
        ]
    return sorted(found, key=lambda one: (one.t_s, one.junction, one.signal_group))
