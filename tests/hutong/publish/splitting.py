"""A stream whose records hold lists: each of them becomes rows of two datasets, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MAPPING = """
stream: transport_info.section_flow
version: 1
rows:
  - dataset: traffic_flow
    each: parts[]
    when: {from: kind, in: [flow]}
    fields:
      source_id: {rule: id, from: [^.sender, linkId]}
      observed_at: {rule: time, from: ^.statTime, form: local, zone: Asia/Shanghai}
      target_kind: {rule: const, value: section}
      target_id: {rule: text, from: linkId}
      period_start: {rule: time, from: [^.statTime, period], form: interval_end, zone: Asia/Shanghai}
      period_end: {rule: time, from: ^.statTime, form: local, zone: Asia/Shanghai}
      vehicle_count: {rule: number, from: flow}
  - dataset: road_segment
    each: parts[]
    rest: true
    fields:
      source_id: {rule: id, from: linkId}
      observed_at: {rule: time, from: ^.statTime, form: local, zone: Asia/Shanghai}
      grain: {rule: const, value: section}
      length_m: {rule: quantity, from: length, unit: m}
"""
_PART = {
    "type": "object",
    "required": ["kind", "linkId"],
    "properties": {
        "kind": {"type": "string"},
        "linkId": {"type": "string"},
        "period": {"type": "integer"},
        "flow": {},
        "length": {"type": "number"},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["sender", "statTime"],
    "properties": {
        "sender": {"type": "string"},
        "statTime": {"type": "string"},
        "parts": {"type": "array", "items": _PART},
        "spare": {"type": "array", "items": _PART},
    },
}


def declare(root: Path) -> None:
    """Let transport_info.section_flow be such a stream below `root`."""
    (root / "mappings" / "transport_info" / "section_flow.yaml").write_text(MAPPING, encoding="utf-8")
    schema = root / "connectors" / "transport_info" / "section_flow.schema.json"
    schema.write_text(json.dumps(SCHEMA), encoding="utf-8")


def sent(sender: str, *parts: dict[str, Any], at: str = "2026-03-18 08:15:00") -> dict[str, Any]:
    """A record of it."""
    return {"sender": sender, "statTime": at, "parts": list(parts)}


def counted(link: str, count: Any = 25) -> dict[str, Any]:
    """A part for traffic_flow."""
    return {"kind": "flow", "linkId": link, "period": 300, "flow": count}


def measured(link: str, length: float = 812.0) -> dict[str, Any]:
    """A part for road_segment."""
    return {"kind": "section", "linkId": link, "length": length}
