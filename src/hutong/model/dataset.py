"""A base dataset as its contract describes it, reduced to what the engine uses.

Source: Open Data Contract Standard v3.1 (`schema/contract.py` reads the file).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NewType

from hutong.model.declared import Words

FieldType = Literal["string", "int", "long", "double", "boolean", "timestamp", "date", "binary"]
WriteMode = Literal["append", "latest"]
Severity = Literal["critical", "warning", "info"]
Personal = Literal["none", "ordinary", "sensitive"]
RuleKind = Literal[
    "required", "range", "pattern", "code",
    "before", "not_above", "together", "within", "required_if", "jump",
]  # fmt: skip
"""What a row rule looks at: the first four follow from columns, the others are declared across them."""
TableName = NewType("TableName", str)
"""What a dataset is called where the name must last: in the store and in the ledger."""

ENGINE_FIELDS = (
    "city",
    "source_platform",
    "source_stream",
    "received_at",
    "batch",
    "record",
    "run",
    "date",
    "last_seen_at",
)
"""Columns that the engine fills itself; a mapping must not."""

SOURCE = ("city", "source_platform", "source_stream")
"""Columns that all rows of one stream in one city share."""

PROVENANCE = frozenset({"observed_at", "received_at", "batch", "record", "run", "date", "last_seen_at"})
"""Columns that say where and when a row came from: two rows that differ in these alone say the same."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column. `unit` is a UCUM symbol, `minimum` and `maximum` are in it; `currency` is a code of ISO 4217.

    description, description_zh: the same in English and in Chinese; the Chinese one is empty where nobody wrote it.
    """

    name: str
    words: Words
    description: str
    type: FieldType
    required: bool
    unit: str | None = None
    currency: str | None = None
    crs: str | None = None
    code_list: str | None = None
    personal: Personal = "none"
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    description_zh: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What a contract says to people, in both languages; a text that nobody wrote is empty."""

    description: Words
    grain: Words
    purpose: Words
    usage: Words
    limitations: Words
    provider: Words
    update_cycle: Words


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule that every row must keep. `kind` says how `args` are read; `id` never changes."""

    id: str
    kind: RuleKind
    fields: tuple[str, ...]
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """A rule that a whole batch must keep: one Great Expectations expectation as plain data."""

    name: str
    words: Words
    severity: Severity
    expectation: str
    kwargs: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CountOf:
    """Rows of another dataset, counted by the columns that both have and by the hour in which they were observed.

    dataset: what is counted. hour, into: the columns that take the hour's beginning and the count. at_least: smaller
    counts are left out, since a small count may tell of one person.
    """

    dataset: str
    hour: str
    into: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """A shared table and its rules: one major version of one contract.

    id: what people call it, the contract's id for its newest major version and `<contract>_v<major>` for older ones.
    """

    id: str
    version: str
    words: Words
    description: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    partition_by: tuple[str, ...]
    write_mode: WriteMode
    revision: str | None
    """Column that orders two versions of one row beside `observed_at`, if the source states one."""
    rules: tuple[RowRule, ...]
    gates: tuple[Gate, ...]
    properties: dict[str, Any]
    """The contract's other custom properties: layer, sharing, dataLevel, provider, updateCycle, authority."""
    digest: str
    """SHA-256 of the contract file."""
    retention: timedelta | None = None
    """How long the pages are kept from which its rows are made; None is for ever."""
    frequency: timedelta | None = None
    """How often there is something new of it."""
    latency: timedelta | None = None
    """How long what is due of it may be on its way to the lake; None where nothing is promised."""
    successor: str | None = None
    """Of an older major version: the dataset that takes its place, which has the contract's id."""
    ends: datetime | None = None
    """Of an older major version: the instant from which it is no longer served."""
    about: About | None = None
    """None where only a table's terms are known."""
    count_of: CountOf | None = None
    """Of a dataset that has no table: what it counts, at the moment at which it is asked."""

    @property
    def contract(self) -> str:
        """Id of the contract."""
        return self.successor or self.id

    @property
    def major(self) -> int:
        """Number that only a breaking change raises."""
        return int(self.version.partition(".")[0])

    @property
    def table(self) -> TableName:
        """The name that stays when a newer major version takes over the id.

        A dot, because no declared name has one: so no other dataset can be called the same.
        """
        return TableName(self.contract if self.major == 1 else f"{self.contract}.v{self.major}")

    def has_ended(self, at: datetime) -> bool:
        """Whether it is no longer served at `at` (aware). Its rows are kept."""
        return self.ends is not None and self.ends <= at

    def field(self, name: str) -> Field:
        """The field called `name`. Raises KeyError."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in the contract's order."""
        return tuple(field.name for field in self.fields)

    @property
    def own_key(self) -> tuple[str, ...]:
        """The key among rows of one source."""
        return tuple(name for name in self.key if name not in SOURCE)

    @property
    def has_tombstones(self) -> bool:
        """Whether rows that a complete refresh no longer shows stay, with `last_seen_at`."""
        return self.write_mode == "latest" and "last_seen_at" in self.names

    @property
    def content(self) -> tuple[str, ...]:
        """Columns by which two rows of one key are compared."""
        return tuple(name for name in self.names if name not in PROVENANCE and name not in self.key)
