"""Values of a database as JSON, none of them rounded.

| column | JSON |
|---|---|
| whole numbers, numeric, real, double | a number, digit for digit as the server writes it |
| among them NaN, Infinity, and what has more than 300 digits | a text |
| boolean of PostgreSQL | true, false; MySQL's is a number there, and stays one |
| date, timestamp, time | ISO 8601 as the server writes it; with `+00:00` where the column states an instant |
| interval of PostgreSQL | an ISO 8601 duration; MySQL's `time` is a text such as `-838:59:59` |
| json, jsonb; MySQL's json | the document itself; MariaDB's json is a text there, and stays one |
| bytea, binary, blob | base64 |
| array | a list, its elements as above |
| bit of MySQL | a whole number |
| everything else | the text that the server makes of it |

What the server itself cannot say in these words, such as the date `infinity` or `0000-00-00`, stays its text.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

Writer = Callable[[Any], str]
"""A value that is not None -> its JSON."""

LONGEST_NUMBER = 300
"""Characters of a number. PostgreSQL has numerics of 130,000 digits, at which readers of JSON stumble."""

_JSON_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_SHORT_OFFSET = re.compile(r"[+-]\d\d$", re.ASCII)
_DAY = re.compile(r"\d{4,}-\d\d-\d\d \d", re.ASCII)
_QUOTED = json.JSONEncoder(ensure_ascii=False).encode
_LINE_ENDS = str.maketrans("\r\n", "  ")


def writer_of(kind: sa.types.TypeEngine[Any]) -> Writer:
    """How values of a column of the type `kind` are written."""
    match kind:
        case sa.Boolean():
            return _flag
        case mysql.BIT():
            return _bits
        case sa.Integer() | mysql.YEAR():
            return _integer
        case sa.Numeric() | sa.Float():
            return _number
        case mysql.TIMESTAMP():
            return _instant_of_mysql
        case sa.DateTime() | sa.Time():
            return _moment
        case sa.JSON():
            return _document
        case sa.ARRAY():
            return _list_of(writer_of(kind.item_type))
        case _:
            return _text


def is_number(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whether a column of this type orders its values as exact or floating numbers."""
    return isinstance(kind, sa.Integer | sa.Numeric | sa.Float)


def is_text(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whether a column of this type orders its values as text."""
    return isinstance(kind, sa.String) and not isinstance(kind, sa.Enum | mysql.ENUM | mysql.SET)


def is_moment(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whether a column of this type orders its values as moments."""
    return isinstance(kind, sa.DateTime | sa.Date)


def states_instant(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whether a moment in a column of this type needs no declared zone."""
    return isinstance(kind, mysql.TIMESTAMP) or (isinstance(kind, sa.DateTime) and kind.timezone)


def _flag(value: Any) -> str:
    return "true" if value else "false"


def _integer(value: Any) -> str:
    return str(int(value))  # without the zeros with which ZEROFILL begins


def _number(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_NUMBER and _JSON_NUMBER.fullmatch(text) else json.dumps(text)


def _bits(value: Any) -> str:
    return str(int.from_bytes(value, "big"))


def _moment(value: Any) -> str:
    text = str(value)
    if _DAY.match(text):
        text = text.replace(" ", "T", 1)
    return json.dumps(f"{text}:00" if ":" in text and _SHORT_OFFSET.search(text) else text)


def _instant_of_mysql(value: Any) -> str:
    # The session's zone is +00:00, which MySQL does not write. 0000-00-00 is no instant.
    text = str(value)
    return _moment(text if text.startswith("0000") else f"{text}+00:00")


def _document(value: Any) -> str:
    # A line end within JSON stands between its parts, never in a text of it, and would cut the row in two.
    return str(value).translate(_LINE_ENDS)


def _list_of(element: Writer) -> Writer:
    def write(value: Any) -> str:
        if not isinstance(value, list):
            return _text(value)  # of a type of which the driver knows no arrays
        return f"[{', '.join('null' if one is None else write_one(one) for one in value)}]"

    def write_one(one: Any) -> str:
        return write(one) if isinstance(one, list) else element(one)

    return write


def _text(value: Any) -> str:
    # Drivers give bytes for bytea, binary and blob, and for types of which the server makes no text.
    text = base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
    return _QUOTED(text)
