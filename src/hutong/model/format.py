"""What the bytes of an answer are. Encodings are those of the document itself unless `encoding` says otherwise."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from hutong.model.declared import Declared
from hutong.model.gtfs import KEY_COLUMNS, Derived, Table

Encoding = Literal["utf-8", "gbk", "gb18030", "utf-16"]


class _Format(Declared):
    """What all formats have."""

    needs: ClassVar[frozenset[str]] = frozenset()
    """Names without which a document cannot be read, so that no `never_keep` may hold them."""

    @property
    def holds_several(self) -> bool:
        """Whether an answer is a list of documents, each with records of its own."""
        return False


class _Text(_Format):
    """What all text formats have."""

    encoding: Encoding | None = None
    """Without it: a byte order mark, else what the document declares, else what its header declares, else UTF-8."""
    member: str | None = None
    """The answer is a zip: a pattern such as `*.csv` for the files in it that are read, in the order of their names."""

    @property
    def holds_several(self) -> bool:
        """Whether an answer is a zip of documents."""
        return self.member is not None


class Json(_Text):
    """One JSON document."""

    type: Literal["json"] = "json"


class NdJson(_Text):
    """One JSON document a line."""

    type: Literal["ndjson"]


class GeoJson(_Text):
    """A FeatureCollection (RFC 7946); the records are its features."""

    type: Literal["geojson"]
    needs: ClassVar[frozenset[str]] = frozenset({"type", "features"})


class CityJson(_Text):
    """CityJSON 1.1 or 2.0, or CityJSONSeq; the records are its city objects, their vertices in real coordinates."""

    type: Literal["cityjson"]
    needs: ClassVar[frozenset[str]] = frozenset({"type", "CityObjects", "boundaries", "template"})


class Csv(_Text):
    """Delimited text; the records are its rows, every value a text."""

    type: Literal["csv"]
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    columns: list[str] | None = None
    """Names of the columns, for files without a line of names."""
    skip: Annotated[int, Field(ge=0)] = 0
    """Lines to leave out above the line of names."""


class Xml(_Text):
    """One XML document, as `{tag: text | children | list}`; attributes are `@name`."""

    type: Literal["xml"]


class Parquet(_Format):
    """A Parquet file; the records are its rows."""

    type: Literal["parquet"]


class Gtfs(_Format):
    """A GTFS feed: a zip of tables. The records are the rows of one, each with the rows that it refers to; or, as
    `route_stops`, the stops of each route and direction in their order, which follow from all stop times together.
    """

    type: Literal["gtfs"]
    needs: ClassVar[frozenset[str]] = KEY_COLUMNS
    table: Table | Derived
    """Such as `stop_times`, without `.txt`."""


def _named(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


Format = Annotated[
    Annotated[Json | NdJson | GeoJson | CityJson | Csv | Xml | Parquet | Gtfs, Field(discriminator="type")],
    BeforeValidator(_named),
]
"""`format: csv` is short for `format: {type: csv}`."""
