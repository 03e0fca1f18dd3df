"""Drift of records and of batches, where no table is needed: what is cut, what counts as gone, what is never shown."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hutong.normalise.test_declared_streams import ACCIDENT, PARTICIPANT

from hutong.model.batch import Record, Sequence
from hutong.model.connector import DriftMode
from hutong.model.finding import reason
from hutong.model.rows import Normalised
from hutong.normalise import Plan, Pseudonymiser, compile_source, normalise_records
from hutong.normalise.drift import MOST, cut
from hutong.registry import Registry, Source, open_registry
from hutong.schema.shape import shape_of
from hutong.settings import read

RECEIVED = datetime(2026, 3, 18, 0, 16, tzinfo=UTC)
MODES: tuple[DriftMode, ...] = get_args(DriftMode)


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What this repository declares."""
    return open_registry(read({"HUTONG_ROOT": str(Path(__file__).parents[3])}))


def planned(source: Source, **changes: Any) -> Plan:
    """The plan of `source`, its stream changed."""
    stream = source.stream.model_copy(update=changes)
    return compile_source(Source(**{**vars(source), "stream": stream}), Pseudonymiser.from_hex("ab" * 32))


def run(plan: Plan, *contents: dict[str, Any]) -> Normalised:
    platform, stream = plan.source.split(".")
    records = [Record(number, 0, number, content, RECEIVED) for number, content in enumerate(contents)]
    return normalise_records(records, Sequence(platform, stream, "500000"), 1, plan)


def told(found: Normalised) -> list[tuple[str, str, int]]:
    return [(one.change, one.field, one.records) for one in found.drift]


def passed(found: Normalised) -> list[int]:
    """The numbers of the records that have a row."""
    return list(next(iter(found.frames.values()))["record"])


@pytest.fixture(scope="module")
def rsm(registry: Registry) -> Source:
    return registry.source("cloud_control", "rsm")


@pytest.fixture(scope="module")
def accident(registry: Registry) -> Source:
    return registry.source("traffic_safety", "accident")


def test_a_batch_as_declared_has_no_drift(rsm: Source, accident: Source) -> None:
    assert told(run(planned(rsm), PARTICIPANT)) == []
    assert told(run(planned(accident), ACCIDENT)) == []
    assert told(run(planned(rsm))) == []


def test_new_fields_are_found_at_any_depth_and_counted_in_records(rsm: Source) -> None:
    first = PARTICIPANT | {"pos": PARTICIPANT["pos"] | {"hae": 1}, "plan": {"any": [{"thing": 1}]}}
    found = run(planned(rsm), first, PARTICIPANT, PARTICIPANT | {"plan": None})
    assert told(found) == [("field_new", "$.pos.hae", 1), ("field_new", "$.plan", 2)]
    assert passed(found) == [0, 1, 2]


def test_a_field_is_gone_when_the_mapping_reads_it_and_no_record_has_it(rsm: Source) -> None:
    without = {name: value for name, value in PARTICIPANT.items() if name not in ("posConfidence", "vehicleClass")}
    assert told(run(planned(rsm), without, without)) == [
        ("field_gone", "$.posConfidence.pos", 2),
        ("field_gone", "$.vehicleClass", 2),
    ]
    assert told(run(planned(rsm), without, PARTICIPANT)) == []
    assert told(run(planned(rsm), {**without, "posConfidence": {"pos": None}, "vehicleClass": None})) == [
        ("type_changed", "$.posConfidence.pos", 1),
        ("type_changed", "$.vehicleClass", 1),
    ]


def test_a_carried_field_is_gone_when_every_envelope_lacks_it(rsm: Source) -> None:
    assert told(run(planned(rsm), PARTICIPANT | {"rsuEsn": None})) == [("field_gone", "$.rsuEsn", 1)]


def test_a_type_has_changed_when_every_record_that_has_the_field_breaks_it(rsm: Source) -> None:
    text = PARTICIPANT | {"vehicleClass": "10"}
    without = {name: value for name, value in PARTICIPANT.items() if name != "vehicleClass"}
    assert told(run(planned(rsm), text, without, text)) == [("type_changed", "$.vehicleClass", 2)]
    assert told(run(planned(rsm), PARTICIPANT, text)) == []
    assert told(run(planned(rsm), text, PARTICIPANT | {"speed": "722"})) == []


