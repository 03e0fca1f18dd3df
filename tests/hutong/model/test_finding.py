"""Every kind of reason is said in both languages, with place, value, rule and next step, and in words for people."""

import re
from string import Formatter

import pytest

from hutong.model.finding import CATALOGUE, Finding, Lang, parts, reason

UNFIT = re.compile(r"Traceback|Exception|Error\b|<class|object at 0x|hutong\.|\{[a-z_]+\}|\\n|\bNone\b")
CHINESE = re.compile("[\u4e00-\u9fff]")


def one_of(kind: str) -> Finding:
    """A finding of `kind` whose every parameter can be told from the sentence's own words."""
    explained = CATALOGUE[kind]
    texts = [text for words in (explained.what, explained.why, explained.next_step) for text in (words.zh, words.en)]
    names = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name} - {"place", "value"}
    params = {name: f"<{name}>" for name in sorted(names)}
    return Finding("row_rule", "speed_mps_rule", kind, "$.speed[3]", "7.25", params)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", CATALOGUE)
def test_every_kind_names_place_value_rule_parameters_and_next_step(kind: str, lang: Lang) -> None:
    finding = one_of(kind)
    what, why, next_step = parts(finding, lang)
    assert finding.place in what
    assert finding.value in what
    assert finding.rule in why
    assert next_step.strip()
    whole = reason(finding, lang)
    assert all(part in whole for part in (what, why, next_step, *finding.params.values()))
    assert not UNFIT.search(whole)
    assert bool(CHINESE.search(whole)) == (lang == "zh")


@pytest.mark.parametrize("kind", CATALOGUE)
def test_both_languages_use_the_same_parameters(kind: str) -> None:
    explained = CATALOGUE[kind]
    for words in (explained.what, explained.why, explained.next_step):
        zh, en = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in (words.zh, words.en))
        assert zh == en


def test_braces_in_a_value_are_no_parameter() -> None:
    finding = Finding("schema", "a_type", "schema", "$.a", "{place} {}", {"expected": "type: number", "stream": "x.y"})
    assert "{place} {}" in reason(finding, "en")
