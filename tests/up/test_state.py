"""What the leader tells, and what is read of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.up.state import State, Told, read


def test_what_is_told_is_read(tmp_path: Path) -> None:
    told = Told(tmp_path, 7)
    told.reach("已启动", "up")
    told.ready("http://127.0.0.1:1")
    told.restarted("city")
    told.restarted("city")
    assert read(tmp_path) == told.state
    assert dict(told.state.restarts) == {"city": 2}
    assert [step.en for step in told.state.steps] == ["up"]


def test_a_new_leader_begins_anew(tmp_path: Path) -> None:
    Told(tmp_path, 7).fail("no such street")
    Told(tmp_path, 8)
    assert read(tmp_path) == State(8)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"leader": 1}', '{"leader": 1, "steps": [], "restarts": [], "x": 1}'])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert read(tmp_path) is None