def test_what_is_cut_is_a_field_and_never_an_element_of_a_list() -> None:
    shape = shape_of(
        {
            "properties": {
                "at": {"prefixItems": [{"type": "number"}, {"type": "number"}]},
                "cars": {"items": {"properties": {"speed": {"type": "number"}}}},
                "any": {"type": "object"},
            }
        }
    )
    content = {"at": ["x", 29.5, 245], "cars": [{"speed": "1"}, {"speed": 2, "colour": 3}], "any": {"a": [1]}, "new": 1}
    assert cut(content, shape) == {"cars": [{}, {"speed": 2}], "any": {"a": [1]}}


def test_in_xml_only_fields_drift(accident: Source) -> None:
    sound = {**ACCIDENT, "sgdd": {"lm": "x"}}
    found = run(planned(accident, drift="discard_row"), ACCIDENT | {"new": "1"}, sound)
    assert told(found) == [("field_new", "$.new", 1)]
    assert (found.withheld, [refused.findings[0].rule for refused in found.refused]) == (1, ["sgdd_type"])


def test_of_a_personal_stream_names_are_shown_and_values_are_not(
    accident: Source, caplog: pytest.LogCaptureFixture
) -> None:
    hostile = {"xm": "张三", "渝AD12345": "13800138000", "pos": {"sjhm": "13800138000"}}
    with caplog.at_level(logging.DEBUG):
        found = run(planned(accident, drift="quarantine_row"), ACCIDENT | hostile)
    (refused,) = found.refused
    assert [finding.place for finding in refused.findings] == ["$.xm", '$["***"]', "$.pos"]
    assert {finding.value for finding in refused.findings} == {"(personal)"}
    assert told(found) == [("field_new", name, 1) for name in ("$.xm", '$["***"]', "$.pos")]
    assert "drift sequence=traffic_safety/accident/500000 batch=1 mode=quarantine_row changes=3" in caplog.text
    for secret in ("张三", "12345", "13800138000"):
        assert secret not in caplog.text + repr(refused.findings)


def test_a_record_of_another_shape_altogether_is_drift_too(rsm: Source) -> None:
    found = run(planned(rsm, drift="quarantine_row"), {"value": "<html>"})
    assert ("field_new", "$.value", 1) in told(found)
    assert found.refused[0].findings[0].rule == "value_undeclared"


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"in": [value]}
    return value


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(nested(30)),
    lambda inner: (
        st.dictionaries(st.text(max_size=3) | st.sampled_from(["lon", "pos", "width"]), inner, max_size=4)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)
RECORD = st.one_of(
    st.dictionaries(st.sampled_from(sorted(PARTICIPANT)) | st.text(max_size=3), HOSTILE, max_size=4).map(
        lambda changes: PARTICIPANT | changes
    ),
    st.dictionaries(st.text(), HOSTILE, max_size=3),
    st.integers(1, 200).map(lambda width: PARTICIPANT | {f"k{width}_{number}": number for number in range(width)}),
)


@given(st.lists(RECORD, max_size=4))
def test_in_every_mode_each_record_has_one_fate_and_what_is_told_is_bounded(
    rsm: Source, contents: list[dict[str, Any]]
) -> None:
    found = {mode: run(plan(rsm, mode), *contents) for mode in MODES}
    for mode, one in found.items():
        numbers = [*passed(one), *(refused.record.number for refused in one.refused)]
        assert len(set(numbers)) == len(numbers) == len(contents) - one.withheld
        assert one.drift == found["evolve"].drift
        assert sum(1 for change in one.drift if change.change == "field_new") <= MOST + 1
        assert len({(change.change, change.field) for change in one.drift}) == len(one.drift)
        for change in one.drift:
            assert 1 <= change.records <= len(contents)
            assert len(change.field.encode()) <= 800
        for refused in one.refused:
            assert refused.findings
            for finding in refused.findings:
                assert reason(finding, "zh").encode()
                assert (finding.kind == "undeclared") <= (mode == "quarantine_row")
    assert not any(one.withheld for mode, one in found.items() if mode != "discard_row")
    # What one mode cuts out, another takes no notice of.
    assert set(passed(found["discard_row"])) <= set(passed(found["evolve"])) <= set(passed(found["discard_value"]))


_PLANS: dict[str, Plan] = {}


def plan(source: Source, mode: DriftMode) -> Plan:
    """The plan in `mode`, compiled once."""
    if mode not in _PLANS:
        _PLANS[mode] = planned(source, drift=mode)
    return _PLANS[mode]
