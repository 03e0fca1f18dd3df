"""Declared files for one platform of one stream that fills `roadside_facility`: YAML, JSON Schema and a mapping."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT
from tests.hutong.publish.conftest import without_gates

STREAM = "facility"
MAPPING: Mapping[str, Any] = {
    "place": {"rule": "point", "from": ["lon", "lat"], "crs": "EPSG:4326", "axes": "lon_lat"},
    "facility_kind": {"rule": "const", "value": "rsu"},
    "name": {"rule": "text", "from": "name"},
    "source_id": {"rule": "id", "from": "no"},
    "observed_at": {"rule": "time", "from": "checked", "form": "local", "zone": "Asia/Shanghai"},
}


def declare(
    folder: Path,
    platform: str,
    connector: Mapping[str, Any],
    stream: Mapping[str, Any],
    fields: Mapping[str, Any] = MAPPING,
) -> Path:
    """A root for `hutong` in `folder`: the repository's contracts, and one platform that is not in it, beside those
    that were declared there before.

    The gates of the contracts are left out, since Great Expectations takes six seconds to import.
    """
    if not (folder / "schemas").exists():
        _contracts(folder)
    with (folder / "mappings" / "codes" / "platform.csv").open("a", encoding="utf-8") as codes:
        codes.write(f"{platform},{platform},{platform},test,1\n")
    declared = {
        "title": {"zh": "设施", "en": "Facilities"},
        "owner": "nobody",
        "cities": ["500000"],
        **connector,
        "streams": {STREAM: {"title": {"zh": "设施", "en": "Facilities"}, **stream}},
    }
    read = {name for rule in fields.values() for name in _paths(rule)}
    schema = {"type": "object", "properties": {name: {} for name in sorted({path.split(".")[0] for path in read})}}
    mapping = {
        "stream": f"{platform}.{STREAM}",
        "version": 1,
        "rows": [{"dataset": "roadside_facility", "fields": dict(fields)}],
    }
    _write(folder / "connectors" / platform / "connector.yaml", declared)
    _write(folder / "mappings" / platform / f"{STREAM}.yaml", mapping)
    (folder / "connectors" / platform / f"{STREAM}.schema.json").write_text(json.dumps(schema))
    return folder


def _contracts(folder: Path) -> None:
    (folder / "schemas").mkdir(parents=True)
    for path in (ROOT / "schemas").glob("*.odcs.yaml"):
        text = without_gates(path.read_text(encoding="utf-8"))
        (folder / "schemas" / path.name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "mappings" / "codes", folder / "mappings" / "codes")


def _paths(rule: Mapping[str, Any]) -> list[str]:
    read = rule.get("from", [])
    return [read] if isinstance(read, str) else list(read)


def _write(path: Path, declared: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False), encoding="utf-8")
