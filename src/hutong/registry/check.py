"""Checks across files: connector, raw schema and contract must fit one another before any data is read.

Cheap ones only, because the registry is read whenever Airflow parses its DAG files. Mappings are in `check_mapping.py`,
and what needs the unit and projection libraries is in `meaning.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from hutong.errors import nearest
from hutong.model.connector import MANUAL, SHARD, Connector, Stream
from hutong.model.dataset import Dataset
from hutong.model.endpoint import Database, DropFolder, Http, Soap
from hutong.model.format import Csv
from hutong.model.incremental import Incremental, NumberCursor
from hutong.model.paginator import SinglePage, WindowSplit
from hutong.registry.boxes import Box
from hutong.registry.lookup import CodeLists, Source
from hutong.registry.read import File, Place
from hutong.schema.gates import IN_CITY, REFERENCES, columns_of

OPERATIONS = frozenset({"ledger", "quarantine", "operations", "platform_service", "releases", "gate_result"})
FEW = 5
"""The least of persons that a count may tell of."""
_NEEDED = ("city", "source_platform", "source_stream", "source_id", "observed_at", "received_at", "batch", "record")
_SCHEMES = {
    "http": ("http", "https"),
    "soap": ("http", "https"),
    "drop_folder": ("file",),
    "database": ("postgresql", "mysql"),
}
_DATABASE = re.compile(r"[a-z]+://[^/@?#\s]+/[^/@?#\s]+")


def check_dataset(file: File, dataset: Dataset, codes: CodeLists) -> None:
    """A contract by itself: base columns, key, partitions, code lists, cross-field rules."""
    names = dataset.names
    table: Place = ("schema", 0)
    for name in {name for name in names if names.count(name) > 1}:
        file.problem(
            f"the column '{name}' stands twice", *table, "properties", len(names) - 1 - names[::-1].index(name)
        )
    if dataset.id not in OPERATIONS and dataset.count_of is None:
        for name in _NEEDED:
            if name not in names:
                file.problem(
                    f"every base dataset has a column '{name}'; copy it from another contract", *table, "properties"
                )
    if not dataset.key and dataset.id not in OPERATIONS:
        file.problem("no column has primaryKey: true, so rows cannot be told apart", *table, "properties")
    for index, field in enumerate(dataset.fields):
        at = (*table, "properties", index)
        if field.name in dataset.key and not field.required:
            file.problem(f"the key column '{field.name}' must be required", *at)
        if field.code_list is not None and field.code_list not in codes:
            file.problem(f"there is no code list '{field.code_list}'; {nearest(field.code_list, codes)}", *at)
    for rule in dataset.rules:
        for name in rule.fields:
            if name not in names:
                file.problem(
                    f"the rule '{rule.id}' names '{name}', which is no column; {nearest(name, names)}",
                    *table,
                    "quality",
                )
    for gate in dataset.gates:
        for name in columns_of(gate):
            if name not in names:
                file.problem(
                    f"the gate '{gate.name}' names '{name}', which is no column; {nearest(name, names)}",
                    *table,
                    "quality",
                )
            elif name in gate.kwargs.get("only", {}) and dataset.field(name).type != "string":
                file.problem(
                    f"the gate '{gate.name}' is only about some texts of '{name}', which is"
                    f" {dataset.field(name).type}; name a column of texts",
                    *table,
                    "quality",
                )
    if dataset.revision is not None and dataset.revision not in names:
        file.problem(
            f"revision names '{dataset.revision}', which is no column; {nearest(dataset.revision, names)}", *table
        )


def check_count(file: File, dataset: Dataset, datasets: Mapping[str, Dataset]) -> None:
    """What a contract counts must be there, with the columns that it is counted by."""
    count, at = dataset.count_of, ("schema", 0, "customProperties")
    if count is None:
        return
    for name, kind in ((count.hour, "timestamp"), (count.into, "int")):
        if name not in dataset.names:
            file.problem(f"countOf names '{name}', which is no column; {nearest(name, dataset.names)}", *at)
        elif dataset.field(name).type != kind:
            file.problem(f"countOf fills '{name}', which is {dataset.field(name).type}; make it {kind}", *at)
    other = datasets.get(count.dataset)
    if other is None or other.count_of is not None:
        known = [name for name, one in datasets.items() if one.count_of is None]
        file.problem(f"countOf: there is no dataset '{count.dataset}' with rows; {nearest(count.dataset, known)}", *at)
        return
    if "observed_at" not in other.names:
        file.problem(f"countOf: {other.id} does not say when a row was observed, so no hour of it is counted", *at)
    if other.ends is not None:
        file.problem(f"countOf: {other.id} ends at {other.ends.isoformat()}; count one that stays", *at)
    if count.at_least < FEW and any(field.personal != "none" for field in other.fields):
        file.problem(
            f"countOf: {other.id} is about persons, whom a count under {FEW} may tell; write it as atLeast", *at
        )
    for index, field in enumerate(dataset.fields):
        if field.name in (count.hour, count.into):
            continue
        place = ("schema", 0, "properties", index)
        if field.name not in other.names:
            file.problem(f"{other.id} has no column '{field.name}' to be counted by", *place)
        elif other.field(field.name).type != field.type or other.field(field.name).code_list != field.code_list:
            file.problem(f"'{field.name}' has another type or code list in {other.id}; make them the same", *place)
        elif other.field(field.name).personal != "none":
            file.problem(f"'{field.name}' is personal in {other.id}, so nothing is counted by it", *place)


def check_references(file: File, dataset: Dataset, datasets: Mapping[str, Dataset]) -> None:
    """The gates of a contract that name other datasets."""
    for gate in dataset.gates:
        if gate.expectation != REFERENCES:
            continue
        other = datasets.get(gate.kwargs["dataset"])
        if other is None:
            said = f"there is no dataset '{gate.kwargs['dataset']}'; {nearest(gate.kwargs['dataset'], datasets)}"
            file.problem(f"the gate '{gate.name}': {said}", "schema", 0, "quality")
            continue
        for own, name in zip(gate.kwargs["column_list"], gate.kwargs["reference"], strict=True):
            if name not in other.names:
                said = f"{other.id} has no column '{name}'; {nearest(name, other.names)}"
                file.problem(f"the gate '{gate.name}': {said}", "schema", 0, "quality")
            elif own in dataset.names and dataset.field(own).type != other.field(name).type:
                types = f"{dataset.field(own).type} and {other.field(name).type}"
                file.problem(
                    f"the gate '{gate.name}' compares {own} with {other.id}.{name}, which are {types}",
                    "schema", 0, "quality",
                )  # fmt: skip


def check_connector(file: File, connector: Connector) -> None:
    """A connector by itself: its addresses must be ones that its streams' transports can ask."""
    for city in connector.addresses:
        if city not in connector.cities:
            file.problem(
                f"{city} is none of the platform's cities; {nearest(city, connector.cities)}", "addresses", city
            )
    _check_address(file, connector, connector.address, "address")
    for city, address in connector.addresses.items():
        _check_address(file, connector, address, "addresses", city)


