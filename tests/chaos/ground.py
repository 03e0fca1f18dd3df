"""What all runs of one harness share: declared files, secrets, and the platforms on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import ADDRESS, SECRET, read
from hutong.store.paths import Store
from tests.chaos.script import Script
from tests.city.copied import registry_copy
from tests.hutong.extract.speaking import speaking
from tests.hutong.publish.conftest import without_gates

Stream = tuple[str, str]
FLOW: Stream = ("transport_info", "section_flow")
CROSSINGS: Stream = ("cim", "junction")
ACCIDENTS: Stream = ("traffic_safety", "accident")
STREAMS = (FLOW, CROSSINGS, ACCIDENTS)
"""Two datasets from one stream, a listing that is read whole every time, and one that lands encrypted."""

# The same in every run, so that pseudonyms come out the same.
KEYS = {
    SECRET + "STORE_KEY": "5a" * 32,
    SECRET + "PSEUDONYM_KEY": "c3" * 32,
    SECRET + "TRAFFIC_SAFETY_LICENCE": "SCRIPTED-LICENCE",
    SECRET + "TRANSPORT_INFO_APP_KEY": "scripted",
    SECRET + "TRANSPORT_INFO_SECRET": "scripted",
}


@dataclass(frozen=True)
class Ground:
    """Where lakes are made and what fills them. Plain data, so that it travels to a worker.

    crossings: how often the crossings are listed; the other platforms say themselves when they have no more.
    """

    folder: Path
    crossings: int
    registry: Registry
    environment: dict[str, str] = field(repr=False)

    def secrets(self) -> Secrets:
        """What the connectors name."""
        return resolver(read(self.environment), self.environment)

    def store(self, name: str) -> Store:
        """A lake of its own on the local disk."""
        return Store(str(self.folder / "lakes" / name))


@contextlib.contextmanager
def prepared(folder: Path, script: Script, *, has_gates: bool = False) -> Iterator[Ground]:
    """The ground for `script` in `folder`, its platforms answering for as long as the context lasts.

    has_gates: with the gates of the contracts. Great Expectations then takes six seconds of every run.
    """
    root = registry_copy(folder / "declared")
    _declare_small_pages(root / "connectors")
    for contract in () if has_gates else (root / "schemas").glob("*.yaml"):
        contract.write_text(without_gates(contract.read_text(encoding="utf-8")), encoding="utf-8")
    with speaking(script.answer) as platform:
        addresses = {ADDRESS + name.upper(): f"{platform.address}/0" for name, _ in STREAMS}
        environment = {"HUTONG_ROOT": str(root), **addresses, **KEYS}
        yield Ground(folder, len(script.crossings), open_registry(read(environment)), environment)


def _declare_small_pages(connectors: Path) -> None:
    """Few records make many commits, and the first pull reaches back to the script's spring."""
    for platform, stream in STREAMS:
        path = connectors / platform / "connector.yaml"
        connector = yaml.safe_load(path.read_text(encoding="utf-8"))
        declared: dict[str, Any] = connector["streams"][stream]
        if (platform, stream) == FLOW:
            declared["paginator"]["page_size"] = 20
            declared["max_records"] = 40
        if (platform, stream) == CROSSINGS:
            declared["paginator"]["page_size"] = 10
        if "incremental" in declared:
            declared["incremental"]["since"] = "P3650D"
        path.write_text(yaml.safe_dump(connector, allow_unicode=True, sort_keys=False), encoding="utf-8")
