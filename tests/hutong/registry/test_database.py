"""What a connector may say of a front-end database is checked before it is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hutong.errors import RegistryError
from hutong.registry import open_registry
from hutong.settings import read
from tests.peers.declared import STREAM, declare

CONNECTOR = {
    "address": "postgresql://10.0.0.5:5432/front",
    "auth": {"type": "database_login", "username": "front_user", "password": "front_password"},
}
ENDPOINT = {"transport": "database", "table": "outbound.v_facility", "key": ["no"]}
TIMED = {"cursor_path": "checked", "form": "local", "zone": "Asia/Shanghai", "since": "P1D"}
NUMBERED = {"cursor_path": "no", "form": "number", "overlap": 100}


def problems(folder: Path, connector: dict[str, Any], stream: dict[str, Any]) -> str:
    root = declare(folder, "front", {**CONNECTOR, **connector}, {"endpoint": ENDPOINT, **stream})
    with pytest.raises(RegistryError) as found:
        open_registry(read({"HUTONG_ROOT": str(root)}))
    return "\n".join(found.value.problems)


@pytest.mark.parametrize("incremental", [None, TIMED, NUMBERED])
def test_the_format_of_rows_needs_no_word(tmp_path: Path, incremental: dict[str, Any] | None) -> None:
    root = declare(tmp_path, "front", CONNECTOR, {"endpoint": ENDPOINT, "incremental": incremental})
    stream = open_registry(read({"HUTONG_ROOT": str(root)})).source("front", STREAM).stream
    assert (stream.format.type, stream.is_typed) == ("ndjson", True)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://user:planted-7f31@10.0.0.5/front",
        "postgresql://10.0.0.5:5432",
        "postgresql://10.0.0.5/front?password=planted-7f31",
        "mysql://10.0.0.5/front/more",
    ],
)
def test_an_address_holds_host_and_name_only(tmp_path: Path, address: str) -> None:
    said = problems(tmp_path, {"address": address}, {})
    assert "://host:port/name and nothing more" in said
    assert "7f31" not in said


def test_a_database_wants_a_login(tmp_path: Path) -> None:
    assert "database_login" in problems(tmp_path, {"auth": {"type": "none"}}, {})


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        ({"never_keep": ["no"]}, "never kept"),
        ({"personal": ["no"]}, "'no' is personal"),
        ({"endpoint": {**ENDPOINT, "columns": ["lon", "lat", "name", "checked"]}}, "goes by 'no'"),
        (
            {"incremental": TIMED, "endpoint": {**ENDPOINT, "columns": ["no", "lon", "lat", "name"]}},
            "goes by 'checked'",
        ),
        ({"format": "csv"}, "come as ndjson, not as csv"),
        ({"paginator": {"type": "offset"}}, "endpoint.page_size"),
        ({"data_selector": "rows"}, "remove `data_selector`"),
        ({"incremental": {**TIMED, "step": "PT1H"}}, "remove `step`"),
        ({"incremental": {**NUMBERED, "overlap": -1}}, "overlap"),
        ({"incremental": {**NUMBERED, "cursor_path": "nmae"}}, "did you mean 'name'?"),
    ],
)
def test_what_a_database_cannot_do_is_told_before_it_is_asked(
    tmp_path: Path, stream: dict[str, Any], words: str
) -> None:
    assert words in problems(tmp_path, {}, stream)


def test_only_a_database_is_asked_by_a_number(tmp_path: Path) -> None:
    over_http = {"address": "http://127.0.0.1:1", "auth": {"type": "none"}}
    said = problems(tmp_path, over_http, {"endpoint": "/rows", "incremental": NUMBERED})
    assert "only a database can be asked by a number" in said
