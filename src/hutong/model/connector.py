"""How to talk to a platform: what `connectors/<platform>/connector.yaml` says.

Words follow Airbyte's and dlt's where they have one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, PositiveInt, StringConstraints, model_validator

from hutong.model.auth import Auth, HeaderName, NoAuth, Tls
from hutong.model.bounds import MIB, Budget, Limits
from hutong.model.declared import AnswerPath, CadenceName, CityCode, Cron, Declared, Name, PlatformId, ShardName, Words
from hutong.model.endpoint import Endpoint
from hutong.model.format import Format, Json
from hutong.model.incremental import AnyIncremental, Incremental
from hutong.model.paginator import Paginator, SinglePage

Tier = Literal["edge", "regional", "central"]

SHARD = "{shard}"
"""Stands for a shard's name."""
MANUAL = "manual"
"""What stands for the cadence of a platform that has none: it is synced only when told."""


HeaderValue = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$")]


def _each_once(cities: list[CityCode]) -> list[CityCode]:
    if len(set(cities)) < len(cities):
        raise ValueError("a city stands twice; keep it once")
    return cities


class Success(Declared):
    """How an answer that came with HTTP 200 says that it went well."""

    path: str
    values: list[str]
    message: str | None = None
    """Path to the platform's own words when it did not."""
    refused: list[str] = []
    """Codes that mean the credentials are wrong: no retry."""
    busy: list[str] = []
    """Codes that mean try again."""


Origin = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$")]
"""Scheme, host and port, without a path."""

DriftMode = Literal["evolve", "freeze", "discard_row", "discard_value", "quarantine_row"]


class Stream(Declared):
    """One feed of a platform."""

    title: Words
    """In a connector it may be left out; the stream's name takes its place."""
    cadence: CadenceName | None = None
    """Which of the connector's `cadences` syncs it; where there is only one, it may be left out."""
    endpoint: Endpoint
    shards: list[ShardName] = []
    """Parts that are asked for one by one, each in a sequence of its own, so that several workers share a large stream.
    `{shard}` stands for the part's name in the endpoint: its path, parameters and body, the pattern of a drop folder,
    the table of a database."""
    format: Format = Json()
    success: Success | None = None
    data_selector: AnswerPath = ""
    """Path to the records in an answer, such as `data.rows`; `a[].b` opens lists within lists. Without it the document
    is the list of records itself, or they are where its format keeps them."""
    carry: dict[str, str] = {}
    """Fields of the enclosing elements that each record takes along: `moy: ^^.moy` climbs two lists up."""
    paginator: Paginator = SinglePage()
    incremental: AnyIncremental | None = None
    """Without it every pull reads everything."""
    personal: list[str] = []
    """Fields with personal content. A stream that has any lands encrypted, and no message ever shows a value of it."""
    never_keep: list[str] = []
    """Fields that are cut out before anything is stored."""
    drift: DriftMode = "evolve"
    """What becomes of a record with fields that its schema does not declare, or with values of another JSON type than
    declared. The ledger tells of it in every mode, and none touches what is published already.

    `evolve`: such fields are ignored, such values quarantine the record. `discard_value`: such fields and values are
    left out (a list with such an element as a whole); where a required one is missing then, the record is quarantined.
    `discard_row`: the record is withheld. `quarantine_row`: the record is quarantined. `freeze`: the whole batch is
    refused. Landing keeps all of it, and later batches go on.

    An object is open, and nothing in it is new, if its schema has no `properties`, or declares others by
    `patternProperties` or a schema in `additionalProperties`. In XML and CSV every value is text, so there only fields
    drift.
    """
    max_records: PositiveInt = 50_000
    """A longer pull lands as several batches."""
    max_bytes: PositiveInt = 8 * MIB
    """So does one with more bytes than this."""

    @model_validator(mode="before")
    @classmethod
    def _rows(cls, declared: Any) -> Any:
        """The rows of a database are written one JSON document a line, which nobody needs to say."""
        endpoint = declared.get("endpoint") if isinstance(declared, dict) else None
        is_database = isinstance(endpoint, dict) and endpoint.get("transport") == "database"
        return {"format": "ndjson", **declared} if is_database else declared

    def of(self, shard: str | None) -> Stream:
        """How its part `shard` is asked for; a stream that has no parts as it is."""
        if shard is None:
            return self
        # A shard's name needs no escapes, neither in JSON nor in an address.
        endpoint = self.endpoint.model_dump_json(by_alias=True).replace(SHARD, shard)
        return self.model_copy(update={"endpoint": type(self.endpoint).model_validate_json(endpoint)})

    @property
    def is_by_shard(self) -> bool:
        """Whether what it asks for differs from shard to shard."""
        return SHARD in self.endpoint.model_dump_json(exclude={"move_to"})

    @property
    def window_by(self) -> Incremental | None:
        """How it asks for a stretch of time; None when it reads everything, or goes by a number."""
        return self.incremental if isinstance(self.incremental, Incremental) else None

    @property
    def is_typed(self) -> bool:
        """Whether its documents tell a number from a text."""
        return self.endpoint.transport != "soap" and self.format.type not in ("csv", "xml", "gtfs")


