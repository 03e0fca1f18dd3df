"""Servers that many cities run, synced by YAML alone: every record of theirs, exact."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.peers.declared import MAPPING, declare
from tests.peers.syncing import Gateway
from tests.peers.webs import datasette, pygeoapi

pytestmark = pytest.mark.slow

COUNT = 2345
"""Not a multiple of any page's size."""


def landed(gateway: Gateway, at: str) -> list[dict[str, Any]]:
    """The records as they landed, numbers with a point digit for digit."""
    return [record for page in gateway.pages() for record in json.loads(page.body, parse_float=Decimal)[at]]


@pytest.mark.parametrize(
    "paginator",
    [
        {"type": "cursor", "cursor_path": "next", "cursor_param": "_next", "page_size_param": "_size"},
        {"type": "json_link", "next_url_path": "next_url", "page_size_param": "_size"},
    ],
    ids=lambda paginator: str(paginator["type"]),
)
def test_datasette(tmp_path: Path, paginator: dict[str, Any]) -> None:
    """A key of two columns, whose token for the next page holds Chinese, commas and slashes."""
    districts = ("渝中区", "江北~区", "a,b/区")
    rows = [
        (districts[n % 3], 2**60 + n, f"设施 {n} 𠮷&=+", 106.5 + n / 3e6, 29.5, f"2026-03-18 08:{n % 60:02}:00")
        for n in range(COUNT)
    ]
    table = (
        "CREATE TABLE facility (district TEXT, no INTEGER, name TEXT, lon REAL, lat REAL, checked TEXT,"
        " PRIMARY KEY (district, no))"
    )
    stream = {
        "endpoint": {"path": "/city/facility.json", "params": {"_shape": "objects"}},
        "data_selector": "rows",
        "paginator": {**paginator, "page_size": 700, "total_path": "filtered_table_rows_count"},
    }
    fields = {**MAPPING, "source_id": {"rule": "id", "from": ["district", "no"]}}
    with datasette(tmp_path, table, rows) as address:
        gateway = Gateway(
            declare(tmp_path / "root", "datasette", {"address": address}, stream, fields), "datasette", {}
        )
        batches = gateway.sync()
        again = gateway.sync()
    pages = gateway.pages()
    assert [page.records for page in pages[:4]] == [700, 700, 700, 245]
    assert {page.completeness for page in (pages[3], pages[-1])} == {"proven"}
    came = [tuple(record.values()) for record in landed(gateway, "rows")[:COUNT]]
    given = sorted((*key, name, Decimal(repr(lon)), Decimal(repr(lat)), at) for *key, name, lon, lat, at in rows)
    assert sorted(came) == given
    assert [batch["fates"] for batch in (*batches, *again)] == [f"published={COUNT}", f"unchanged={COUNT}"]
    found = gateway.rows()
    assert sorted(zip(found["name"], found["lon"], found["lat"], strict=True)) == sorted(row[2:5] for row in rows)


def test_pygeoapi(tmp_path: Path) -> None:
    """OGC API - Features: `next` links, and a cap of 500 on what was asked for as 1,000."""
    features = [
        {
            "type": "Feature",
            "id": n,
            "geometry": {"type": "Point", "coordinates": [106.5 + n / 3e6, 29.5]},
            "properties": {"no": n, "name": f"设施 {n} 𠮷", "checked": f"2026-03-18 08:{n % 60:02}:00"},
        }
        for n in range(COUNT)
    ]
    stream = {
        "endpoint": "/collections/facility/items",
        "format": "geojson",
        "paginator": {"type": "json_link", "total_path": "numberMatched"},
    }
    fields = {
        "place": {"rule": "point", "from": ["geometry.coordinates"], "crs": "EPSG:4326", "axes": "lon_lat"},
        "facility_kind": MAPPING["facility_kind"],
        "name": {"rule": "text", "from": "properties.name"},
        "source_id": {"rule": "id", "from": "id"},
        "observed_at": {"rule": "time", "from": "properties.checked", "form": "local", "zone": "Asia/Shanghai"},
    }
    with pygeoapi(tmp_path, features) as address:
        gateway = Gateway(declare(tmp_path / "root", "pygeoapi", {"address": address}, stream, fields), "pygeoapi", {})
        batches = gateway.sync()
        again = gateway.sync()
    pages = gateway.pages()
    assert [page.records for page in pages[:5]] == [500, 500, 500, 500, 345]
    assert {page.completeness for page in (pages[4], pages[-1])} == {"proven"}
    came = landed(gateway, "features")[:COUNT]
    assert came == json.loads(json.dumps(features), parse_float=Decimal)
    assert [batch["fates"] for batch in (*batches, *again)] == [f"published={COUNT}", f"unchanged={COUNT}"]
    found = gateway.rows()
    given = [(str(f["id"]), f["properties"]["name"], *f["geometry"]["coordinates"]) for f in features]
    assert sorted(zip(found["source_id"], found["name"], found["lon"], found["lat"], strict=True)) == sorted(given)
