"""What lets a client into the simulated city."""

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Credentials:
    """The defaults are plainly for the simulated city; the environment may name others."""

    cloud_user: str
    cloud_password: str
    police_licence: str
    transport_app_key: str
    transport_secret: str


def credentials(environment: Mapping[str, str] = os.environ) -> Credentials:
    """The credentials that the environment names (CITYSIM_...), else the city's defaults."""
    return Credentials(
        cloud_user=environment.get("CITYSIM_CLOUD_USER", "hutong"),
        cloud_password=environment.get("CITYSIM_CLOUD_PASSWORD", "city-cloud-password"),
        police_licence=environment.get("CITYSIM_POLICE_LICENCE", "CITY-LICENCE-0001"),
        transport_app_key=environment.get("CITYSIM_TRANSPORT_APP_KEY", "hutong-city"),
        transport_secret=environment.get("CITYSIM_TRANSPORT_SECRET", "city-transport-secret"),
    )
