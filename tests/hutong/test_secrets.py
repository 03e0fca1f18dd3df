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
from hutong.errors import SecretMissing, SecretUnset
from hutong.secrets import Secret, Secrets, first_of, resolver

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


def refused(folder: Path, words: str) -> None:
    with pytest.raises(SecretMissing, match=words) as missing:
        resolve_in(folder)("gate")
    assert not isinstance(missing.value, SecretUnset)
    error: BaseException | None = missing.value
    while error is not None:  # what a tool that prints causes would show
        assert PLANTED not in f"{error!r} {getattr(error, 'object', '')!r}"
        error = error.__context__


def test_a_link_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    """Kubernetes mounts secrets as links."""
    written(tmp_path, b"")
    (tmp_path / ".secrets" / "gate").unlink()
    (tmp_path / ".secrets" / "gate").symlink_to("..data")
    with pytest.raises(SecretUnset):
        resolve_in(tmp_path)("gate")
    (tmp_path / ".secrets" / "..data").write_text(PLANTED)
    (tmp_path / ".secrets" / "..data").chmod(0o644)
    refused(tmp_path, "open to others")
    (tmp_path / ".secrets" / "..data").chmod(0o400)
    assert resolve_in(tmp_path)("gate").reveal() == PLANTED


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_in_which_others_can_put_files_is_refused(tmp_path: Path, mode: int) -> None:
    written(tmp_path, PLANTED.encode())
    (tmp_path / ".secrets").chmod(mode)
    refused(tmp_path, r"others can replace it; `chmod 700 .*\.secrets`")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("place", [".secrets", ".secrets/gate"])
def test_a_file_or_folder_of_somebody_else_is_refused(tmp_path: Path, place: str) -> None:
    written(tmp_path, PLANTED.encode())
    os.chown(tmp_path / place, 65534, 65534)
    refused(tmp_path, "belongs to somebody else|others can replace")


def test_a_folder_or_a_pipe_in_place_of_a_file_is_refused_without_waiting(tmp_path: Path) -> None:
    (tmp_path / ".secrets" / "gate").mkdir(parents=True)
    refused(tmp_path, "no plain file")
    (tmp_path / ".secrets" / "gate").rmdir()
    os.mkfifo(tmp_path / ".secrets" / "gate", 0o600)
    refused(tmp_path, "no plain file")


def test_a_file_of_absurd_size_is_refused(tmp_path: Path) -> None:
    written(tmp_path, b"x" * 64 * 1024)
    assert len(resolve_in(tmp_path)("gate").reveal()) == 64 * 1024
    written(tmp_path, PLANTED.encode() + b"x" * 64 * 1024)
    refused(tmp_path, "larger than 65536 bytes")


def test_bytes_that_are_no_utf_8_are_refused_and_not_carried_along(tmp_path: Path) -> None:
    written(tmp_path, PLANTED.encode() + b"\xff")
    refused(tmp_path, "not UTF-8")
    with pytest.raises(SecretMissing, match="HUTONG_SECRET_GATE is not UTF-8"):
        resolve_in(tmp_path, HUTONG_SECRET_GATE=os.fsdecode(b"\xff"))("gate")


def test_the_mark_that_windows_editors_put_in_front_is_no_part_of_a_secret(tmp_path: Path) -> None:
    written(tmp_path, "\ufeff口令\r\n".encode())
    assert resolve_in(tmp_path)("gate").reveal() == "口令"


def test_the_first_source_that_holds_a_secret_gives_it(tmp_path: Path) -> None:
    (tmp_path / "two").mkdir()
    written(tmp_path / "two", b"second")
    both = first_of(resolve_in(tmp_path), resolve_in(tmp_path / "two"))
    assert both("gate").reveal() == "second"
    with pytest.raises(SecretUnset, match=r"'other' is not set.*\.secrets/other.*; or .*two/\.secrets/other"):
        both("other")
    written(tmp_path, b"first")
    assert both("gate").reveal() == "first"
    written(tmp_path, b"first", mode=0o644)
    with pytest.raises(SecretMissing, match="open to others"):
        both("gate")


def test_a_changed_secret_counts_from_the_next_time_on(tmp_path: Path) -> None:
    resolve = resolve_in(tmp_path)
    written(tmp_path, b"old")
    assert resolve("gate").reveal() == "old"
    written(tmp_path, b"new")
    assert resolve("gate").reveal() == "new"