class Connector(Declared):
    """A platform and its streams."""

    platform: PlatformId
    """In `connectors/<platform>/connector.yaml` it may be left out: the folder's name is it. `cim-zone_prefixed` is a
    `cim` that has a dialect of its own in its cities: own connector and mappings, rows of source_platform `cim`."""
    title: Words
    owner: str
    tier: Tier = "regional"
    cities: Annotated[list[CityCode], Field(min_length=1), AfterValidator(_each_once)]
    address: str
    """Base address; `HUTONG_ADDRESS_<PLATFORM>` replaces it, a hyphen in the name written as two underscores. `{city}`
    in it, and in names of secrets, stands for the division code."""
    addresses: dict[CityCode, str] = {}
    """Of those cities whose platform lies elsewhere; `HUTONG_ADDRESS_<PLATFORM>_<CITY>` replaces a city's. A city with
    an address of its own has the budget for itself."""
    hosts: list[Origin] = []
    """Other hosts that its links and redirects may lead to, such as `https://files.example.cn`. They are asked without
    credentials, certificates and cookies; no other host is asked at all."""
    cadences: dict[CadenceName, Cron] = {}
    """How often Airflow syncs its streams: name -> cron expression in Asia/Shanghai, such as
    `{live: "*/5 * * * *", daily: "30 2 * * *"}`. Each is a DAG `sync__<platform>__<name>`; without any, one called
    `manual` runs when told."""
    auth: Auth = NoAuth()
    tls: Tls | None = None
    headers: dict[HeaderName, HeaderValue] = {}
    paginator: Paginator | None = None
    """For all streams that do not declare their own."""
    retries: int = 4
    limits: Limits = Limits()
    budget: Budget = Budget()
    streams: dict[Name, Stream]

    @model_validator(mode="before")
    @classmethod
    def _shared(cls, declared: Any) -> Any:
        """Give every stream what the connector declares for all, the only cadence, and its own name for a title."""
        if not isinstance(declared, dict) or not isinstance(declared.get("streams"), dict):
            return declared
        shared = {"paginator": declared["paginator"]} if "paginator" in declared else {}
        if isinstance(cadences := declared.get("cadences"), dict) and len(cadences) == 1:
            shared["cadence"] = next(iter(cadences))
        streams = {
            name: {"title": {"zh": name, "en": name}, **shared, **stream} if isinstance(stream, dict) else stream
            for name, stream in declared["streams"].items()
        }
        return {**declared, "streams": streams}

    @property
    def source_platform(self) -> str:
        """What its rows name as their source: the platform without its dialect."""
        return self.platform.partition("-")[0]

    @property
    def by_cadence(self) -> dict[str, list[str]]:
        """Cadence -> its streams, both as declared; all of them under `manual` where there is no cadence."""
        return {
            cadence: [name for name, stream in self.streams.items() if (stream.cadence or MANUAL) == cadence]
            for cadence in self.cadences or (MANUAL,)
        }

    def at(self, city: str) -> Connector:
        """How the platform of `city` is asked: with its address and the names of its secrets."""
        address = self.addresses.get(city, self.address).replace("{city}", city)
        tls = None if self.tls is None else _of_city(self.tls, city)
        return self.model_copy(update={"address": address, "auth": _of_city(self.auth, city), "tls": tls})

    def desk(self, city: str) -> str:
        """The name under which what `city` is asked counts: the platform's own, or that of the city's at its address.

        Two cities at one address are one owner's machine; a city with its own must not wait for another's troubles.
        """
        is_own = city in self.addresses or "{city}" in self.address
        return f"{self.platform}.{city}" if is_own else self.platform

    @property
    def desks(self) -> list[str]:
        """All of them, in the order of the cities."""
        return list(dict.fromkeys(self.desk(city) for city in self.cities))


_Declared = TypeVar("_Declared", bound=Declared)


def _of_city(declared: _Declared, city: str) -> _Declared:
    texts = {name: value.replace("{city}", city) for name, value in declared if isinstance(value, str)}
    return declared.model_copy(update=texts)


JsonSchema = dict[str, Any]
