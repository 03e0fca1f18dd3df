"""What of a whole record may be shown."""

from __future__ import annotations

from typing import Any

from tests.hutong.making import stream

from hutong.normalise.showing import Shower
from hutong.schema.shape import shape_of

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "driver": {"type": "object", "properties": {"phone": {"type": "string"}, "note": {"type": "string"}}},
        "parties": {
            "type": "array",
            "items": {"type": "object", "properties": {"plate": {"type": "string"}, "kind": {"type": "string"}}},
        },
        "extra": {"type": "object"},
    },
}
RECORD: dict[str, Any] = {
    "id": "7",
    "driver": {"phone": "13800138000", "note": "渝A12345 追尾", "name": "张三"},
    "parties": [{"plate": "渝B12345", "kind": "02", "owner": "李四"}],
    "extra": {"name": "王五"},
    "witness": {"name": "赵六"},
}


def test_of_a_stream_with_personal_fields_only_what_is_declared_and_not_personal_is_shown() -> None:
    shower = Shower(stream(personal=["driver.phone", "parties.plate"]))
    assert shower.record(RECORD, shape_of(SCHEMA)) == {
        "id": "7",
        "driver": {"phone": "(personal)", "note": "*** 追尾", "name": "(personal)"},
        "parties": [{"plate": "(personal)", "kind": "02", "owner": "(personal)"}],
        "extra": {"name": "(personal)"},
        "witness": "(personal)",
    }


def test_an_object_in_place_of_a_list_of_one_is_shown_as_its_element() -> None:
    shower = Shower(stream(personal=["parties.plate"]))
    lone = {"parties": {"plate": "渝B12345", "kind": "02", "owner": "李四"}}
    assert shower.record(lone, shape_of(SCHEMA)) == {
        "parties": {"plate": "(personal)", "kind": "02", "owner": "(personal)"}
    }


def test_of_a_stream_without_personal_fields_all_is_shown() -> None:
    assert Shower(stream()).record(RECORD, shape_of(SCHEMA)) == RECORD


def test_what_cannot_be_printed_is_shown_by_its_number() -> None:
    shown = Shower(stream()).value(["note"], "渝\u202eA\ud800\u0007灯")
    assert shown == r'"渝\u202eA\ud800\u0007灯"'
