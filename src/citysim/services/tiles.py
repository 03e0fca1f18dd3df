"""The cloud-control platform of a city of many tiles: its login and its RSM endpoint, answered from rendered pages."""

from starlette.applications import Starlette

from citysim.clock import CityClock
from citysim.services.answer import Answer, Asked, application
from citysim.services.cloud_rest import (
    LOGGED,
    RSM_LARGEST_PAGE,
    RSM_PAGE,
    Door,
    error,
    messages,
    page_asked,
    window_asked_ms,
)
from citysim.services.credentials import Credentials
from citysim.services.served import ServedLog
from citysim.tiles import Tiles

TOKEN_LIFE_S = 1800.0


def tiled(tiles: Tiles, credentials: Credentials) -> Starlette:
    """The service. All of its minutes are past: load does not wait for its time to come."""
    door = Door(credentials, TOKEN_LIFE_S)

    def rsm(asked: Asked) -> Answer:
        first, limit = page_asked(asked, RSM_PAGE, RSM_LARGEST_PAGE)
        return messages(*tiles.page(*window_asked_ms(asked), first, limit))

    return application(
        {
            ("POST", "/api/v1/login"): door.guarded(door.login, needs_token=False),
            ("GET", "/api/v1/rsm"): door.guarded(rsm),
        },
        served=ServedLog("tiles", CityClock(tiles.start, tiles.start), None),
        logged_params=LOGGED,
        not_found=lambda asked: error(404, "not found: tiles answer for rsm alone"),
        broken=error(500, "internal error"),
    )
