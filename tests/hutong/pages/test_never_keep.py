"""Fields that are never kept, in every format: the bytes lose them, and the records lose nothing else."""

import io
import json
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hutong.pages import Garbled, records, without
from tests.hutong.making import stream
from tests.hutong.pages.formats.reading import zipped
from tests.hutong.pages.formats.test_cityjson import city
from tests.hutong.pages.formats.test_gtfs import FEED

SECRET = "planted-13800138000"
NESTED = {"a": "渝", "n": 1.5, "who": {"phone": SECRET, "id": 7}, "phone": [SECRET], "rare": "😀"}
FEATURE = {"type": "Feature", "geometry": None, "properties": NESTED}
CSV = f'a,phone,"b""c"\r\n渝,{SECRET},\n"x\r\ny",{SECRET},z\n{SECRET}\n\n{SECRET},1,2,3\n'
XML = f'<r phone="{SECRET}"><i id="1">before<phone>{SECRET}</phone>after</i><i><a>渝</a><phone x="1"/></i></r>'


def table() -> bytes:
    sink = io.BytesIO()
    rows = [{"a": 1, "phone": SECRET, "who": {"phone": SECRET, "id": 7}, "all": [{"phone": SECRET, "x": 1.5}]}]
    pq.write_table(pa.Table.from_pylist(rows).replace_schema_metadata({"maker": SECRET}), sink)
    return sink.getvalue()


def cityjson() -> str:
    whole = city(metadata={"phone": SECRET, "title": "t"})
    whole["CityObjects"]["phone"] = {"type": "Building", "attributes": {"phone": SECRET, "h": 1}}
    return json.dumps(whole)


def gtfs() -> bytes:
    agency = f"agency_id,agency_name,phone\nCQ,x,{SECRET}\n".encode()
    return zipped({**FEED, "agency.txt": agency, "people.txt": f"phone\n{SECRET}\n".encode()})


CASES: list[tuple[Any, bytes]] = [
    ("json", json.dumps([NESTED]).encode()),
    ({"type": "json", "encoding": "gbk"}, json.dumps([NESTED], ensure_ascii=False).encode("gb18030")),
    ({"type": "json", "encoding": "utf-16"}, json.dumps([NESTED], ensure_ascii=False).encode("utf-16-be")),
    ("ndjson", (json.dumps(NESTED) + "\n\n" + json.dumps(NESTED)).encode("utf-16")),
    ("geojson", json.dumps({"type": "FeatureCollection", "phone": SECRET, "features": [FEATURE]}).encode()),
    ("cityjson", cityjson().encode()),
    ("csv", CSV.encode("utf-8-sig")),
    ({"type": "csv", "encoding": "gbk", "delimiter": ",", "skip": 1}, f"{SECRET}\n{CSV}".encode("gb18030")),
    ({"type": "csv", "columns": ["a", "phone", "c"]}, CSV.partition("\r\n")[2].encode()),
    ("xml", f'<?xml version="1.0" encoding="gbk"?>{XML}'.encode("gbk")),
    ({"type": "xml", "encoding": "utf-16"}, XML.encode("utf-16")),
    ("parquet", table()),
    ({"type": "csv", "member": "*.csv"}, zipped({"1.csv": CSV.encode(), "2.txt": SECRET.encode()})),
    ({"type": "gtfs", "table": "routes"}, gtfs()),
]


def cut(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: cut(value) for name, value in found.items() if name not in ("phone", "@phone")}
    return [cut(one) for one in found] if isinstance(found, list) else found


@pytest.mark.parametrize(("form", "body"), CASES, ids=lambda case: "" if isinstance(case, bytes) else str(case))
def test_what_is_left_reads_as_the_same_records_without_the_field(form: Any, body: bytes) -> None:
    asked = stream(format=form, data_selector="r.i" if "xml" in str(form) else "", never_keep=["phone", "@phone"])
    before = records(body, "", asked.model_copy(update={"never_keep": []}))
    left = without(body, "", asked)
    after = records(left, "", asked)
    assert len(after) == len(before) > 0
    for one, other in zip(before, after, strict=True):
        is_ragged = "csv" in str(form) and set(one) == {"value"}
        # Nobody knows which field of such a row is which, so it comes back empty.
        assert set(other["value"]) == {""} if is_ragged else other == cut(one)
    for codec in ("utf-8", "utf-16-le", "utf-16-be"):
        assert SECRET.encode(codec) not in body_of(left)
    assert records(without(left, "", asked), "", asked) == after


def body_of(left: bytes) -> bytes:
    """The bytes, and those of the files in it where it is a zip."""
    if not left.startswith(b"PK"):
        return left
    with zipfile.ZipFile(io.BytesIO(left)) as archive:
        return left + b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_table_of_which_nothing_is_left_is_garbled(form: str) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"phone": [SECRET]}), sink)
    body = sink.getvalue() if form == "parquet" else f"phone\n{SECRET}\n".encode()
    with pytest.raises(Garbled, match="every column"):
        without(body, "", stream(format=form, never_keep=["phone"]))