def check_cadences(file: File, connector: Connector) -> None:
    """Every stream has a cadence that the connector declares, if it declares any, and every cadence has a stream."""
    for name, stream in connector.streams.items():
        if stream.cadence is not None and stream.cadence not in connector.cadences:
            file.problem(
                f"'{name}': there is no cadence '{stream.cadence}'; {nearest(stream.cadence, connector.cadences)}",
                "streams", name, "cadence",
            )  # fmt: skip
        elif stream.cadence is None and connector.cadences:
            declared = ", ".join(connector.cadences)
            file.problem(f"'{name}' does not say its cadence; state `cadence`, one of {declared}", "streams", name)
    for cadence, streams in connector.by_cadence.items():
        if not streams:
            file.problem(f"no stream has the cadence '{cadence}'; take it out", "cadences", cadence)
    if MANUAL in connector.cadences:
        file.problem(f"'{MANUAL}' means that nothing syncs it but a person; choose another name", "cadences", MANUAL)


def check_dialects(declared: Iterable[tuple[File, Connector]]) -> None:
    """Connectors of one platform, with dialects of their own: no two may serve one city, for rows would not tell them
    apart.
    """
    taken: dict[tuple[str, str], str] = {}
    for file, connector in declared:
        for index, city in enumerate(connector.cities):
            other = taken.setdefault((connector.source_platform, city), connector.platform)
            if other != connector.platform:
                file.problem(
                    f"'{other}' serves {city} already, and a city has one {connector.source_platform};"
                    " take the city out of one of them",
                    "cities", index,
                )  # fmt: skip


