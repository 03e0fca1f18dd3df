"""Every rule of the mapping language can be said in both languages, with exact factors and named systems."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from hutong.conversions import conversion_of, system_words
from hutong.conversions.rules import _SAYS
from hutong.model import mapping
from hutong.registry import Registry

RULE: TypeAdapter[mapping.Rule] = TypeAdapter(mapping.Rule)


def said(registry: Registry, dataset: str, column: str, **rule: Any) -> str:
    source = registry.source("transport_info", "section_flow")
    return conversion_of(column, RULE.validate_python(rule), registry.dataset(dataset), source).words.en


def test_every_rule_of_the_language_has_words() -> None:
    kinds = {get_args(one.model_fields["rule"].annotation)[0] for one in get_args(get_args(mapping.Rule)[0])}
    assert set(_SAYS) == kinds


def test_every_declared_line_is_said_in_both_languages(registry: Registry) -> None:
    for source in registry.sources.values():
        for rows in source.mapping.rows:
            for column, rule in rows.fields.items():
                found = conversion_of(column, rule, source.datasets[rows.dataset], source)
                assert found.words.en
                assert found.words.zh
                assert set(found.fills) <= set(source.datasets[rows.dataset].names)


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("km/h", "km/h × 5/18 → m/s"),
        ("0.02 m/s", "steps of 0.02 m/s, × 1/50 → m/s"),
        ("m/s", "m/s, as it is"),
    ],
)
def test_a_unit_is_said_with_its_exact_factor(unit: str, words: str, registry: Registry) -> None:
    assert said(registry, "traffic_flow", "speed_mps", rule="quantity", **{"from": "speed"}, unit=unit) == words


def test_the_system_of_a_place_is_said_with_what_is_known_of_its_accuracy() -> None:
    assert system_words("EPSG:4545").en == (
        "EPSG:4545 → WGS 84: Inverse of 3-degree Gauss-Kruger CM 108E;"
        " CGCS2000 taken as equal to WGS 84 (at most 0.7 m apart in 2026)"
    )
    assert system_words("EPSG:32648").en.endswith("Inverse of UTM zone 48N; accuracy 0 m")
    assert "its accuracy is not known" in system_words("EPSG:2383").en
    assert "fixed point" in system_words("GCJ-02").en
