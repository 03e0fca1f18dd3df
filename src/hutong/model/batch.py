"""What passes between stages: small frozen receipts and the rows beside them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from hutong.model.finding import Finding
from hutong.model.window import Window

Completeness = Literal["proven", "unproven", "incomplete"]
Doubt = Literal[
    "no_total", "no_content", "unframed", "page_full", "repeated_records",
    "total_differs", "total_moved", "repeated_page", "repeated_link", "empty_pages", "gap", "window_full",
    "cursor_unread",
    "increments", "only_still", "older_file", "file_unreadable",
]  # fmt: skip
"""Why a pull is not proven complete; words for it are in mappings/codes/doubt.csv."""
Verdict = Literal["accept", "reject"]
"""What a person decides about a batch that a gate, or drift, refused."""
Fate = Literal[
    "published", "unchanged", "superseded", "duplicate", "quarantined", "refused", "withheld", "dropped", "empty"
]
FATES: tuple[Fate, ...] = (
    "published", "unchanged", "superseded", "duplicate", "quarantined", "refused", "withheld", "dropped", "empty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sequence:
    """One ordered run of batches 批次序列. Its `id` is the app id of every commit made for it.

    run: empty for the live one, `shard/<name>` for the live one of a shard; else what it is and its name, such as
    `backfill/2026-03`, `refresh/20260317T000000`, `replay/1`, `accept/17`, or `backfill/2026-03/replay/1` for the
    replay of a backfill. What it is of stands in front: `shard/north/backfill/2026-03`.
    """

    platform: str
    stream: str
    city: str
    run: str = ""

    @classmethod
    def parse(cls, text: str) -> Sequence:
        """The sequence whose `id` is `text`.

        >>> Sequence.parse("cim/junction/500000/replay/2").run
        'replay/2'
        """
        platform, stream, city, *run = text.split("/", 3)
        return cls(platform, stream, city, run[0] if run else "")

    @property
    def id(self) -> str:
        """Such as `cim/junction/500000`, or `cim/junction/500000/replay/2`."""
        return "/".join(part for part in (self.platform, self.stream, self.city, self.run) if part)

    def within(self, window: Window) -> Sequence:
        """The sequence of its backfill of `window`.

        >>> Sequence("cim", "junction", "500000").within(Window.read("2026-03-17T00:00Z", "2026-03-18T00:00Z")).id
        'cim/junction/500000/backfill/20260317T000000-20260318T000000'
        """
        return replace(self, run="/".join(part for part in (self.run, window.run) if part))

    @property
    def shard(self) -> str | None:
        """The shard of its stream that it brings; None for a stream that has none.

        >>> Sequence("cim", "junction", "500000", "shard/north/backfill/2026-03").shard
        'north'
        """
        kind, *rest = self.run.split("/")
        return rest[0] if kind == "shard" else None

    @property
    def is_live(self) -> bool:
        """Whether it is what syncs pull."""
        return self.run == (f"shard/{self.shard}" if self.shard else "")

    def anew(self, at: datetime) -> Sequence:
        """The sequence of a full refresh begun at `at` (aware): it has no cursor, so it reads from the beginning.

        >>> Sequence("cim", "junction", "500000").anew(datetime(2026, 3, 17, tzinfo=UTC)).id
        'cim/junction/500000/refresh/20260317T000000'
        """
        began = f"refresh/{at.astimezone(UTC):%Y%m%dT%H%M%S}"
        return replace(self, run="/".join(part for part in (self.run, began) if part))

    def is_of(self, other: Sequence) -> bool:
        """Whether both are runs of one stream in one city, of whichever shard."""
        return (self.platform, self.stream, self.city) == (other.platform, other.stream, other.city)

    @property
    def is_replay(self) -> bool:
        """Whether it moves what another sequence published, and has no pull of its own."""
        return self.run.split("/")[-2:-1] == ["replay"]

    @property
    def refreshes(self) -> str:
        """App id under which a table keeps the time of the newest complete refresh of this source, whatever run it
        came in; the number is in microseconds since 1970.
        """
        return f"{self.platform}/{self.stream}/{self.city}#refresh"

    @property
    def source_platform(self) -> str:
        """The platform that rows name as their source: its dialect, behind a hyphen, is how it is asked and read, not
        what it is.

        >>> Sequence("cim-zone_prefixed", "junction", "460200").source_platform
        'cim'
        """
        return self.platform.partition("-")[0]

    @property
    def source(self) -> str:
        """Such as `cim.junction`, as people write it."""
        return f"{self.platform}.{self.stream}"


@dataclass(frozen=True, slots=True)
class Resume:
    """What the last landed page of a sequence says about the next one; both None before the very first pull.

    cursor: the newest cursor value seen, as the source wrote it.
    position: where a pull that did not come to its end goes on (`Page.resume`); None when it did.
    """

    cursor: str | None = None
    position: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a platform, as it came.

    url: without secrets. body: the bytes as received. records: how many records it holds.
    cursor: the newest cursor value seen up to and including this page, as the source wrote it. cursor_at: the instant
    that it states, in UTC. mark: the cursor with which the pull began; what lies before it came late.
    resume: where the pull goes on after this page, as JSON; None when it is the last.
    doubt: why it is not proven complete.
    """

    url: str
    status: int
    content_type: str
    body: bytes
    fetched_at: datetime
    elapsed_s: float
    attempts: int
    records: int
    cursor: str | None
    resume: str | None
    completeness: Completeness
    doubt: Doubt | None = None
    cursor_at: datetime | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """Receipt of `land`: which batches of a sequence lie there, none if the platform had nothing new."""

    sequence: str
    first: int | None
    last: int | None
    records: int
    size: int
    completeness: Completeness
    doubt: Doubt | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for Airflow."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Record:
    """A raw record: its place in the batch (`number`), in the landing (`page`, `position`), and its content."""

    number: int
    page: int
    position: int
    content: dict[str, Any]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that may not pass, and why. `raw` is None for streams with personal fields.

    repairs: names of those that let it pass all the same; none for a record that waits.
    """

    record: Record
    findings: tuple[Finding, ...]
    raw: str | None
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GateResult:
    """What a dataset gate said of a batch.

    observed, expected: in figures and signs; observed as `unexpected/all` rows where rows are told apart. rows: how
    many were judged.
    """

    dataset: str
    gate: str
    severity: str
    passed: bool
    observed: str
    expected: str = ""
    rows: int = 0


Change = Literal["field_new", "field_gone", "type_changed"]


@dataclass(frozen=True, slots=True)
class Drift:
    """A field of a batch's records that is not as its stream declares it.

    change: a field that the schema does not declare; a field that the mapping reads and no record has; a field that in
    every record that has it holds another JSON type than declared. field: JSON path. records: how many show it.
    """

    change: Change
    field: str
    records: int


@dataclass(frozen=True, slots=True)
class Versions:
    """What a batch was made with. structure_digest: of the raw record's schema and the stream's drift mode."""

    mapping: int
    mapping_digest: str
    contracts: dict[str, str]
    codes_digest: str
    structure_digest: str
    pseudonym_key: str | None


@dataclass(frozen=True, slots=True)
class Published:
    """Receipt of `publish`: what became of the records of one batch. drift: kind of change -> fields that changed."""

    sequence: str
    batch: int
    received: int
    fates: dict[str, int]
    rows: dict[str, dict[str, int]]
    gates: tuple[GateResult, ...] = field(default=())
    drift: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for Airflow."""
        return asdict(self)
