"""How the cloud-control platform's maps number crossings and phases: MAP and SPAT messages join by these alone.

Source: T/CSAE 53-2020; region 0 and nodes 0 to 255 are for tests.
"""

import numpy as np

from citysim.draws import keys_of
from citysim.views.city import City, once_per_city, rows_of
from citysim.views.cloud_control import PLATFORM, serials

REGION = 1
FIRST_NODE = 256


@once_per_city
def nodes(city: City) -> dict[str, int]:
    """Per junction, its node number. Numbers do not follow the order of the truth."""
    junctions = city.truth.junctions.column("junction").to_pylist()
    ranks = np.argsort(np.argsort(city.draws(PLATFORM, "map").bits("node", keys_of(junctions))))
    return {junction: FIRST_NODE + rank for junction, rank in zip(junctions, ranks.tolist(), strict=True)}


def node_id(city: City, junction: str) -> dict[str, int]:
    """A junction as messages name it."""
    return {"region": REGION, "id": nodes(city)[junction]}


def node_name(city: City, junction: str) -> str:
    """A junction as a base dataset names it."""
    return f"{REGION}/{nodes(city)[junction]}"


@once_per_city
def phases(city: City) -> dict[tuple[str, int], int]:
    """Per junction and signal group, the number of its phase, from 1 on. Controllers number their groups otherwise."""
    groups: dict[str, set[int]] = {}
    for junction, group in rows_of(city.truth.movements, "junction", "signal_group"):
        if group is not None:
            groups.setdefault(junction, set()).add(group)
    found: dict[tuple[str, int], int] = {}
    for junction, known in groups.items():
        order = sorted(known)
        city.draws(PLATFORM, "map").sequence("phases", junction).shuffle(order)
        found |= {(junction, group): place for place, group in enumerate(order, start=1)}
    return found


@once_per_city
def esn_at(city: City) -> dict[str, str]:
    """Per junction, the serial number of its RSU."""
    working = serials(city)
    return {junction: working[rsu] for rsu, junction in rows_of(city.truth.rsus, "rsu", "junction")}
