"""All services of one or several cities in one process, on loopback, until somebody says stop."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from citysim.clock import CityClock
from citysim.laps import Laps
from citysim.services.cim import cim
from citysim.services.cloud_control import cloud_control
from citysim.services.credentials import credentials
from citysim.services.served import ServedLog
from citysim.services.traffic_safety import traffic_safety
from citysim.services.transport_info import transport_info
from citysim.views.city import City

log = logging.getLogger(__name__)

SERVICES = ("cloud_control", "traffic_safety", "transport_info", "cim")


class PortTaken(OSError):
    """A port that was asked for by number is in use."""

    def __init__(self, host: str, port: int) -> None:
        self.port = port
        super().__init__(f"port {port} on {host} is already in use: stop what uses it, or give 0 for any free port")


@dataclass(frozen=True, slots=True)
class Options:
    """How the services answer, beside what the city is."""

    log_dir: Path | None = None
    token_life_s: float = 1800.0
    row_cap: int = 10
    repeats: bool = False
    """Whether the recording begins again when it is over."""


def applications(city: City, clock: CityClock, options: Options) -> tuple[dict[str, Starlette], list[ServedLog]]:
    """The four services by name, and the logs they write."""
    logs = {name: ServedLog(name, clock, options.log_dir) for name in SERVICES}
    keys, laps = credentials(), Laps(city, clock, repeats=options.repeats)
    services = {
        "cloud_control": cloud_control(laps, keys, logs["cloud_control"], options.token_life_s),
        "traffic_safety": traffic_safety(laps, keys, logs["traffic_safety"], options.row_cap),
        "transport_info": transport_info(laps, keys, logs["transport_info"]),
        "cim": cim(city, clock, logs["cim"]),
    }
    return services, list(logs.values())


@dataclass(frozen=True, slots=True)
class Served:
    """A city with its clock, and how its services answer."""

    city: City
    clock: CityClock
    options: Options


def serve(
    cities: Sequence[Served],
    sockets: Sequence[socket.socket],
    announce: Callable[[Sequence[Mapping[str, str]]], None],
) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is called once when all answer, with the addresses of each city's
    services by name, in the order of `cities`.

    sockets: as `listening` gives them, for each city in the order of SERVICES; closed at the end.
    """
    services: list[Starlette] = []
    logs: list[ServedLog] = []
    addresses: list[dict[str, str]] = []
    for place, one in enumerate(cities):
        own, own_logs = applications(one.city, one.clock, one.options)
        services += own.values()
        logs += own_logs
        own_sockets = sockets[place * len(SERVICES) : (place + 1) * len(SERVICES)]
        addresses.append({name: address_of(listener) for name, listener in zip(SERVICES, own_sockets, strict=True)})
    try:
        answer_until_stopped(services, sockets, lambda: announce(addresses))
    finally:
        for log_of in logs:
            log_of.close()


def answer_until_stopped(
    services: Sequence[Starlette], sockets: Sequence[socket.socket], ready: Callable[[], None]
) -> None:
    """Answer on `sockets`, one for each of `services`, until SIGTERM or SIGINT. `ready` is called once when all do."""
    asyncio.run(_serve(services, sockets, ready))


def listening(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """One listening socket per port; 0 is any free port.

    Raises PortTaken, and leaves none open, when a port that was given by number is in use.
    """
    sockets: list[socket.socket] = []
    for port in ports:
        one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        sockets.append(one)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
            # Listening at once is what makes the same port given twice fail here, and not later.
            one.listen(128)
        except OSError as problem:
            for opened in sockets:
                opened.close()
            raise PortTaken(host, port) from problem
    return sockets


def address_of(listener: socket.socket) -> str:
    """The base address of a service that answers there."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process, since several of them share it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(services: Sequence[Starlette], sockets: Sequence[socket.socket], ready: Callable[[], None]) -> None:
    servers = [
        _Server(
            uvicorn.Config(
                service,
                lifespan="off",
                access_log=False,
                log_level="warning",
                log_config=None,
                timeout_graceful_shutdown=2,
                # The city's clients stop for breath between pages; a closed connection would look like a fault.
                timeout_keep_alive=60,
            )
        )
        for service in services
    ]

    def stop() -> None:
        # Requests that are cut off now are no errors, and who stopped the city does not want their traces.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    tasks = [asyncio.create_task(server.serve(sockets=[one])) for server, one in zip(servers, sockets, strict=True)]
    while not all(server.started or server.should_exit for server in servers):
        await asyncio.sleep(0.01)
    if not any(server.should_exit for server in servers):
        ready()
    await asyncio.gather(*tasks)
