"""Signal phases as the cloud-control platform forwards them: one message whenever lights of a crossing change.

Fields and codes: T/CSAE 53-2020 (SPAT, PhaseState); times within `counting` are from now on, in tenths of a second.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from citysim.draws import Draws, keys_of
from citysim.faults import Weaknesses, whole
from citysim.views import device_style
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.cloud_control import PLATFORM
from citysim.views.map_nodes import esn_at, node_id, node_name, phases
from citysim.views.messages import Message, envelope, messages

CONNECTED_SHARE = 1 / 3
"""Share of the signalised crossings whose controller is connected to its RSU."""
FORWARDED_AFTER_S = 0.2
END_SIGMA_S = 1.0
"""How far the controller's forecast of a change is off."""
STEP_S = 0.1
TENTHS_OF_AN_HOUR = 36000
FAR_MARK, UNKNOWN_MARK = 36000, 36001

LIGHTS = {"red": 3, "permissive_green": 5, "protected_green": 6, "yellow": 7}

SPAT = Weaknesses(
    stream="spat",
    fields=("phaseId", "light", "timing", "timing.counting", "timing.counting.likelyEndTime"),
    sentinels={"timing.counting.likelyEndTime": (FAR_MARK, UNKNOWN_MARK)},
    impossible={
        "timing.counting.likelyEndTime": whole((36002, 99999), (-999, -1)),
        "timing.counting.minEndTime": whole((36002, 99999), (-999, -1)),
    },
    codes={"light": whole((9, 99))},
)


_Change = tuple[str, int, float, str, float | None]
"""Junction, phase, seconds of the recording, light, and until when it burns."""


@once_per_city
def spat(city: City) -> View:
    """Every change of a light at the connected crossings, sorted by time, crossing and phase."""
    draws, numbers, esns = city.draws(PLATFORM, "spat"), phases(city), esn_at(city)
    connected = _connected(city, draws)
    changes = [
        (junction, numbers[junction, group], t_s, light, until_s)
        for junction, group, t_s, light, until_s in rows_of(
            city.truth.signals, "junction", "signal_group", "t_s", "light", "until_s"
        )
        if junction in connected and (junction, group) in numbers
    ]
    # Keys are whole numbers: the simulation steps by half seconds, so tenths tell any two changes apart.
    junctions, numbered, tenths = (
        keys_of(one[0] for one in changes),
        np.array([one[1] for one in changes], dtype=np.int64),
        np.array([round(one[2] * 10) for one in changes], dtype=np.int64),
    )
    noise_s = END_SIGMA_S * draws.normal("end", junctions, numbered, tenths) if changes else np.zeros(0)
    records = [
        _state(esns[change[0]], node_name(city, change[0]), change, noise)
        for change, noise in zip(changes, noise_s.tolist(), strict=True)
    ]
    return with_faults(city, SPAT, sorted(records, key=lambda one: (one.stamp_s, one.record_id)))


@once_per_city
def spat_messages(city: City) -> tuple[Message, ...]:
    """The changes of one crossing at one instant in one message."""
    intersection = {node_name(city, one): node_id(city, one) for one in esn_at(city)}

    def body(group: Any) -> dict[str, Any]:
        if device_style.is_spoken(city):
            return _as_device(city, group)
        first = group[0]
        junction, sent = str(first.origin.values["junction_id"]), envelope(city, _esn_of(first), first.stamp_s)
        state = {
            "intersectionId": intersection[junction],
            "status": "0000000000000000",
            "timeStamp": sent["timestamp"] % 60_000,
            "phases": [one.record for one in group],
        }
        return {**sent, "msgCnt": round(first.stamp_s) % 128, "intersections": [state]}

    return messages(spat(city), lambda one: (one.stamp_s, one.origin.values["junction_id"]), body)


def _as_device(city: City, group: Sequence[Shown]) -> dict[str, Any]:
    """The message as a device writes it: ends are marks within the UTC hour instead of times from now on."""
    first = group[0]
    region, node = str(first.origin.values["junction_id"]).split("/")
    sent = envelope(city, _esn_of(first), first.stamp_s)
    phases = [_with_marks(one, sent["timestamp"] // 100) for one in group]
    state = {
        "intersectionId": {"region": region, "id": node},
        "status": "0000000000000000",
        "timeStamp": str(sent["timestamp"] % 60_000),
        "phases": device_style.one_or_many(phases),
    }
    return {**sent, "msgCnt": str(round(first.stamp_s) % 128), "intersections": state}


def _with_marks(one: Shown, now: int) -> dict[str, Any]:
    """now: tenths of a second since 1970."""
    timing = one.record.get("timing")
    counting = timing.get("counting") if isinstance(timing, dict) else None
    if not isinstance(counting, dict):
        broken = device_style.written(one)
        return {**broken, "timing": {"utcTiming": counting}} if isinstance(timing, dict) and timing else broken
    # What was planted is what travels; it is no time from now on.
    planted = one.fault.field if one.fault is not None and one.fault.field is not None else ""
    marks = {
        name: value
        if planted.endswith(f".{name}") or value in (FAR_MARK, UNKNOWN_MARK)
        else (now + value) % TENTHS_OF_AN_HOUR
        for name, value in counting.items()
    }
    shown = device_style.written(replace(one, record={**one.record, "timing": {"counting": marks}}))
    return {**shown, "timing": {"utcTiming": shown["timing"]["counting"]}}


def _esn_of(one: Shown) -> str:
    return one.record_id.partition("/")[0]


def _connected(city: City, draws: Draws) -> frozenset[str]:
    signalised = sorted(set(city.truth.signals.column("junction").to_pylist()))
    ranked = sorted(signalised, key=lambda junction: draws.one("connected", junction))
    return frozenset(ranked[: math.ceil(CONNECTED_SHARE * len(ranked))])


def _state(esn: str, node: str, change: _Change, noise_s: float) -> Shown:
    junction, phase, t_s, light, until_s = change
    remaining = None if until_s is None else max(STEP_S, until_s - t_s + noise_s)
    least, most = (None if remaining is None else share * remaining for share in (0.7, 1.3))
    counting = {
        "startTime": 0,
        "likelyEndTime": UNKNOWN_MARK if remaining is None else round(remaining / STEP_S),
        **(
            {}
            if least is None or most is None
            else {"minEndTime": round(least / STEP_S), "maxEndTime": round(most / STEP_S)}
        ),
    }
    values = {
        "source_id": f"{node}/{phase}",
        "observed_at": t_s,
        "junction_id": node,
        "phase_id": phase,
        "light": light,
        "remaining_s": remaining,
        "min_end_s": least,
        "max_end_s": most,
    }
    record = {"phaseId": phase, "light": LIGHTS[light], "timing": {"counting": counting}}
    origin = Origin(f"{junction}/{phase}", math.nan, math.nan, t_s, values=values)
    return Shown(f"{esn}/{phase}@{t_s:.1f}", t_s + FORWARDED_AFTER_S, t_s, record, origin)
