import pytest

from hutong.pages import Garbled, elements


def test_records_of_nested_lists_carry_the_fields_of_their_parents() -> None:
    found = {"data": [{"moy": 5, "rsms": [{"id": "a", "participants": [{"p": 1}, {"p": 2}]}]}, {"moy": 6, "rsms": []}]}
    carry = {"moy": "^^.moy", "id": "^.id"}
    assert elements(found, "data[].rsms[].participants[]", carry) == [
        {"p": 1, "moy": 5, "id": "a"},
        {"p": 2, "moy": 5, "id": "a"},
    ]


def test_a_list_of_one_that_came_as_an_object_is_a_list() -> None:
    assert elements({"data": {"rsms": {"p": 1}}}, "data[].rsms[]") == [{"p": 1}]


@pytest.mark.parametrize("nothing", [None, [], ""])
def test_null_and_empty_mean_no_records(nothing: object) -> None:
    assert elements({"rows": nothing}, "rows[]") == []


def test_an_element_that_is_no_object_is_a_record_that_is_counted_and_refused_later() -> None:
    assert elements({"rows": [{"a": 1}, 7]}, "rows[]") == [{"a": 1}, {"value": 7}]


def test_an_answer_without_the_records_names_what_it_has() -> None:
    with pytest.raises(Garbled, match="no 'rows'; it has code, msg"):
        elements({"msg": "", "code": 1}, "rows[]")
