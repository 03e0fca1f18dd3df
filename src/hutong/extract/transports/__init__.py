"""The transports, one file each."""

from __future__ import annotations

from importlib.util import find_spec
from typing import assert_never

from hutong.errors import HutongError
from hutong.extract.transport import Transport
from hutong.model.endpoint import Endpoint


def transport_of(endpoint: Endpoint) -> Transport:
    """The transport of `endpoint`; its libraries are loaded only now."""
    match endpoint.transport:
        case "http" | "soap":
            from hutong.extract.transports.http import walk
        case "database":
            missing = [name for name in ("sqlalchemy", "psycopg", "pymysql") if find_spec(name) is None]
            if missing:
                raise HutongError(f"a front-end database needs {', '.join(missing)}", "install hutong[database]")
            from hutong.extract.transports.database import walk
        case "drop_folder":
            from hutong.extract.transports.drop_folder import walk
        case unknown:
            assert_never(unknown)
    return walk
