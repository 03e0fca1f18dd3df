"""How to walk an answer that comes in pieces. Words follow dlt's paginators.

A paginator that states a total can prove a pull complete; one that does not ends at a stop rule, and the pull counts
as unproven.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from hutong.model.declared import AnswerPath, Declared


class SinglePage(Declared):
    """The whole answer comes at once."""

    type: Literal["single_page"] = "single_page"
    total_path: AnswerPath | None = None
    """Path to the stated number of records, which proves the answer whole."""


class _Paged(Declared):
    """What all paginators have that ask page by page."""

    page_size: PositiveInt = 500
    """Records asked for in one request; the platform may cap it in silence."""
    page_size_param: str | None
    """Parameter that states `page_size`; null for a platform whose pages have a fixed size."""
    total_path: AnswerPath | None = None
    """Path to the stated number of records in all, which proves the pull complete."""
    items: str | None = None
    """Path to what the platform counts, when that is not the record (envelopes that hold several records)."""
    has_more_path: AnswerPath | None = None
    """Path to a flag that says whether there is a next page; it decides when there is no total."""


class PageNumber(_Paged):
    """Pages are counted. Some platforms call the page number `offset`: `page_param` says the word."""

    type: Literal["page_number"]
    base_page: int = 1
    """Number of the first page."""
    page_param: str = "page"
    number_path: AnswerPath | None = None
    """Path to the page number that an answer says it is: another than was asked for is a gap."""
    page_size_param: str | None = "size"


class Offset(_Paged):
    """Each request says how many records to leave out."""

    type: Literal["offset"]
    offset_param: str = "offset"
    page_size_param: str | None = "limit"


class Cursor(_Paged):
    """Each answer holds a token for the next page; none, null or an empty one ends the walk."""

    type: Literal["cursor"]
    cursor_path: AnswerPath
    """Path to the token in the answer."""
    cursor_param: str = "cursor"
    page_size_param: str | None = "limit"


class JsonLink(_Paged):
    """Each answer's body holds the address of the next page (OGC API - Features and others)."""

    type: Literal["json_link"]
    next_url_path: AnswerPath = "links"
    """Path to the address, or to a list of links of which one says `rel: next`."""
    page_size: PositiveInt = 1000
    page_size_param: str | None = "limit"


class HeaderLink(_Paged):
    """Each answer's Link header (RFC 8288) holds the address of the next page."""

    type: Literal["header_link"]
    rel: str = "next"
    page_size_param: str | None = "limit"


class WindowSplit(Declared):
    """No pages, but a cap of rows per window: a window that comes back full is cut in two."""

    type: Literal["window_split"]
    cap: PositiveInt
    """Rows at which the platform stops without a word."""
    least: timedelta = timedelta(seconds=1)
    """A window this short is not cut again; when it is full too, the pull counts as incomplete."""


Paginator = Annotated[
    SinglePage | PageNumber | Offset | Cursor | JsonLink | HeaderLink | WindowSplit, Field(discriminator="type")
]
