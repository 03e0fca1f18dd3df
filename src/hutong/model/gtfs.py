"""The tables of GTFS Schedule, and which column refers to which.

Source: General Transit Feed Specification, Schedule Reference, https://gtfs.org/documentation/schedule/reference/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Table = Literal[
    "agency", "areas", "attributions", "booking_rules", "calendar", "calendar_dates", "fare_attributes",
    "fare_leg_join_rules", "fare_leg_rules", "fare_media", "fare_products", "fare_rules", "fare_transfer_rules",
    "feed_info", "frequencies", "levels", "location_group_stops", "location_groups", "networks", "pathways",
    "rider_categories", "route_networks", "routes", "shapes", "stop_areas", "stop_times", "stops", "timeframes",
    "transfers", "translations", "trips",
]  # fmt: skip
Derived = Literal["route_stops"]
"""Tables that no feed has, but that follow from those it has."""
DERIVED_FROM: Mapping[str, Table] = {"route_stops": "stop_times"}
"""Derived table -> the table whose rows, with all that they refer to, it is worked out from."""
REQUIRED: frozenset[str] = frozenset({"agency", "routes", "stop_times", "stops", "trips"})
"""Tables that every feed has. (Feeds of demand-responsive services alone may lack stops; none is known here.)"""

KEYS: Mapping[str, str] = {
    "agency": "agency_id",
    "areas": "area_id",
    "calendar": "service_id",
    "fare_attributes": "fare_id",
    "levels": "level_id",
    "networks": "network_id",
    "routes": "route_id",
    "stops": "stop_id",
    "trips": "trip_id",
}
"""Table that others refer to -> its key."""

REFERENCES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "attributions": {
        "agency_id": ("agency", "agency"),
        "route_id": ("route", "routes"),
        "trip_id": ("trip", "trips"),
    },
    "fare_attributes": {"agency_id": ("agency", "agency")},
    "fare_rules": {"fare_id": ("fare", "fare_attributes"), "route_id": ("route", "routes")},
    "frequencies": {"trip_id": ("trip", "trips")},
    "pathways": {"from_stop_id": ("from_stop", "stops"), "to_stop_id": ("to_stop", "stops")},
    "route_networks": {"network_id": ("network", "networks"), "route_id": ("route", "routes")},
    "routes": {"agency_id": ("agency", "agency")},
    "stop_areas": {"area_id": ("area", "areas"), "stop_id": ("stop", "stops")},
    "stop_times": {"trip_id": ("trip", "trips"), "stop_id": ("stop", "stops")},
    "stops": {"parent_station": ("parent", "stops"), "level_id": ("level", "levels")},
    "transfers": {
        "from_stop_id": ("from_stop", "stops"),
        "to_stop_id": ("to_stop", "stops"),
        "from_route_id": ("from_route", "routes"),
        "to_route_id": ("to_route", "routes"),
        "from_trip_id": ("from_trip", "trips"),
        "to_trip_id": ("to_trip", "trips"),
    },
    "trips": {"route_id": ("route", "routes"), "service_id": ("service", "calendar")},
}
"""Table -> column -> under which name a record holds the row referred to, and the table it is in."""

KEY_COLUMNS: frozenset[str] = frozenset(KEYS.values()) | {
    column for columns in REFERENCES.values() for column in columns
}
