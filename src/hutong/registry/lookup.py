"""The registry: everything declared, read once and looked up by name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from hutong.errors import AskedWrongly, RegistryError
from hutong.model.batch import Sequence
from hutong.model.connector import Connector, JsonSchema, Stream
from hutong.model.dataset import Dataset
from hutong.model.endpoint import DropFolder
from hutong.model.mapping import Mapping
from hutong.model.repair import Repair
from hutong.registry.boxes import Box


@dataclass(frozen=True, slots=True)
class Code:
    """An entry of a shared code list."""

    code: str
    zh: str
    en: str
    source: str
    edition: str


CodeLists = MappingOf[str, MappingOf[str, Code]]


@dataclass(frozen=True)
class Source:
    """A stream with all that is declared about it.

    crosswalks: list -> raw value -> shared code. schema: JSON Schema of the raw record with its carried fields.
    mapping_digest: SHA-256 of the mapping's file, with its repairs if it has any. repairs: name -> repair.
    """

    connector: Connector
    name: str
    stream: Stream
    schema: JsonSchema
    mapping: Mapping
    mapping_digest: str
    datasets: MappingOf[str, Dataset]
    crosswalks: MappingOf[str, MappingOf[str, str]]
    codes: CodeLists
    repairs: MappingOf[str, Repair] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Such as `cim.junction`."""
        return f"{self.connector.platform}.{self.name}"

    @property
    def cron(self) -> str | None:
        """When Airflow syncs it, in Asia/Shanghai; None when only told."""
        return self.connector.cadences.get(self.stream.cadence) if self.stream.cadence else None

    @property
    def reads_all(self) -> bool:
        """Whether every pull reads all there is, so that it has no cursor."""
        return self.stream.incremental is None and not isinstance(self.stream.endpoint, DropFolder)

    @property
    def deciding(self) -> Dataset:
        """The dataset whose commit says what became of each record."""
        return self.datasets[self.mapping.rows[0].dataset]

    @property
    def retention(self) -> timedelta | None:
        """How long its landed pages are kept: as long as the dataset asks that asks longest; None is for ever."""
        stated = [dataset.retention for dataset in self.datasets.values()]
        return None if None in stated else max(one for one in stated if one is not None)

    @property
    def sequences(self) -> tuple[Sequence, ...]:
        """The live ones: one per city, or per city and shard."""
        runs = [f"shard/{shard}" for shard in self.stream.shards] or [""]
        return tuple(
            Sequence(self.connector.platform, self.name, city, run) for city in self.connector.cities for run in runs
        )

    @cached_property
    def codes_digest(self) -> str:
        """SHA-256 over the crosswalks and the code lists that the datasets use."""
        lists = {field.code_list for dataset in self.datasets.values() for field in dataset.fields if field.code_list}
        text = repr([(name, sorted(walk.items())) for name, walk in sorted(self.crosswalks.items())])
        text += repr([(name, sorted(self.codes[name])) for name in sorted(lists)])
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def structure_digest(self) -> str:
        """SHA-256 over the raw record's schema and what becomes of a record that drifts from it. Its examples are for
        readers and decide nothing.
        """
        schema = {word: value for word, value in self.schema.items() if word != "examples"}
        text = json.dumps([schema, self.stream.drift], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def is_personal(self) -> bool:
        """Whether its records hold personal fields, and so land encrypted."""
        return bool(self.stream.personal)


@dataclass(frozen=True)
class Registry:
    """What connectors/, schemas/ and mappings/ say."""

    root: Path
    sources: MappingOf[str, Source]
    datasets: MappingOf[str, Dataset]
    connectors: MappingOf[str, Connector]
    codes: CodeLists
    boxes: MappingOf[str, Box] = field(default_factory=dict)
    """City -> the box that it lies in."""
    broken: MappingOf[str, tuple[str, ...]] = field(default_factory=dict)
    """Platform -> what is wrong with its files, where it was left out for that."""

    def connector(self, platform: str) -> Connector:
        """The connector of `platform`. Raises AskedWrongly, and RegistryError for one that was left out."""
        if platform in self.broken:
            raise RegistryError(self.broken[platform])
        if platform not in self.connectors:
            raise AskedWrongly.unknown("platform", platform, self.connectors)
        return self.connectors[platform]

    def source(self, platform: str, stream: str) -> Source:
        """One stream of a platform. Raises AskedWrongly."""
        streams = self.connector(platform).streams
        if stream not in streams:
            raise AskedWrongly.unknown(f"stream of {platform}", stream, streams)
        return self.sources[f"{platform}.{stream}"]

    def source_of_rows(self, source_platform: str, stream: str, city: str) -> Source:
        """The stream that the rows of `source_platform` in `city` come from: of the platform itself, or of its dialect
        there. Raises AskedWrongly.
        """
        for connector in self.connectors.values():
            if connector.source_platform == source_platform and city in connector.cities:
                return self.source(connector.platform, stream)
        return self.source(source_platform, stream)

    def sources_of(self, platform: str) -> list[Source]:
        """All streams of a platform, in the connector's order. Raises AskedWrongly."""
        return [self.source(platform, stream) for stream in self.connector(platform).streams]

    def dataset(self, name: str) -> Dataset:
        """The dataset called `name`. Raises AskedWrongly."""
        if name not in self.datasets:
            raise AskedWrongly.unknown("dataset", name, self.datasets)
        return self.datasets[name]

    @property
    def base_datasets(self) -> list[Dataset]:
        """The datasets that some stream fills, older major versions of them too, in the order of their names."""
        filled = {rows.dataset for source in self.sources.values() for rows in source.mapping.rows}
        return [self.datasets[name] for name in sorted(self.datasets) if {name, self.datasets[name].contract} & filled]
