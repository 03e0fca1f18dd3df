"""Values of a database as JSON. What real servers give is tried in tests/peers."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from hutong.extract.database.values import writer_of


@pytest.mark.parametrize(
    ("kind", "value", "json"),
    [
        (sa.BigInteger(), "00042", "42"),
        (sa.Numeric(), "1.10", "1.10"),
        (sa.Numeric(), "NaN", '"NaN"'),
        (sa.Float(), "1e+300", "1e+300"),
        (sa.Numeric(), "9" * 301, '"' + "9" * 301 + '"'),
        (sa.Boolean(), False, "false"),
        (sa.DateTime(), "2026-03-18 08:15:00.5", '"2026-03-18T08:15:00.5"'),
        (sa.DateTime(timezone=True), "2026-03-18 00:15:00+00", '"2026-03-18T00:15:00+00:00"'),
        (sa.DateTime(timezone=True), "infinity", '"infinity"'),
        (sa.DateTime(), "0044-03-15 08:15:00 BC", '"0044-03-15T08:15:00 BC"'),
        (mysql.TIMESTAMP(), "2026-03-18 00:15:00", '"2026-03-18T00:15:00+00:00"'),
        (mysql.TIMESTAMP(), "0000-00-00 00:00:00", '"0000-00-00T00:00:00"'),
        (mysql.BIT(9), b"\x01\x00", "256"),
        (postgresql.JSON(), '{"a":\n 1.10}', '{"a":  1.10}'),
        (sa.ARRAY(sa.Numeric()), [["1.10", None]], "[[1.10, null]]"),
        (sa.LargeBinary(), b"\x00\xff", '"AP8="'),
        (sa.Text(), '汉 "\n', '"汉 \\"\\n"'),
        (sa.types.NullType(), "(1,2)", '"(1,2)"'),
    ],
)
def test_a_value_is_written_exactly(kind: sa.types.TypeEngine[Any], value: Any, json: str) -> None:
    assert writer_of(kind)(value) == json
