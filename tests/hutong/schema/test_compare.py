from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.hutong.making import dataset

from hutong.model.dataset import CountOf, Dataset, Field, Gate, RowRule
from hutong.model.declared import Words
from hutong.schema.compare import KINDS, compare, effect_of
from hutong.schema.terms import read_terms, terms

GATE = Gate(
    "few_nulls",
    Words(zh="空值少", en="few nulls"),
    "warning",
    "expect_column_values_to_not_be_null",
    {"column": "value"},
)
RULE = RowRule("value_not_above_revised", "not_above", ("value", "revised"))
CODED = Field(
    "kind",
    Words(zh="种类", en="kind"),
    "",
    "string",
    required=False,
    code_list="kinds",
    personal="ordinary",
    pattern="a|b",
)
BASE = replace(
    dataset(),
    fields=(
        *dataset().fields,
        CODED,
        replace(CODED, name="owner", words=Words(zh="所有人", en="owner"), personal="none"),
    ),
    rules=(RULE,),
    gates=(GATE,),
    properties={"authority": "cim", "layer": ["路"]},
)
COUNT = CountOf("sighting", "hour", "sightings", 5)
WITHIN = replace(BASE, rules=(RowRule("value_within_revised", "within", ("value", "revised"), (None, 3)),))
JUMPS = replace(BASE, rules=(RowRule("place_jump", "jump", ("lon", "lat", "observed_at", "source_id"), (70, 50)),))


def field(name: str, **changes: Any) -> Dataset:
    """BASE with one column changed."""
    return replace(BASE, fields=tuple(replace(one, **changes) if one.name == name else one for one in BASE.fields))


def limits(low: float | None, high: float | None) -> Dataset:
    return field("value", minimum=low, maximum=high)


def more(**changes: Any) -> Dataset:
    """BASE with one column more."""
    further = Field("note", Words(zh="备注", en="note"), "", "string", required=False)
    return replace(BASE, fields=(*BASE.fields, replace(further, **changes)))


CASES: list[tuple[str, Dataset, Dataset]] = [
    ("column_removed", more(), BASE),
    ("column_renamed", more(), more(name="remark")),
    ("required_column_added", BASE, more(required=True)),
    ("type", BASE, field("record", type="long")),
    ("made_required", BASE, field("value", required=True)),
    ("unit", BASE, field("value", unit="m/s")),
    ("currency", field("value", currency="CNY"), field("value", currency="HKD")),
    ("crs", field("value", crs="EPSG:4326"), field("value", crs="EPSG:4490")),
    ("code_list", BASE, field("kind", code_list="sorts")),
    ("key", BASE, replace(BASE, key=("city", "source_id"))),
    ("partition", BASE, replace(BASE, partition_by=("city", "source_platform"))),
    ("write_mode", BASE, replace(BASE, write_mode="latest")),
    ("revision", BASE, replace(BASE, revision="revised")),
    ("count_of", BASE, replace(BASE, count_of=COUNT)),
    ("count_of", replace(BASE, count_of=COUNT), replace(BASE, count_of=replace(COUNT, at_least=2))),
    ("limits_tightened", BASE, limits(0, None)),
    ("limits_tightened", limits(0, 10), limits(-5, 9)),
    ("pattern", BASE, field("kind", pattern="a|c")),
    ("pattern", field("kind", pattern=None), BASE),
    ("pattern", field("kind", pattern="[ab]"), field("kind", pattern="[abc]")),
    ("rule_added", replace(BASE, rules=()), BASE),
    ("rule_changed", BASE, replace(BASE, rules=(replace(RULE, kind="before"),))),
    ("protection_begun", BASE, field("owner", personal="ordinary")),
    ("protection_lowered", BASE, field("kind", personal="none")),
    ("column_added", BASE, more()),
    ("made_optional", BASE, field("received_at", required=False)),
    ("limits_widened", limits(0, 10), limits(-5, None)),
    ("pattern_widened", BASE, field("kind", pattern="a|b|c")),
    ("pattern_widened", BASE, field("kind", pattern=None)),
    ("rule_removed", BASE, replace(BASE, rules=())),
    ("protection_raised", BASE, field("kind", personal="sensitive")),
    ("rule_changed", WITHIN, replace(WITHIN, rules=(replace(WITHIN.rules[0], args=(None, 4)),))),
    ("plausibility_added", replace(BASE, rules=()), JUMPS),
    ("plausibility_changed", JUMPS, replace(JUMPS, rules=(replace(JUMPS.rules[0], args=(80, 50)),))),
    ("plausibility_removed", JUMPS, replace(BASE, rules=())),
    ("gate_added", replace(BASE, gates=()), BASE),
    ("gate_changed", BASE, replace(BASE, gates=(replace(GATE, severity="critical"),))),
    ("gate_removed", BASE, replace(BASE, gates=())),
    ("words", BASE, field("value", words=Words(zh="数值", en="value"))),
    ("words", BASE, replace(BASE, words=Words(zh="东西", en="thing"))),
    ("description", BASE, field("value", description="What it is worth")),
    ("description", BASE, replace(BASE, gates=(replace(GATE, words=Words(zh="几乎不空", en="few nulls")),))),
    ("property", BASE, replace(BASE, properties={**BASE.properties, "authority": "transport_info"})),
]


@pytest.mark.parametrize(
    ("kind", "old", "new"), CASES, ids=[f"{kind}-{index}" for index, (kind, _, _) in enumerate(CASES)]
)
def test_each_change_is_one_difference_of_its_kind(kind: str, old: Dataset, new: Dataset) -> None:
    (found,) = compare(old, new)
    assert found.name == kind
    assert effect_of([found]) == KINDS[kind].effect


def test_every_kind_is_tried() -> None:
    assert {kind for kind, _, _ in CASES} == set(KINDS)


def test_versions_digests_and_the_order_of_columns_are_no_difference() -> None:
    assert compare(BASE, replace(BASE, version="1.5.0", digest="other", fields=BASE.fields[::-1])) == ()
    assert effect_of(()) is None


def test_the_strongest_difference_comes_first_and_decides() -> None:
    found = compare(BASE, replace(more(), description="new", key=("city", "source_id")))
    assert [one.name for one in found] == ["key", "column_added", "description"]
    assert effect_of(found) == "breaking"


@pytest.mark.parametrize("make", [lambda: BASE, lambda: more(unit="m/s", crs="EPSG:4326", minimum=0.5)])
def test_terms_bring_back_all_that_is_compared(make: Callable[[], Dataset]) -> None:
    kind = make()
    assert compare(read_terms(terms(kind)), kind) == compare(kind, read_terms(terms(kind))) == ()
    assert terms(read_terms(terms(kind))) == terms(kind)


def test_terms_of_a_later_release_are_read_as_far_as_they_are_known() -> None:
    later = terms(BASE).replace('"name":"value"', '"name":"value","colour":"red"')
    assert "colour" in later
    assert compare(read_terms(later), BASE) == ()
