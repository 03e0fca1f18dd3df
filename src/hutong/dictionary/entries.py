"""What is declared, joined as a reader asks for it: a dataset with the streams that fill it, a list with its users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hutong.conversions import BY_HUTONG, Conversion, chosen_by, conversion_of
from hutong.dictionary.example import Example, examples_of
from hutong.model.dataset import Dataset, Field
from hutong.model.declared import Words
from hutong.model.mapping import Rows
from hutong.model.path import Level, read_each, read_path
from hutong.model.privacy import HIDDEN
from hutong.registry import Registry, Source
from hutong.registry.build import CROSSWALK_COLUMNS
from hutong.registry.check import OPERATIONS
from hutong.registry.files import mapping_of
from hutong.registry.read import File, Problems, rows_of


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a mapping: what it does, and where it stands."""

    conversion: Conversion
    number: int


@dataclass(frozen=True)
class Filling:
    """How one stream fills one dataset, by one part of its mapping. file: path of the mapping. examples: those that
    make rows of the dataset, or are refused.
    """

    source: Source
    dataset: Dataset
    part: Rows
    file: str
    lines: tuple[Line, ...]
    examples: tuple[Example, ...]

    @property
    def chosen_by(self) -> list[Words]:
        """Which parts of a record become rows."""
        return chosen_by(self.part)

    @property
    def by_hutong(self) -> list[tuple[Field, Words]]:
        """The columns that hutong fills, and with what."""
        mapped = {name for line in self.lines for name in line.conversion.fills}
        return [
            (one, BY_HUTONG[one.name])
            for one in self.dataset.fields
            if one.name not in mapped and one.name in BY_HUTONG
        ]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a crosswalk."""

    raw: str
    code: str
    note: str


class Entries:
    """Everything declared in `registry`, joined. Nothing is read twice."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    @cached_property
    def fillings(self) -> list[Filling]:
        """Every pair of a stream and a dataset that it fills, by stream."""
        return [
            self._filling(source, index, rows.dataset)
            for _, source in sorted(self.registry.sources.items())
            for index, rows in enumerate(source.mapping.rows)
        ]

    def _filling(self, source: Source, index: int, name: str) -> Filling:
        where = mapping_of(self.registry.root, source.connector.platform, source.name)
        path, file = where.relative_to(self.registry.root).as_posix(), File(where, Problems(self.registry.root))
        dataset = source.datasets[name]
        lines = tuple(
            Line(conversion_of(column, rule, dataset, source), file.line("rows", index, "fields", column))
            for column, rule in source.mapping.rows[index].fields.items()
        )
        examples = tuple(one for one in self.examples[source.id] if one.rows[name] or one.why)
        return Filling(source, dataset, source.mapping.rows[index], path, lines, examples)

    @cached_property
    def examples(self) -> Mapping[str, list[Example]]:
        """Stream -> its examples."""
        return {name: examples_of(source) for name, source in self.registry.sources.items()}

    def filling(self, dataset: Dataset) -> list[Filling]:
        """How `dataset` is filled, by stream."""
        return [one for one in self.fillings if one.dataset.id == dataset.id]

    def of_stream(self, source: Source) -> list[Filling]:
        """What `source` fills."""
        return [one for one in self.fillings if one.source.id == source.id]

    def kind(self, dataset: Dataset) -> str:
        """Of moments (dynamic), of things that stay (reference), or of the gateway's own work (operations)."""
        if dataset.id in OPERATIONS:
            return "operations"
        return "dynamic" if "date" in dataset.partition_by else "reference"

    def layers(self, dataset: Dataset) -> list[str]:
        """The layers of 车路云网图安全 that it belongs to."""
        stated = dataset.properties.get("layer", [])
        return [str(one) for one in (stated if isinstance(stated, list) else [stated])]

    def cases(self, dataset: Dataset) -> Mapping[str, Mapping[str, list[str]]]:
        """Rule -> keeps, breaks -> what a row may and may not say, from the examples beside the contract; empty where
        there are none.
        """
        path = self.registry.root / "schemas" / "examples" / f"{dataset.contract}.yaml"
        if dataset.successor is not None or not path.is_file():
            return {}
        data = File(path, Problems(self.registry.root)).data
        return {
            # A jump's examples are tracks of several rows.
            rule: {
                word: [_case(case, dataset) for case in cases if isinstance(case, dict)] for word, cases in said.items()
            }
            for rule, said in data.get("rules", {}).items()
        }

    def versions(self, dataset: Dataset) -> list[Dataset]:
        """All major versions of the contract, the newest first."""
        of_contract = [one for one in self.registry.datasets.values() if one.contract == dataset.contract]
        return sorted(of_contract, key=lambda one: one.major, reverse=True)

    def users(self, name: str) -> list[tuple[Dataset, Field]]:
        """The fields that hold codes of the list `name`."""
        return [
            (dataset, one)
            for _, dataset in sorted(self.registry.datasets.items())
            for one in dataset.fields
            if one.code_list == name
        ]

    @cached_property
    def lists(self) -> list[str]:
        """Every shared code list, and every scale that only platforms have."""
        scales = {line.conversion.code_list for one in self.fillings for line in one.lines if line.conversion.code_list}
        return sorted({*self.registry.codes, *scales})

    def crosswalks(self, name: str) -> list[tuple[str, list[Entry]]]:
        """Platform -> what it says for codes of the list `name`, as its file has it."""
        found = []
        for platform in sorted(self.registry.connectors):
            path = self.registry.root / "mappings" / platform / "codes" / f"{name}.csv"
            if path.is_file():
                rows = rows_of(path, CROSSWALK_COLUMNS, Problems(self.registry.root))
                found.append((platform, [Entry(**row) for row in rows]))
        return found

    def becomes(self, source: Source) -> Mapping[str, list[tuple[Dataset, str]]]:
        """Path of the raw record -> the columns that are made from it."""
        found: dict[str, list[tuple[Dataset, str]]] = {}
        for one in self.of_stream(source):
            levels: list[Level] = [(*keys, 0) for keys in read_each(one.part.each)] if one.part.each else []
            for line in one.lines:
                for path in line.conversion.reads:
                    whole = _written(read_path(path).within(levels))
                    found.setdefault(whole, []).append((one.dataset, line.conversion.fills[0]))
        return found


def _case(case: Mapping[str, Any], dataset: Dataset) -> str:
    """The columns in which an example differs from the first one; of a personal one only whether it is given."""
    said = []
    for name, value in case.items():
        is_shown = value is None or dataset.field(name).personal == "none"
        said.append(f"{name} = {'null' if value is None else value if is_shown else HIDDEN}")
    return ", ".join(said)


def _written(path: Level) -> str:
    """A path from the record, as `raw_fields` writes it.

    >>> _written(("rsms", 0, "participants", 0, "ptcId"))
    'rsms[].participants[].ptcId'
    """
    return "".join("[]" if step == 0 else f".{step}" for step in path).removeprefix(".")