def check_boxes(
    declared: Iterable[tuple[File, Connector]], sources: Iterable[Source], boxes: Mapping[str, Box]
) -> None:
    """Every city has a box if a gate of one of its streams holds places against it."""
    boxed = {
        source.connector.platform
        for source in sources
        for dataset in source.datasets.values()
        if any(gate.expectation == IN_CITY for gate in dataset.gates)
    }
    for file, connector in declared:
        for index, city in enumerate(connector.cities):
            if connector.platform in boxed and city not in boxes:
                file.problem(
                    f"nothing says where {city} lies, which gates ask; add its box to schemas/city_boxes.csv",
                    "cities", index,
                )  # fmt: skip


def _check_address(file: File, connector: Connector, address: str, *place: str) -> None:
    """One address of `connector`, which stands at `place`."""
    scheme = address.partition("://")[0]
    for name, stream in connector.streams.items():
        fitting = _SCHEMES[stream.endpoint.transport]
        if scheme not in fitting:
            wanted = " or ".join(f"{one}://" for one in fitting)
            # Not the address itself: it may hold a password that does not belong there.
            file.problem(f"the address must begin with {wanted}, since '{name}' is asked over it", *place)
            return
        folder = stream.endpoint
        is_shared = len(connector.desks) < len(connector.cities)
        if isinstance(folder, DropFolder) and is_shared and "{city}" not in folder.pattern:
            file.problem(
                "the platform has several cities: say by {city} in `pattern` which files are whose",
                "streams",
                name,
                "endpoint",
            )
    if scheme in _SCHEMES["http"] and not _is_bare(address):
        file.problem("the address must be host and port, and a path; name user and password in `auth`", *place)
    if scheme in _SCHEMES["database"] and not _DATABASE.fullmatch(address):
        file.problem(
            f"the address must be {scheme}://host:port/name and nothing more; name user and password in `auth`", *place
        )


def _is_bare(address: str) -> bool:
    """Whether `address` names a host, and no user."""
    try:
        found = urlsplit(address)
        return bool(found.hostname) and found.port != 0 and "@" not in found.netloc
    except ValueError:
        return False


def check_budget(file: File, connector: Connector) -> None:
    """What the owner allows, against what the streams ask for."""
    for index, stretch in enumerate(connector.budget.quiet_hours):
        begin, end = stretch.split("-")
        if begin == end:
            file.problem(
                f"the quiet hours {stretch} end when they begin; to leave it alone, `hutong connector pause`",
                "budget", "quiet_hours", index,
            )  # fmt: skip
    largest = connector.budget.max_page_size
    for name, stream in connector.streams.items():
        asked = _page_size(stream)
        if largest is not None and asked is not None and asked[1] > largest:
            part, size = asked
            file.problem(
                f"'{name}' asks for {size} records a page, more than the budget's max_page_size of {largest};"
                f" state page_size: {largest}",
                "streams", name, part, "page_size",
            )  # fmt: skip


def _page_size(stream: Stream) -> tuple[str, int] | None:
    """Where the records of one page are stated that `stream` asks for, and how many; None where it states none."""
    if isinstance(stream.endpoint, Database):
        return "endpoint", stream.endpoint.page_size
    paginator = stream.paginator
    if isinstance(paginator, SinglePage | WindowSplit) or paginator.page_size_param is None:
        return None
    return "paginator", paginator.page_size


def check_refreshes(file: File, source: Source) -> None:
    """What a pull of all there is leaves out is gone; a pull of one shard leaves out all the others."""
    ending = [dataset.id for dataset in source.datasets.values() if dataset.has_tombstones]
    if source.stream.shards and source.stream.incremental is None and ending:
        file.problem(
            f"every pull reads all of a shard, and rows of {ending[0]} end when a pull no longer shows them: each shard"
            " would end the rows of the others; leave `shards` out, or declare `incremental`",
            "streams", source.name, "shards",
        )  # fmt: skip


