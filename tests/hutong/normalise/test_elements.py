"""Records that become several rows, or none: `each`, `when` and `rest`."""

from __future__ import annotations

from typing import Any

import pytest

from hutong.model.mapping import Mapping, Rows
from hutong.normalise.elements import compile_elements
from hutong.normalise.reading import Unreadable, compile_path


def elements(content: dict[str, Any], *parts: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """For each of `parts`: what its rules would read, without what encloses it."""
    rows = [Rows.model_validate({"dataset": "a", "fields": {}} | part) for part in parts]
    mapping = Mapping.model_construct(stream="a.b", version=1, rows=rows)
    return [
        [
            {key: value for key, value in one.raw.items() if key != "^"}
            for one in compile_elements(part, mapping)(content)
        ]
        for part in rows
    ]


def test_without_each_the_record_is_its_only_element() -> None:
    assert elements({"a": 1}, {}) == [[{"a": 1}]]


def test_each_opens_list_within_list_in_their_order() -> None:
    content = {"r": [{"p": [{"n": 1}, {"n": 2}]}, {"p": []}, {"p": [{"n": 3}]}]}
    assert elements(content, {"each": "r[].p[]"}) == [[{"n": 1}, {"n": 2}, {"n": 3}]]
    assert elements({"d": content}, {"each": "d.r[].p[]"}) == [[{"n": 1}, {"n": 2}, {"n": 3}]]


@pytest.mark.parametrize("content", [{}, {"p": None}, {"p": []}, {"p": ""}])
def test_a_list_that_is_not_there_has_no_elements(content: dict[str, Any]) -> None:
    assert elements(content, {"each": "p[]"}) == [[]]


def test_an_object_in_place_of_a_list_is_its_only_element() -> None:
    assert elements({"p": {"n": 1}}, {"each": "p[]"}) == [[{"n": 1}]]


def test_a_climb_reads_what_encloses_the_list_and_nothing_of_the_element() -> None:
    content = {"n": 0, "at": 7, "r": [{"n": 1, "p": [{"n": 2}]}]}
    rows = Rows.model_validate({"dataset": "a", "each": "r[].p[]", "fields": {}})
    (element,) = compile_elements(rows, Mapping.model_construct(rows=[rows]))(content)
    assert [compile_path(path, "number")(element.raw) for path in ("n", "^.n", "^^.n", "^^.at", "^.at")] == [
        2,
        1,
        0,
        7,
        None,
    ]
    assert element.levels == (("r", 0), ("p", 0))


@pytest.mark.parametrize(
    ("content", "path", "value"),
    [
        ({"r": 7}, ("r",), 7),
        ({"r": [{"p": []}, "x"]}, ("r",), "x"),
        ({"r": [{}, {"p": [1]}]}, ("r", 1, "p"), 1),
        ({"r": [{"p": {"q": 1}}, {"p": [[]]}]}, ("r", 1, "p"), []),
    ],
)
def test_what_is_no_object_is_unreadable_where_it_stands(
    content: dict[str, Any], path: tuple[str | int, ...], value: Any
) -> None:
    with pytest.raises(Unreadable) as met:
        elements(content, {"each": "r[].p[]"})
    assert (met.value.path, met.value.value, met.value.how) == (path, value, "each")


def test_when_takes_by_type_and_value() -> None:
    def taken(value: Any) -> list[bool]:
        made = elements(
            {"k": value},
            {"when": {"from": "k", "in": [1, "x", None]}},
            {"when": {"from": "k", "not_in": [1, "x", None]}},
        )
        return [bool(one) for one in made]

    assert taken(1) == taken(1.0) == taken("x") == taken(None) == [True, False]
    assert taken("1") == taken(True) == taken([]) == taken({}) == [False, True]
    absent = elements({}, {"when": {"from": "k", "in": [None]}}, {"when": {"from": "k", "in": [1]}})
    assert absent == [[{}], []]


def test_rest_takes_what_no_when_of_the_same_list_takes() -> None:
    content = {"a": [{"k": 1}, {"k": 2}, {"k": 3}], "b": [{"k": 2}]}
    one, two, rest, other = elements(
        content,
        {"each": "a[]", "when": {"from": "k", "in": [1]}},
        {"each": "b[]", "when": {"from": "k", "in": [2, 3]}},
        {"each": "a[]", "rest": True},
        {"each": "b[]", "rest": True},
    )
    assert (one, two, rest, other) == ([{"k": 1}], [{"k": 2}], [{"k": 2}, {"k": 3}], [])


def test_what_when_cannot_reach_is_unreadable() -> None:
    with pytest.raises(Unreadable) as met:
        elements({"p": [{}, {"k": "text"}]}, {"each": "p[]", "when": {"from": "k.deep", "in": [1]}})
    assert (met.value.path, met.value.how) == (("p", 1, "k"), "when")
