"""Which keys a pull shows, of records that nobody held against their schema."""

from __future__ import annotations

from dataclasses import replace

from tests.hutong.normalise.both_paths import page, plan

from hutong.normalise.shown import keys_shown


def test_a_record_that_cannot_be_told_to_which_dataset_it_goes_is_no_sign_that_its_thing_is_gone() -> None:
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "a": {"type": "object", "properties": {"k": {"type": "string"}}}},
    }
    own = {"source_id": {"rule": "id", "from": "id"}}
    rows = [
        {"dataset": "one", "when": {"from": "a.k", "in": ["park"]}, "fields": own},
        {"dataset": "two", "rest": True, "fields": own},
    ]
    of = plan(schema, rows, {"one": {"source_id": "string"}, "two": {"source_id": "string"}}, ["source_id"])
    assert all(of.keys.values())
    records = (
        b'{"id": "P1", "a": {"k": "park"}}, {"id": "P2", "a": [{"k": "park"}]}, {"id": "P3", "a": {}}, {"id": "P4"}'
    )
    for by in (of, replace(of, keys=dict.fromkeys(of.keys))):
        found = keys_shown([page(b'{"rows": [' + records + b"]}")], by)
        assert {name: keys["source_id"].to_list() for name, keys in found.keys.items()} == {
            "one": ["P1"],
            "two": ["P3", "P4"],
        }
        assert found.unreadable == {"one": 1, "two": 1}