def check_stream(file: File, name: str, stream: Stream, schema: Mapping[str, Any]) -> None:
    """A stream against the schema of its raw record."""
    known = schema["properties"]
    named = [("incremental", stream.incremental.cursor_path)] if stream.incremental else []
    named += [("carry", field) for field in stream.carry] + [("personal", field) for field in stream.personal]
    for where, field in named:
        if field.split(".")[0] not in known:
            file.problem(
                f"{where} names '{field}', which the record's schema lacks; {nearest(field, known)}",
                "streams",
                name,
                where,
            )
    if repeated := {shard for shard in stream.shards if stream.shards.count(shard) > 1}:
        file.problem(f"the shard '{min(repeated)}' stands twice", "streams", name, "shards")
    if stream.shards and not stream.is_by_shard:
        file.problem(
            f"every shard would be asked for the same; say by {SHARD} in `endpoint` where its name goes",
            "streams", name, "shards",
        )  # fmt: skip
    if stream.is_by_shard and not stream.shards:
        file.problem(
            f"{SHARD} stands for a shard's name, and no shard is declared; name them: `shards: [north, south]`",
            "streams", name, "endpoint",
        )  # fmt: skip
    incremental = stream.incremental
    if isinstance(incremental, Incremental) and incremental.form == "local" and incremental.zone is None:
        file.problem(
            "the cursor's form 'local' carries no zone; state `zone`, such as Asia/Shanghai",
            "streams",
            name,
            "incremental",
        )
    if isinstance(incremental, NumberCursor) and not isinstance(stream.endpoint, Database):
        file.problem("only a database can be asked by a number", "streams", name, "incremental", "form")
    if isinstance(stream.endpoint, DropFolder):
        if incremental:
            file.problem(
                "a drop folder takes no window: what is new is a file that was not taken; leave `incremental` out",
                "streams",
                name,
                "incremental",
            )
        if stream.paginator != SinglePage():
            file.problem("a file is a page; leave `paginator` out", "streams", name, "paginator")
    if isinstance(incremental, Incremental) and isinstance(stream.endpoint, Http | Soap):
        if incremental.start_param is None:
            file.problem(
                "state `start_param`, the parameter that takes the window's start", "streams", name, "incremental"
            )
        if incremental.end_param is None and (incremental.step or stream.paginator.type == "window_split"):
            file.problem(
                "windows are asked for in parts, so state `end_param`, the parameter that takes a window's end",
                "streams",
                name,
                "incremental",
            )
        if incremental.param_form == "local" and incremental.param_zone is None:
            file.problem("the bounds' form 'local' carries no zone; state `param_zone`", "streams", name, "incremental")
    needed = stream.format.needs | set(re.split(r"[.\[\]]+", stream.data_selector))
    for field in stream.never_keep:
        if field in needed:
            file.problem(
                f"never_keep names '{field}', without which the records cannot be found in what is kept",
                "streams",
                name,
                "never_keep",
            )
    if isinstance(stream.format, Csv) and len(set(stream.format.columns or ())) != len(stream.format.columns or ()):
        file.problem("a column stands twice", "streams", name, "format")
    if stream.paginator.type == "window_split" and incremental is None:
        file.problem("window_split cuts a time window, so the stream needs `incremental`", "streams", name, "paginator")
    if isinstance(stream.endpoint, Database):
        for at, said in _database_problems(stream, stream.endpoint):
            file.problem(said, "streams", name, *at)


def _database_problems(stream: Stream, endpoint: Database) -> Iterator[tuple[Place, str]]:
    """What a stream declares that its database cannot do; and where it stands."""
    key: Place = ("endpoint", "key")
    cursor = stream.incremental.cursor_path if stream.incremental else None
    for name in endpoint.key:
        if name in stream.never_keep:
            yield key, f"'{name}' is never kept (never_keep), so no page can begin behind it; name another column"
        elif name in stream.personal:
            yield key, f"'{name}' is personal, and the place where a pull goes on is kept in the clear; name another"
    if endpoint.columns is not None:
        for name in [*endpoint.key, *([cursor] if cursor else [])]:
            if name not in endpoint.columns:
                yield ("endpoint", "columns"), f"the pull goes by '{name}', so it must be among the columns"
    if stream.format.type != "ndjson":
        yield ("format",), f"the rows of a database come as ndjson, not as {stream.format.type}; remove the line"
    if stream.paginator.type != "single_page":
        yield ("paginator",), "a database is read in pages of endpoint.page_size; remove the paginator"
    for word, is_set in (("data_selector", stream.data_selector), ("carry", stream.carry), ("success", stream.success)):
        if is_set:
            yield (word,), f"the records of a database are its rows; remove `{word}`"
    if isinstance(stream.incremental, Incremental):
        for word in ("start_param", "end_param", "param_zone", "step"):
            if getattr(stream.incremental, word) is not None:
                yield ("incremental", word), f"a database is asked by its column itself; remove `{word}`"
