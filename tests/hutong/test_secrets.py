"""Secrets are found in two places and shown in none."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle
from pathlib import Path

import pytest

from hutong import settings
from hutong.errors import SecretMissing
from hutong.secrets import Secret, Secrets, resolver

PLANTED = "planted-7f31"
SECRET = Secret("gate", PLANTED)


def resolve_in(folder: Path, **environ: str) -> Secrets:
    return resolver(settings.read({"HUTONG_ROOT": str(folder)}), environ)


def written(folder: Path, content: bytes, mode: int = 0o600) -> None:
    path = folder / ".secrets" / "gate"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def test_a_secret_is_its_name_wherever_text_is_made_of_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("with %s and %r", SECRET, SECRET)
    texts = [repr(SECRET), str(SECRET), f"{SECRET}", f"{SECRET:>20}", f"{[SECRET]}", caplog.text]
    assert all("<secret gate>" in text for text in texts)
    assert all(PLANTED not in text for text in texts)
    assert SECRET.reveal() == PLANTED


@pytest.mark.parametrize("through", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars])
def test_a_secret_cannot_be_written_out(through: object) -> None:
    with pytest.raises(TypeError) as refused:
        through(SECRET)
    assert PLANTED not in str(refused.value)


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    written(tmp_path, b"from-file\n")
    assert resolve_in(tmp_path)("gate").reveal() == "from-file"
    assert resolve_in(tmp_path, HUTONG_SECRET_GATE="from-environment")("gate").reveal() == "from-environment"


def test_only_line_ends_are_taken_off_a_file(tmp_path: Path) -> None:
    written(tmp_path, "  口令 \r\n".encode())
    assert resolve_in(tmp_path)("gate").reveal() == "  口令 "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o777])
def test_a_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    written(tmp_path, PLANTED.encode(), mode)
    with pytest.raises(SecretMissing, match=r"open to others.*HUTONG_SECRET_GATE.*\.secrets/gate.*chmod 600"):
        resolve_in(tmp_path)("gate")


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe\x00"])
def test_a_missing_secret_names_both_places(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        written(tmp_path, content)
    with pytest.raises(SecretMissing) as missing:
        resolve_in(tmp_path, HUTONG_SECRET_GATE="")("gate")
    assert "'gate'" in str(missing.value)
    assert "HUTONG_SECRET_GATE" in str(missing.value)
    assert os.path.join(".secrets", "gate") in str(missing.value)


def test_a_changed_secret_counts_from_the_next_time_on(tmp_path: Path) -> None:
    resolve = resolve_in(tmp_path)
    written(tmp_path, b"old")
    assert resolve("gate").reveal() == "old"
    written(tmp_path, b"new")
    assert resolve("gate").reveal() == "new"
