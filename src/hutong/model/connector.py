"""How to talk to a platform: what `connectors/<platform>/connector.yaml` says.

Words follow Airbyte's and dlt's where they have one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from hutong.model.declared import CityCode, Declared, Name, Words

Tier = Literal["edge", "regional", "central"]


class NoAuth(Declared):
    """The platform asks for nothing."""

    kind: Literal["none"] = "none"


class BearerLogin(Declared):
    """A login answers with a token of limited life, which goes into the Authorization header."""

    kind: Literal["bearer_login"]
    path: str
    username: Name
    """Name of the secret that holds the user name."""
    password: Name
    token: str
    """Path to the token in the login's answer."""
    expires_in: str | None = None
    """Path to its life in seconds. Without it the token is renewed when the platform answers 401."""


class HmacSignature(Declared):
    """Every request carries a key, a time, a nonce and an HMAC-SHA256 over its sorted parameters."""

    kind: Literal["hmac_signature"]
    app_key: Name
    """Name of the secret that holds the key's public half."""
    secret: Name
    app_key_param: str = "appKey"
    timestamp_param: str = "timestamp"
    nonce_param: str = "nonce"
    sign_param: str = "sign"


class Licence(Declared):
    """A licence serial inside the SOAP body."""

    kind: Literal["licence"]
    secret: Name


Auth = Annotated[NoAuth | BearerLogin | HmacSignature | Licence, Field(discriminator="kind")]


class OnePage(Declared):
    """The whole answer comes at once."""

    kind: Literal["none"] = "none"


class PageNumber(Declared):
    """Pages are counted from 1. Some platforms call the page number `offset`: `param` says the word."""

    kind: Literal["page_number"]
    param: str = "page"
    size_param: str = "size"
    size: PositiveInt = 500
    """Records asked for in one request; the platform may cap it in silence."""
    total: str | None = None
    """Path to the stated total, which proves the pull complete."""
    items: str | None = None
    """Path to what the platform counts, when that is not the record (envelopes that hold several records)."""


class NextLink(Declared):
    """The answer holds a link to the next page (OGC API - Features and others)."""

    kind: Literal["next_link"]
    links: str = "links[]"
    size_param: str = "limit"
    size: PositiveInt = 1000
    total: str | None = None


class WindowSplit(Declared):
    """No pages, but a cap of rows per window: a window that comes back full is cut in two."""

    kind: Literal["window_split"]
    cap: PositiveInt
    """Rows at which the platform stops without a word."""
    least: timedelta = timedelta(seconds=1)
    """A window this short is not cut again; when it is full too, the pull counts as incomplete."""


Paging = Annotated[OnePage | PageNumber | NextLink | WindowSplit, Field(discriminator="kind")]


class Incremental(Declared):
    """Ask only for what is new: from the cursor (the newest value seen, less `lateness`) up to now."""

    field: str
    """Field of the record that moves the cursor."""
    form: Literal["local", "epoch_s", "epoch_ms", "iso"]
    """How the record writes it, as in the mapping rule `time`."""
    zone: str | None = None
    from_param: str
    to_param: str
    param_form: Literal["local", "epoch_s", "epoch_ms", "iso"]
    """How the platform wants the two bounds."""
    param_zone: str | None = None
    """The zone in which the platform reads them, when the form carries none."""
    since: timedelta
    """How far back the very first pull reaches."""
    lateness: timedelta = timedelta(0)
    """Records may show up this much late: every pull reads that much again, and finds duplicates there."""


class Request(Declared):
    """What is asked."""

    path: str
    params: dict[str, str | int] = {}
    operation: str | None = None
    """SOAP: the operation. Its parts are `params`; `query` becomes the XML string it takes."""
    namespace: str | None = None
    query_part: str | None = None
    licence_part: str | None = None


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


DriftMode = Literal["evolve", "freeze", "discard_row", "discard_value", "quarantine_row"]


class Stream(Declared):
    """One feed of a platform."""

    title: Words
    transport: Literal["json", "soap"] = "json"
    request: Request
    success: Success | None = None
    records: str
    """Path to the records in an answer, such as `data.rows[]`."""
    carry: dict[str, str] = {}
    """Fields of the enclosing elements that each record takes along: `moy: ^^.moy` climbs two lists up."""
    paging: Paging = OnePage()
    incremental: Incremental | None = None
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
    `patternProperties` or a schema in `additionalProperties`. In XML every value is text, so there only fields drift.
    """
    max_records: PositiveInt = 50_000
    """A longer pull lands as several batches."""


class Connector(Declared):
    """A platform and its streams."""

    platform: Name
    title: Words
    owner: str
    tier: Tier
    cities: Annotated[list[CityCode], Field(min_length=1)]
    address: str
    """Base address; `HUTONG_ADDRESS_<PLATFORM>` replaces it."""
    schedule: str | None = None
    """How often Airflow syncs it, as a cron expression."""
    auth: Auth = NoAuth()
    headers: dict[str, str] = {}
    timeout_s: float = 60.0
    """Longest silence while an answer is read."""
    retries: int = 4
    max_bytes: PositiveInt = 256 * 1024 * 1024
    """The largest answer that is read."""
    streams: dict[Name, Stream]


JsonSchema = dict[str, Any]
