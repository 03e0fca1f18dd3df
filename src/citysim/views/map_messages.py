"""The cloud-control platform's lane-level map: one message per crossing, with the streets that lead to it.

Fields and units: T/CSAE 53-2020 (MAP, Node, Link, Lane, Connection); a link belongs to the node at its end.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from citysim.clock import minute_of_utc_year
from citysim.faults import Weaknesses, whole
from citysim.views import device_style
from citysim.views.city import GEOID_SEPARATION_M, City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.cloud_control import PLATFORM
from citysim.views.map_nodes import esn_at, node_id, node_name, phases
from citysim.views.messages import Message, epoch_ms, messages

SIGMA_M = 0.2
PHASE_UNKNOWN_SHARE = 0.02
AGE_DAYS = (20, 60)
LARGEST_LINE = 31
"""Points in one line."""
LANE_TYPES = {True: "vehicle", False: "bikeLane"}
LANE_KINDS = {True: "motor", False: "non_motor"}
TURN_BITS = {"straight": 0, "left": 1, "right": 2, "u_turn": 3}
MANEUVER_BITS = 12

MAP = Weaknesses(
    stream="map",
    fields=("name", "id", "id.region", "id.id", "refPos", "refPos.lon", "refPos.lat", "inLinks"),
    sentinels={
        "refPos.lon": (1800000001, 0),
        "refPos.lat": (900000001, 0),
        "refPos.ele": (-4096,),
        "name": ("null", "-"),
    },
    impossible={
        "refPos.lon": whole((1800000002, 2147483647), (-2147483648, -1800000001)),
        "refPos.lat": whole((900000002, 2147483647), (-2147483648, -900000001)),
        # Higher than the highest mountain: the elevations of a device are text, which no schema bounds.
        "refPos.ele": whole((90001, 999999), (-99999, -4097)),
        # Region 0 is for tests, and tests have been seen in production.
        "id.region": whole((0, 0), (65536, 99999)),
    },
    codes={},
)

Point = tuple[float, float]


@once_per_city
def map_nodes(city: City) -> View:
    """One node per junction, by node number."""
    streets, names = _streets(city), dict(rows_of(city.truth.junctions, "junction", "name_zh"))
    records = []
    for junction, lon, lat, elevation in rows_of(city.truth.junctions, "junction", "lon", "lat", "elevation_m"):
        survey = _Survey(city, junction)
        version = _version(city, junction)
        (place,) = survey.points([lon], [lat])
        record = {
            "name": names[junction],
            "id": node_id(city, junction),
            "refPos": {**_written(place), "ele": round(10 * (elevation + GEOID_SEPARATION_M))},
            "inLinks": [street.link(survey) for street in streets.get(junction, [])],
        }
        name = node_name(city, junction)
        own = {
            "source_id": name,
            "observed_at": version,
            "name": names[junction],
            "node_region": record["id"]["region"],
            "height_m": elevation + GEOID_SEPARATION_M,
            "height_datum": "ellipsoidal",
        }
        rows: dict[str, list[Origin]] = {
            "junction": [Origin(junction, lon, lat, noise_m=survey.noise_m, values=own)],
            "road_segment": [],
            "lane": [],
            "junction_movement": [],
        }
        for street in streets.get(junction, []):
            for dataset, origins in street.rows(survey, version).items():
                rows[dataset] += origins
        told = {dataset: tuple(origins) for dataset, origins in rows.items()}
        records.append(Shown(name, -math.inf, 0.0, record, rows["junction"][0], rows=told))
    return with_faults(city, MAP, sorted(records, key=lambda one: one.record_id))


@once_per_city
def map_messages(city: City) -> tuple[Message, ...]:
    """Each node in a message of its own, stamped with the minute of its version."""
    esns = {node_name(city, junction): (esn, _version(city, junction)) for junction, esn in esn_at(city).items()}

    def body(group: Any) -> dict[str, Any]:
        esn, version = esns[group[0].record_id]
        sent = {"rsuEsn": esn, "timestamp": epoch_ms(version), "timeStamp": minute_of_utc_year(version)}
        if device_style.is_spoken(city):
            nodes = [_relative(device_style.written(one)) for one in group]
            return {**sent, "msgCnt": "0", "nodes": device_style.one_or_many(nodes)}
        return {**sent, "msgCnt": 0, "nodes": [one.record for one in group]}

    return messages(map_nodes(city), lambda one: one.record_id, body)


def _relative(node: dict[str, Any]) -> dict[str, Any]:
    """A node as a device writes it: the points of its lines are offsets from its own place."""
    reference = node.get("refPos")

    def shifted(line: Any) -> Any:
        points = [{"posOffset": device_style.placed(point, reference)} for point in line["points"]]
        return {**line, "points": points}

    def link(one: Any) -> Any:
        lanes = one["lanes"] if isinstance(one["lanes"], list) else [one["lanes"]]
        return {**shifted(one), "lanes": device_style.one_or_many([shifted(lane) for lane in lanes])}

    links = node.get("inLinks")
    if isinstance(links, dict):
        return {**node, "inLinks": link(links)}
    return {**node, "inLinks": [link(one) for one in links]} if isinstance(links, list) else node


class _Survey:
    """One crossing and its streets, measured together: the whole of it is off by the same metres."""

    def __init__(self, city: City, junction: str) -> None:
        draws = city.draws(PLATFORM, "map")
        self._plane = city.plane()
        self.noise_m = (
            SIGMA_M * draws.one_normal("east", junction),
            SIGMA_M * draws.one_normal("north", junction),
        )

    def points(self, lon: Sequence[float], lat: Sequence[float]) -> list[Point]:
        """The places as measured, at most as many as fit into a message."""
        lons, lats = np.array(lon), np.array(lat)
        if len(lons) > LARGEST_LINE:
            kept = np.unique(np.linspace(0, len(lons) - 1, LARGEST_LINE).round().astype(int))
            lons, lats = lons[kept], lats[kept]
        east, north = self.noise_m
        moved = self._plane.shifted(lons, lats, np.full(len(lons), east), np.full(len(lats), north))
        return list(zip(moved[0].tolist(), moved[1].tolist(), strict=True))


class _Street:
    """One edge of the truth, as a link with its lanes."""

    def __init__(self, city: City, edge: Mapping[str, Any], lanes: Sequence[Mapping[str, Any]]) -> None:
        self._city, self._edge, self._lanes = city, edge, lanes
        self._from, self._to = (node_name(city, edge[end]) for end in ("from_junction", "to_junction"))
        self.name = f"{self._from}/{self._to}"
        self._numbers = phases(city)

    def link(self, survey: _Survey) -> dict[str, Any]:
        """The link as the message has it."""
        edge = self._edge
        return {
            "name": edge["name_zh"],
            "upstreamNodeId": node_id(self._city, edge["from_junction"]),
            "speedLimits": {"type": "vehicleMaxSpeed", "speed": round(edge["speed_limit_mps"] / 0.02)},
            "linkWidth": round(100 * self._width_m),
            "points": [_written(one) for one in survey.points(edge["lon"], edge["lat"])],
            "lanes": [self._lane(lane, survey) for lane in self._lanes],
        }

    def rows(self, survey: _Survey, version: datetime) -> dict[str, list[Origin]]:
        """What base datasets should say of it."""
        edge = self._edge
        line = survey.points(edge["lon"], edge["lat"])
        segment = {
            "source_id": self.name,
            "observed_at": version,
            "name": edge["name_zh"],
            "grain": "link",
            "from_node_id": self._from,
            "to_node_id": self._to,
            "speed_limit_mps": edge["speed_limit_mps"],
            "width_m": self._width_m,
            "geometry": line,
        }
        found = {"road_segment": [_of_line(edge["edge"], edge, survey, segment)], "lane": [], "junction_movement": []}
        for lane in self._lanes:
            turns = {connection["turn"] for connection in lane["connections"]}
            values = {
                "source_id": f"{self.name}/{lane['lane_no']}",
                "observed_at": version,
                "road_segment_id": self.name,
                "junction_id": self._to,
                "lane_no": lane["lane_no"],
                "numbered_from": "centre",
                "lane_kind": LANE_KINDS[lane["is_motor"]],
                "allows_straight": "straight" in turns,
                "allows_left": "left" in turns,
                "allows_right": "right" in turns,
                "allows_uturn": "u_turn" in turns,
                "width_m": lane["width_m"],
                "speed_limit_mps": lane["speed_limit_mps"],
                "geometry": survey.points(lane["lon"], lane["lat"]),
            }
            found["lane"].append(_of_line(lane["lane"], lane, survey, values))
            found["junction_movement"] += [self._movement(lane, one, version) for one in lane["connections"]]
        return found

    @property
    def _width_m(self) -> float:
        return float(sum(lane["width_m"] for lane in self._lanes if lane["is_motor"]))

    def _lane(self, lane: Mapping[str, Any], survey: _Survey) -> dict[str, Any]:
        return {
            "laneID": lane["lane_no"],
            "laneWidth": round(100 * lane["width_m"]),
            "laneAttributes": {"laneType": LANE_TYPES[lane["is_motor"]]},
            "maneuvers": _bits({connection["turn"] for connection in lane["connections"]}),
            "speedLimits": {"type": "vehicleMaxSpeed", "speed": round(lane["speed_limit_mps"] / 0.02)},
            "connectsTo": [self._connection(connection) for connection in lane["connections"]],
            "points": [_written(one) for one in survey.points(lane["lon"], lane["lat"])],
        }

    def _connection(self, connection: Mapping[str, Any]) -> dict[str, Any]:
        phase = self._phase(connection)
        return {
            "remoteIntersection": node_id(self._city, connection["to_junction"]),
            "connectingLane": {"lane": connection["to_lane_no"], "maneuver": _bits({connection["turn"]})},
            # Without signals there is no phase at all; 0 is a phase that the map does not know.
            **({} if connection["signal_group"] is None else {"phaseId": phase or 0}),
        }

    def _phase(self, connection: Mapping[str, Any]) -> int | None:
        junction, group = connection["junction"], connection["signal_group"]
        if group is None:
            return None
        draw = self._city.draws(PLATFORM, "map").one("phase unknown", connection["movement"])
        return None if draw < PHASE_UNKNOWN_SHARE else self._numbers[junction, group]

    def _movement(self, lane: Mapping[str, Any], connection: Mapping[str, Any], version: datetime) -> Origin:
        to_node = node_name(self._city, connection["to_junction"])
        values = {
            "source_id": f"{self.name}/{lane['lane_no']}/{to_node}/{connection['to_lane_no']}",
            "observed_at": version,
            "junction_id": self._to,
            "from_segment_id": self.name,
            "from_lane_no": lane["lane_no"],
            "to_node_id": to_node,
            "turn": connection["turn"],
            "phase_id": self._phase(connection),
            "map_version_at": version,
        }
        return Origin(connection["movement"], math.nan, math.nan, values=values)


@once_per_city
def _streets(city: City) -> dict[str, list[_Street]]:
    """Per junction, the edges that end there."""
    truth = city.truth
    edges = {row["edge"]: row for row in truth.edges.to_pylist()}
    connections: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for movement in truth.movements.to_pylist():
        movement["to_junction"] = edges[movement["to_edge"]]["to_junction"]
        connections.setdefault((movement["from_edge"], movement["from_lane_no"]), []).append(movement)
    lanes: dict[str, list[dict[str, Any]]] = {}
    for lane in truth.lanes.to_pylist():
        lane["connections"] = connections.get((lane["edge"], lane["lane_no"]), [])
        lanes.setdefault(lane["edge"], []).append(lane)
    found: dict[str, list[_Street]] = {}
    for edge in edges.values():
        found.setdefault(edge["to_junction"], []).append(_Street(city, edge, lanes.get(edge["edge"], [])))
    return found


def _version(city: City, junction: str) -> datetime:
    """When the map of the crossing was made: a whole minute, because messages say no more."""
    low, high = AGE_DAYS
    age = timedelta(days=low + (high - low) * city.draws(PLATFORM, "map").one("age", junction))
    return (city.recording_start - age).replace(second=0, microsecond=0)


def _of_line(truth_id: str, line: Mapping[str, Any], survey: _Survey, values: dict[str, Any]) -> Origin:
    return Origin(truth_id, line["lon"][0], line["lat"][0], noise_m=survey.noise_m, values=values)


def _written(place: Point) -> dict[str, int]:
    return {"lon": round(place[0] * 1e7), "lat": round(place[1] * 1e7)}


def _bits(turns: set[str]) -> str:
    """Permitted turns as a string of bits, the first of them in front."""
    on = {TURN_BITS[turn] for turn in turns}
    return "".join("1" if bit in on else "0" for bit in range(MANEUVER_BITS))
