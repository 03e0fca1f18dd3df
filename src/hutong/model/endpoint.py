"""Where a stream comes from: one kind of endpoint for each transport."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from hutong.model.declared import Declared

Params = dict[str, str | int]


class Http(Declared):
    """A question over HTTP. Window and pages go into the query, or into `json` where there is one."""

    transport: Literal["http"] = "http"
    path: str
    """Below the connector's address. `{city}` stands for the division code, here and in the parameters."""
    method: Literal["GET", "POST"] = "GET"
    params: Params = {}
    json_: Annotated[dict[str, Any] | None, Field(alias="json")] = None
    """Body of a POST. Names such as `page.no` in paginator and incremental reach into it."""


class Soap(Declared):
    """An operation over SOAP 1.1, rpc/encoded, that takes and returns a document as a string.

    Its parts are `params` in their order; window and pages go into the query document.
    """

    transport: Literal["soap"]
    path: str
    operation: str
    namespace: str
    query_part: str
    """The part that takes the query document."""
    params: Params = {}
    licence_part: str | None = None
    """The part that takes the licence of `auth: {type: licence}`."""


def _below(path: str) -> str:
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError("it must stay below the folder: names joined by '/', without '..'")
    return path


def _beside(name: str) -> str:
    if "/" in name or not ("{name}" in name or "{stem}" in name) or name == "{name}":
        raise ValueError("the marker lies beside its file and is called after it, such as '{name}.ok'")
    return name


Below = Annotated[str, AfterValidator(_below)]
"""A path that does not lead out of its folder."""


class Marker(Declared):
    """A file is whole when a file of this name lies beside it; `{name}` and `{stem}` stand for the file's own."""

    type: Literal["marker"]
    name: Annotated[str, AfterValidator(_beside)] = "{name}.ok"


class Stable(Declared):
    """A file is whole when size and time of change have stood still for so long."""

    type: Literal["stable"]
    for_: Annotated[timedelta, Field(alias="for")] = timedelta(seconds=30)


class DropFolder(Declared):
    """Files that somebody else puts into a folder 文件摆渡, such as those behind a boundary device.

    The connector's address is the folder: `file:///data/inbox`.
    """

    transport: Literal["drop_folder"]
    pattern: Below
    """Names of the files, such as `flow_*.csv`; `sub/*.csv` looks one folder deeper, and `{city}` stands for the
    division code. Hidden files and those that end in `.tmp`, `.part` or `~` are never taken."""
    whole: Annotated[Marker | Stable, Field(discriminator="type")]
    """How to tell that a file is no longer being written."""
    each_file: Literal["increment", "whole"] = "increment"
    """What a file holds: what is new since the one before, or all there is. Of whole ones each pull takes one, the
    oldest that waits, and what it lacks is gone (a tombstone) if a marker says that the file is whole."""
    move_to: Below | None = None
    """Folder below the address to which files go that lie safely in the lake; without it they stay."""


class Database(Declared):
    """A table or view of a front-end database 前置库.

    The connector's address names it: `postgresql://host:5432/name` or `mysql://host:3306/name`.
    """

    transport: Literal["database"]
    table: str
    """Its name, with its schema if need be: `outbound.v_flow`."""
    key: Annotated[list[str], Field(min_length=1)]
    """Columns that tell the rows apart; pages are cut along them."""
    columns: list[str] | None = None
    """Columns to read; all without it."""
    page_size: Annotated[int, Field(gt=0)] = 5000


def _pathed(value: Any) -> Any:
    if isinstance(value, str):
        return {"transport": "http", "path": value}
    return {"transport": "http", **value} if isinstance(value, dict) else value


Endpoint = Annotated[
    Annotated[Http | Soap | DropFolder | Database, Field(discriminator="transport")], BeforeValidator(_pathed)
]
"""`endpoint: /rows` is short for `endpoint: {transport: http, path: /rows}`."""
