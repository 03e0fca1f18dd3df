"""All declared files below a root, as a registry, with every problem in them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from collections.abc import Mapping as MappingOf
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hutong.errors import RegistryError, nearest
from hutong.model.connector import Connector
from hutong.model.dataset import Dataset
from hutong.model.mapping import Mapping
from hutong.registry.boxes import read_boxes
from hutong.registry.check import (
    check_boxes,
    check_budget,
    check_cadences,
    check_connector,
    check_dialects,
    check_refreshes,
    check_stream,
)
from hutong.registry.check_auth import check_auth
from hutong.registry.check_mapping import check_mapping
from hutong.registry.contracts import contract_of, read_contracts
from hutong.registry.files import CODES, crosswalks_of, mapping_of, schema_of
from hutong.registry.json_schema import read_schema
from hutong.registry.lookup import Code, CodeLists, Registry, Source
from hutong.registry.read import File, Problems, rows_of, validated
from hutong.registry.repairs import REPAIRS, with_repairs
from hutong.settings import Settings

CODE_COLUMNS = ("code", "name_zh", "name_en", "source", "edition")
CROSSWALK_COLUMNS = ("raw", "code", "note")


def open_registry(settings: Settings) -> Registry:
    """The registry below `settings.root`, checked. Raises RegistryError with every problem found."""
    registry, problems = _build(settings)
    if registry is None or problems:
        raise RegistryError(sorted(problems, key=_by_place))
    return registry


def open_sound(settings: Settings, wanted: Callable[[Connector], bool] = lambda connector: True) -> Registry:
    """The registry below `settings.root` without the platforms that are declared wrongly; they are in its `broken`.

    wanted: which platforms are asked for; the streams of others are not read.
    Raises RegistryError with every problem found when one of them is about what all platforms share.
    """
    registry, problems = _build(settings, wanted)
    if registry is None:
        raise RegistryError(problems)
    broken: dict[str, list[str]] = {}
    for problem in sorted(problems, key=_by_place):
        folder, _, within = problem.partition("/")
        platform, is_below, _ = within.partition("/")
        if folder not in ("connectors", "mappings") or not is_below or platform == CODES:
            raise RegistryError(sorted(problems, key=_by_place))
        # A dialect has files of its platform too.
        sharing = {one for one in registry.connectors if one.partition("-")[0] == platform}
        for one in {platform} | sharing:
            broken.setdefault(one, []).append(problem)
    return replace(
        registry,
        sources={name: one for name, one in registry.sources.items() if one.connector.platform not in broken},
        connectors={name: one for name, one in registry.connectors.items() if name not in broken},
        broken={platform: tuple(said) for platform, said in broken.items()},
    )


def _by_place(problem: str) -> tuple[str, int]:
    path, line, *_ = problem.split(":", 2)
    return path, int(line) if line.isdigit() else 0


def _build(
    settings: Settings, wanted: Callable[[Connector], bool] = lambda connector: True
) -> tuple[Registry | None, Problems]:
    """The registry below `settings.root` and its problems; no registry if there is nothing to read."""
    root, problems = settings.root, Problems(settings.root)
    for folder in ("connectors", "schemas", "mappings"):
        if not (root / folder).is_dir():
            problems.add(
                root / folder, 1, f"there is no folder {folder}/ here; run in the project's root or set HUTONG_ROOT"
            )
    if problems:
        return None, problems
    with _uncollected():
        return _read(settings, problems, wanted), problems


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage is looked for meanwhile. What is read stays, and whoever looked would each time look through all that
    Airflow has loaded: a third of the time of a parse.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(settings: Settings, problems: Problems, wanted: Callable[[Connector], bool]) -> Registry:
    root = settings.root
    codes = _code_lists(root, problems)
    datasets = read_contracts(root, codes, problems)
    connectors = _connectors(root, settings.addresses, problems)
    sources: dict[str, Source] = {}
    # Every connector says which cities it serves, and no two of a platform may serve the same.
    check_dialects(connectors.values())
    connectors = {platform: (file, one) for platform, (file, one) in connectors.items() if wanted(one)}
    for platform, (file, connector) in connectors.items():
        crosswalks = _crosswalks(root, platform, codes, problems)
        for name in connector.streams:
            source = _source(root, file, connector, name, datasets, codes, crosswalks, problems)
            if source is not None:
                sources[source.id] = source
        _strays(root, platform, connector, problems)
    boxes = read_boxes(root, problems)
    check_boxes(connectors.values(), sources.values(), boxes)
    found = {platform: connector for platform, (_, connector) in connectors.items()}
    return Registry(root, sources, datasets, found, codes, boxes)


def _code_lists(root: Path, problems: Problems) -> CodeLists:
    lists: dict[str, dict[str, Code]] = {}
    for path in sorted((root / "mappings" / "codes").glob("*.csv")):
        entries = rows_of(path, CODE_COLUMNS, problems)
        lists[path.stem] = {
            row["code"]: Code(row["code"], *(row[column] for column in CODE_COLUMNS[1:])) for row in entries
        }
    return lists


def _connectors(root: Path, addresses: MappingOf[str, str], problems: Problems) -> dict[str, tuple[File, Connector]]:
    connectors: dict[str, tuple[File, Connector]] = {}
    for path in sorted((root / "connectors").glob("*/connector.yaml")):
        file = File(path, problems)
        if isinstance(file.data, dict):
            file.data.setdefault("platform", path.parent.name)
        connector = validated(file, Connector)
        if connector is None:
            continue
        if path.parent.name != connector.platform:
            file.problem(
                f"the folder is called {path.parent.name}, but the platform is '{connector.platform}'", "platform"
            )
        connector = _addressed(connector, addresses)
        check_connector(file, connector)
        check_cadences(file, connector)
        check_budget(file, connector)
        check_auth(file, connector)
        connectors[connector.platform] = (file, connector)
    return connectors


def _addressed(connector: Connector, addresses: MappingOf[str, str]) -> Connector:
    """`connector` with the addresses that the environment says instead."""
    own = {
        city: addresses[f"{connector.platform}_{city}"]
        for city in connector.cities
        if f"{connector.platform}_{city}" in addresses
    }
    address = addresses.get(connector.platform, connector.address)
    return connector.model_copy(update={"address": address, "addresses": {**connector.addresses, **own}})


def _source(
    root: Path,
    file: File,
    connector: Connector,
    name: str,
    datasets: MappingOf[str, Dataset],
    codes: CodeLists,
    crosswalks: MappingOf[str, MappingOf[str, str]],
    problems: Problems,
) -> Source | None:
    platform = connector.platform
    schema = _json_schema(schema_of(root, platform, name), file, name, problems)
    path = mapping_of(root, platform, name)
    if not path.is_file():
        file.problem(f"the stream '{name}' has no mapping; write mappings/{platform}/{name}.yaml", "streams", name)
        return None
    mapping_file = File(path, problems)
    mapping: Mapping | None = validated(mapping_file, Mapping)
    if mapping is None or schema is None:
        return None
    said = f"{path.parent.name}.{name}"
    if mapping.stream != said:
        mapping_file.problem(f"the file maps '{said}', but says stream '{mapping.stream}'; write {said}", "stream")
    readable = set(datasets)
    datasets = {name: one for name, one in datasets.items() if one.count_of is None}
    unknown = [rows.dataset for rows in mapping.rows if rows.dataset not in datasets]
    for index, rows in enumerate(mapping.rows):
        if rows.dataset in unknown:
            is_broken = rows.dataset not in readable and contract_of(root, rows.dataset).is_file()
            said = (
                f"the contract of '{rows.dataset}' is declared wrongly; mend that first"
                if is_broken
                else f"there is no dataset '{rows.dataset}'; {nearest(rows.dataset, datasets)}"
            )
            mapping_file.problem(said, "rows", index, "dataset")
    if unknown:
        return None
    stream = connector.streams[name]
    check_stream(file, name, stream, schema)
    check_mapping(mapping_file, mapping, datasets, stream, schema, crosswalks, codes)
    source = Source(
        connector=connector,
        name=name,
        stream=stream,
        schema=schema,
        mapping=mapping,
        mapping_digest=mapping_file.digest,
        datasets={rows.dataset: datasets[rows.dataset] for rows in mapping.rows},
        crosswalks=crosswalks,
        codes=codes,
    )
    check_refreshes(file, source)
    return with_repairs(source, root, problems)


def _json_schema(path: Path, file: File, name: str, problems: Problems) -> dict[str, Any] | None:
    if not path.is_file():
        file.problem(
            f"the stream '{name}' has no {path.name}; write the JSON Schema of its raw record", "streams", name
        )
        return None
    return read_schema(path, problems)


def _crosswalks(root: Path, platform: str, codes: CodeLists, problems: Problems) -> dict[str, dict[str, str]]:
    walks: dict[str, dict[str, str]] = {}
    for path in crosswalks_of(root, platform):
        walk: dict[str, str] = {}
        known = codes.get(path.stem)
        for line, row in enumerate(rows_of(path, CROSSWALK_COLUMNS, problems), start=2):
            if row["raw"] in walk:
                problems.add(path, line, f"the raw value '{row['raw']}' stands twice")
            if known is not None and row["code"] not in known:
                said = f"'{row['code']}' is not in the code list {path.stem}; {nearest(row['code'], known)}"
                problems.add(path, line, said)
            walk[row["raw"]] = row["code"]
        walks[path.stem] = walk
    return walks


def _strays(root: Path, platform: str, connector: Connector, problems: Problems) -> None:
    """Mapping files that no stream uses: most often a stream's name was mistyped."""
    for path in sorted((root / "mappings" / platform).glob("*.yaml")):
        if path.stem not in connector.streams:
            problems.add(path, 1, f"{platform} has no stream '{path.stem}'; {nearest(path.stem, connector.streams)}")
    for path in sorted((root / "mappings" / platform / REPAIRS).glob("*/*.yaml")):
        name = path.parent.name
        if name not in connector.streams:
            problems.add(path, 1, f"{platform} has no stream '{name}'; {nearest(name, connector.streams)}")
