import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def test_values_that_json_lacks_become_text_and_none_is_rounded() -> None:
    table = pa.table(
        {
            "whole": pa.array([2**63 - 1], pa.int64()),
            "money": pa.array([Decimal("12345678901234567890.10")], pa.decimal128(30, 2)),
            "at": pa.array([datetime(2026, 3, 18, 0, 15, 0, 123456, UTC)], pa.timestamp("us", "Asia/Shanghai")),
            "local": pa.array([1773792927123456789], pa.timestamp("ns")),
            "day": pa.array([date(2026, 3, 18)]),
            "hour": pa.array([time(8, 15)], pa.time64("us")),
            "blob": pa.array([b"\xff\x00"]),
            "code": pa.array(["a"]).dictionary_encode(),
            "speed": pa.array([float("nan")]),
            "free": pa.array([float("-inf")]),
            "none": pa.array([None], pa.int32()),
            "who": pa.array([{"name": "渝", "seen": [date(2026, 3, 18), None]}]),
            "tags": pa.array([[("k", 1.5)]], pa.map_(pa.string(), pa.float64())),
        }
    )
    assert read(parquet(table), "parquet") == [
        {
            "whole": 2**63 - 1,
            "money": "12345678901234567890.10",
            "at": "2026-03-18T08:15:00.123456+08:00",
            "local": "2026-03-18T00:15:27.123456789",
            "day": "2026-03-18",
            "hour": "08:15:00",
            "blob": "/wA=",
            "code": "a",
            "speed": "NaN",
            "free": "-Infinity",
            "none": None,
            "who": {"name": "渝", "seen": ["2026-03-18", None]},
            "tags": [{"key": "k", "value": 1.5}],
        }
    ]


def test_all_row_groups_are_read_in_their_order() -> None:
    assert [row["n"] for row in read(parquet(pa.table({"n": range(5000)}), row_group_size=700), "parquet")] == [
        *range(5000)
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a,b\n1,2\n", "no Parquet file"),
        (b"", "no Parquet file"),
        (parquet(pa.table({"n": range(1000)}))[:-8], "no Parquet file"),
        (parquet(pa.table({"n": range(1000)}))[:200], "no Parquet file"),
        (parquet(pa.table({"n": pa.nulls(10_000_000)})), "more than 1000000 bytes"),
        (parquet(pa.table({"n": ["x" * 4000] * 1000})), "more than 1000000 bytes"),
        (parquet(pa.table({"n": ["x" * 4000] * 1000}), use_dictionary=False), "more than 1000000 bytes"),
        (
            parquet(pa.table({"n": pa.DictionaryArray.from_arrays([0] * 20_000, ["x" * 1000])})),
            "more than 1000000 bytes",
        ),
        (parquet(pa.table([[1], [2]], names=["a", "a"])), "two columns of one name"),
        (parquet(pa.table({"a": pa.array([1], pa.duration("s"))})), "type duration"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_file_that_is_broken_too_large_or_ambiguous_is_garbled(body: bytes, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        read(body, "parquet", answer_bytes=1_000_000)


def test_a_byte_that_changed_on_the_way_is_noticed_where_the_writer_gave_checksums() -> None:
    body = bytearray(parquet(pa.table({"n": range(1000)}), write_page_checksum=True))
    body[500] ^= 0xFF
    with pytest.raises(Garbled, match="broken"):
        read(bytes(body), "parquet")


def test_a_column_nested_too_deep_is_garbled() -> None:
    kind: pa.DataType = pa.int32()
    for _ in range(10):
        kind = pa.list_(kind)
    with pytest.raises(Garbled, match="deeper than 8"):
        read(parquet(pa.table({"n": pa.array([None], kind)})), "parquet", depth=8)
