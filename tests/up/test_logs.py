"""Logs stay bounded while their writers go on."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hutong.up import logs


def test_a_long_log_is_cut_and_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 10)
    log = tmp_path / "part.log"
    with log.open("a", buffering=1) as writer:
        writer.write("before, and long enough\n")
        logs.cut(log)
        writer.write("after\n")
    assert (log.read_text(), (tmp_path / "part.log.1").read_text()) == ("after\n", "before, and long enough\n")


def test_a_short_log_and_one_that_is_not_there_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("short\n")
    logs.cut(log)
    logs.cut(tmp_path / "none.log")
    assert os.listdir(tmp_path) == ["part.log"]


def test_logs_of_tasks_go_after_some_days_and_their_folders_with_them(tmp_path: Path) -> None:
    old, new = tmp_path / "dag" / "old" / "1.log", tmp_path / "dag" / "new" / "1.log"
    long_ago = time.time() - (logs.KEPT_DAYS + 1) * 86_400
    for file in (old, new):
        file.parent.mkdir(parents=True)
        file.write_text("line\n")
    empty = tmp_path / "dag" / "empty"
    empty.mkdir()
    for path in (old, old.parent):
        os.utime(path, (long_ago, long_ago))
    logs.forget(tmp_path)
    logs.forget(tmp_path)
    assert not old.exists()
    assert new.exists()
    assert empty.exists(), "it is about to get its first file"


def test_a_folder_left_empty_long_ago_goes(tmp_path: Path) -> None:
    long_ago = time.time() - (logs.KEPT_DAYS + 1) * 86_400
    (tmp_path / "empty").mkdir()
    os.utime(tmp_path / "empty", (long_ago, long_ago))
    logs.forget(tmp_path)
    assert not (tmp_path / "empty").exists()
