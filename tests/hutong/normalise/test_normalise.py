"""The stage: which records become rows, which are refused, what the findings say and what they never show."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.errors import SecretMissing
from hutong.model.batch import Record, Sequence
from hutong.model.connector import Connector
from hutong.model.dataset import Dataset, Field, FieldType
from hutong.model.declared import Words
from hutong.model.finding import reason
from hutong.model.mapping import Mapping
from hutong.model.rows import Normalised
from hutong.normalise import Pseudonymiser, compile_source, normalise_records, pseudonymiser
from hutong.registry import Source
from hutong.secrets import Secret

RECEIVED = datetime(2026, 3, 18, 0, 16, tzinfo=UTC)
SEQUENCE = Sequence("cim", "lamp", "500000")
KEY = Pseudonymiser.from_hex("ab" * 32)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["id", "at"],
    "properties": {
        "id": {"type": "string"},
        "at": {"type": "string"},
        "height": {"type": ["number", "string"]},
        "owner": {
            "type": "object",
            "required": ["phone"],
            "properties": {"phone": {"type": "string", "maxLength": 20}},
        },
        "list": {"type": "array", "items": {"type": "integer"}},
        "note": {},
    },
}
FIELDS: dict[str, dict[str, Any]] = {
    "source_id": {"rule": "id", "from": "id"},
    "observed_at": {"rule": "time", "from": "at", "form": "iso", "zone": "Asia/Shanghai"},
    "height_m": {"rule": "quantity", "from": "height", "unit": "cm", "missing": [-1]},
    "note": {"rule": "text", "from": "note", "mask": True},
    "owner_key": {"rule": "pseudonym", "from": ["owner.phone"], "domain": "phone"},
}
COLUMNS: dict[str, FieldType] = {
    "city": "string",
    "source_platform": "string",
    "source_stream": "string",
    "source_id": "string",
    "observed_at": "timestamp",
    "received_at": "timestamp",
    "batch": "long",
    "run": "string",
    "record": "int",
    "date": "date",
    "height_m": "double",
    "note": "string",
    "owner_key": "string",
    "unfilled": "string",
}


def dataset(name: str, columns: dict[str, FieldType]) -> Dataset:
    fields = tuple(
        Field(column, Words(zh=column, en=column), "", kind, False, "m" if column == "height_m" else None)
        for column, kind in columns.items()
    )
    return Dataset(name, "1.0.0", Words(zh=name, en=name), "", fields, (), (), "append", None, (), (), {}, "digest")


def source(personal: list[str] | None = None) -> Source:
    """A stream of lamps: two datasets, the second without a date."""
    words = {"zh": "灯", "en": "lamp"}
    connector = Connector.model_validate(
        {
            "platform": "cim",
            "title": words,
            "owner": "somebody",
            "tier": "regional",
            "cities": ["500000"],
            "address": "http://127.0.0.1",
            "streams": {"lamp": {"title": words, "endpoint": "/", "data_selector": "r", "personal": personal or []}},
        }
    )
    reference = {
        column: kind for column, kind in COLUMNS.items() if column in ("city", "source_id", "observed_at", "record")
    }
    rows = [
        {"dataset": "lamp_state", "fields": FIELDS},
        {"dataset": "lamp", "fields": {name: FIELDS[name] for name in ("source_id", "observed_at")}},
    ]
    mapping = Mapping.model_validate({"stream": "cim.lamp", "version": 1, "rows": rows})
    datasets = {"lamp_state": dataset("lamp_state", COLUMNS), "lamp": dataset("lamp", reference)}
    return Source(connector, "lamp", connector.streams["lamp"], SCHEMA, mapping, "digest", datasets, {}, {})


PLAIN, PERSONAL = (compile_source(source(personal), KEY) for personal in ([], ["owner", "at"]))
GOOD = {"id": "L1", "at": "2026-03-18T23:59:00+08:00", "height": 850, "owner": {"phone": "1"}}


def run(*contents: Any, plan: Any = PLAIN) -> Normalised:
    records = [Record(number, 3, number, content, RECEIVED) for number, content in enumerate(contents)]
    return normalise_records(records, SEQUENCE, 7, plan)


class TestRows:
    def test_every_column_of_the_contract_is_there_in_its_order(self) -> None:
        (row,) = run(GOOD).frames["lamp_state"].to_dicts()
        assert tuple(row) == tuple(COLUMNS)
        assert row == {
            "city": "500000",
            "source_platform": "cim",
            "source_stream": "lamp",
            "source_id": "L1",
            "observed_at": datetime(2026, 3, 18, 15, 59, tzinfo=UTC),
            "received_at": RECEIVED,
            "batch": 7,
            "run": None,
            "record": 0,
            "date": date(2026, 3, 18),
            "height_m": 8.5,
            "note": None,
            "owner_key": KEY.pseudonym("phone", ["1"]),
            "unfilled": None,
        }

    def test_the_date_is_that_of_the_city_and_not_of_utc(self) -> None:
        found = run({**GOOD, "at": "2026-03-18T16:00:00Z"}, {**GOOD, "at": "2026-03-18T15:59:59Z"})
        assert [row["date"].day for row in found.frames["lamp_state"].to_dicts()] == [19, 18]

    def test_a_record_gives_one_row_to_each_dataset(self) -> None:
        found = run(GOOD, GOOD)
        assert list(found.frames) == ["lamp_state", "lamp"]
        assert [row["record"] for row in found.frames["lamp"].to_dicts()] == [0, 1]
        assert "date" not in found.frames["lamp"].to_dicts()[0]

    def test_no_records_are_a_batch_too(self) -> None:
        found = run()
        assert (found.received, list(found.refused)) == (0, [])
        assert {name: frame.height for name, frame in found.frames.items()} == {"lamp_state": 0, "lamp": 0}

    def test_rows_do_not_share_state(self) -> None:
        first, second = run(GOOD, {**GOOD, "height": -1}).frames["lamp_state"].to_dicts()
        assert (first["height_m"], second["height_m"]) == (8.5, None)


class TestRefusal:
    def test_the_others_go_on(self) -> None:
        found = run(GOOD, {"id": 5}, {**GOOD, "id": "L3"})
        assert found.received == 3
        assert found.record(2).content["id"] == "L3"
        assert [row["source_id"] for row in found.frames["lamp_state"].to_dicts()] == ["L1", "L3"]
        assert [refused.record.number for refused in found.refused] == [1]

    def test_the_structure_names_every_fault(self) -> None:
        (refused,) = run({"id": 5, "owner": {}, "list": [1, "x", "y"]}).refused
        assert [(one.stage, one.rule, one.place, one.value) for one in refused.findings] == [
            ("schema", "record_required", "$.at", "(absent)"),
            ("schema", "id_type", "$.id", "5"),
            ("schema", "owner_required", "$.owner.phone", "(absent)"),
            ("schema", "list[]_type", "$.list[1]", '"x"'),
            ("schema", "list[]_type", "$.list[2]", '"y"'),
        ]
        assert refused.findings[1].params == {"expected": 'type: "string"', "stream": "cim.lamp"}
        assert refused.raw == '{"id": 5, "owner": {}, "list": [1, "x", "y"]}'

    def test_the_mapping_names_every_field_of_every_dataset(self) -> None:
        (refused,) = run({**GOOD, "at": "soon", "height": "tall", "note": 7}).refused
        assert [(one.stage, one.rule, one.kind, one.place, one.value) for one in refused.findings] == [
            ("mapping", "observed_at_unreadable", "unreadable", "$.at", '"soon"'),
            ("mapping", "height_m_unreadable", "unreadable", "$.height", '"tall"'),
            ("mapping", "note_unreadable", "unreadable", "$.note", "7"),
            ("mapping", "observed_at_unreadable", "unreadable", "$.at", '"soon"'),
        ]

    def test_one_unreadable_dataset_keeps_the_record_out_of_all(self) -> None:
        found = run({**GOOD, "height": "tall"})
        assert all(frame.is_empty() for frame in found.frames.values())

    def test_every_finding_can_be_said_in_both_languages(self) -> None:
        for refused in run({"id": 5, "at": "x{y}"}, {**GOOD, "note": "x", "height": "{0}"}).refused:
            for finding in refused.findings:
                assert finding.place in reason(finding, "zh")
                assert finding.value in reason(finding, "en")

    def test_a_shown_value_is_short(self) -> None:
        (refused,) = run({**GOOD, "at": "9" * 500}).refused
        assert len(refused.findings[0].value) == 80
        assert refused.findings[0].value.endswith("…")

    @pytest.mark.parametrize("content", [{"value": 3}, {}, {"id": None, "at": None}])
    def test_a_record_of_another_shape_is_refused_and_counted(self, content: Any) -> None:
        found = run(content)
        assert (found.received, len(found.refused)) == (1, 1)


class TestPersonalStreams:
    def test_a_personal_value_is_never_shown(self) -> None:
        said = "13800138000" * 2
        (refused,) = run({**GOOD, "owner": {"phone": said}, "at": None}, plan=PERSONAL).refused
        assert {finding.value for finding in refused.findings} == {"(personal)"}
        assert refused.raw is None

    def test_what_holds_a_personal_value_is_not_shown_either(self) -> None:
        plan = compile_source(source(["owner.phone"]), KEY)
        (refused,) = run({**GOOD, "owner": [{"phone": "13800138000"}]}, plan=plan).refused
        assert [finding.value for finding in refused.findings] == ["(personal)"]

    def test_unreadable_personal_values_are_not_shown(self) -> None:
        (refused,) = run({**GOOD, "at": "渝A12345"}, plan=PERSONAL).refused
        assert {finding.value for finding in refused.findings} == {"(personal)"}

    def test_other_texts_go_through_the_mask(self) -> None:
        (refused,) = run({**GOOD, "note": ["渝AD12345", 13800138000]}, plan=PERSONAL).refused
        assert refused.findings[0].value == '["***", ***]'
        (plain,) = run({**GOOD, "note": ["渝AD12345"]}).refused
        assert plain.findings[0].value == '["渝AD12345"]'

    def test_logs_hold_counts_only(self, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            run({**GOOD, "note": 13800138000}, plan=PERSONAL)
        assert "records=1 refused=1" in caplog.text
        assert "13800138000" not in caplog.text


class TestKey:
    def test_it_is_read_only_for_a_mapping_that_needs_it(self) -> None:
        assert pseudonymiser(source(), lambda name: Secret(name, "ab" * 32)) == KEY

        def no_secret(name: str) -> Secret:
            raise SecretMissing(name)

        lamps = source()
        plain = lamps.mapping.model_copy(update={"rows": lamps.mapping.rows[1:]})
        assert pseudonymiser(Source(**{**vars(lamps), "mapping": plain}), no_secret) is None

    def test_without_it_nothing_is_compiled(self) -> None:
        with pytest.raises(SecretMissing):
            compile_source(source(), None)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800")
CONTENT = st.dictionaries(
    st.sampled_from(["id", "at", "height", "owner", "list", "note", "渝A12345", "\ud800"]),
    st.recursive(
        VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["phone", "x"]), inner)
    ),
)


@given(st.lists(CONTENT, max_size=5))
def test_every_record_is_either_readable_or_refused_with_a_reason(contents: list[dict[str, Any]]) -> None:
    for plan in (PLAIN, PERSONAL):
        found = run(*contents, plan=plan)
        assert sorted([*found.frames["lamp"]["record"], *(refused.record.number for refused in found.refused)]) == list(
            range(len(contents))
        )
        for refused in found.refused:
            assert refused.findings
            for finding in refused.findings:
                # Whatever a finding says can be stored and said.
                reason(finding, "zh").encode()
                assert len(finding.value) <= 80
