"""What a fault is: the words of the list that it answers to, a script, and how a pull must end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hutong.errors import PlatformError
from hutong.model.batch import Completeness, Doubt
from tests.torture.server import ALL, Record, Script

NUMBERED = {"type": "page_number", "page_size": 10, "total_path": "total"}
UNCOUNTED = {"type": "page_number", "page_size": 10}
LINKED = {"type": "json_link", "page_size": 10, "next_url_path": "next"}


@dataclass(frozen=True)
class Exact:
    """Every record that the platform holds lands as it was, and the pull is proven."""

    holds: list[Record] = field(default_factory=lambda: ALL)


@dataclass(frozen=True)
class Doubted:
    """What was handed out lands as it was, and the pull says that it may not be all."""

    completeness: Completeness
    doubt: Doubt


@dataclass(frozen=True)
class Fails:
    """The pull ends with this error. What was handed out before it may have landed, and nothing else."""

    error: type[PlatformError]
    said: str


Ends = Exact | Doubted | Fails


@dataclass(frozen=True)
class Fault:
    named: str
    script: Script
    ends: Ends
    stream: dict[str, Any]
    connector: dict[str, Any]

    def __str__(self) -> str:
        return self.script.__name__


FAULTS: list[Fault] = []


def fault(
    named: str, ends: Ends, *, stream: dict[str, Any] | None = None, **connector: Any
) -> Callable[[Script], Script]:
    """Adds the script that follows, for a stream with numbered pages and a total unless `stream` says otherwise."""

    def added(script: Script) -> Script:
        FAULTS.append(Fault(named, script, ends, {"paginator": NUMBERED, **(stream or {})}, connector))
        return script

    return added
