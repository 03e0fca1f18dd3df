"""docs/quarantine.md is followed word for word: files written as they stand there, commands run, answers compared."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest

from hutong.errors import HutongError
from tests.conftest import ROOT
from tests.hutong.publish.conftest import declare_without_gates

PAGE = (ROOT / "docs" / "quarantine.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)(?: (\S+))?\n(.*?)```", PAGE, flags=re.DOTALL)
STEPS = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def run(command: str, root: Path) -> None:
    """What stands behind a `$`, in this process, since starting one takes seconds."""
    program, *words = shlex.split(command)
    if program == "cat":
        click.echo((root / words[0]).read_text(encoding="utf-8"))
        return
    assert program == "hutong"
    name, *rest = words
    found: click.Command = getattr(import_module(f"hutong.cli.{name}"), name)
    found.main(rest, standalone_mode=False)


def test_the_page_is_followed_word_for_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root, inbox = declare_without_gates(tmp_path / "root"), tmp_path / "roadworks"
    inbox.mkdir()
    for folder in ("connectors", "mappings"):
        for path in [*(root / folder).glob("*/*.*"), *(root / folder).glob("*/codes/*.csv")]:
            if path.parent != root / "mappings" / "codes":
                path.unlink()
    monkeypatch.setenv("HUTONG_ROOT", str(root))
    monkeypatch.setenv("HUTONG_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("HUTONG_ADDRESS_TRANSPORT_INFO", inbox.as_uri())
    verified = 0
    for kind, name, text in BLOCKS:
        if kind != "console":
            path = inbox / Path(name).name if name.startswith("/srv/") else root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            if path.parent == inbox:
                (inbox / f"{path.name}.ok").touch()
            continue
        for command, said in STEPS.findall(text):
            capsys.readouterr()
            try:
                run(command, root)
            except HutongError as wrong:
                pytest.fail(f"{command}: {wrong}")
            out, err = capsys.readouterr()
            printed = squeezed(out) + squeezed(err)
            if command == "hutong verify":
                verified += 1
                (line,) = squeezed(said)
                # How many files a store has is nobody's promise.
                assert re.sub(r"\d+ files", "", line) in [re.sub(r"\d+ files", "", one) for one in printed], printed
                continue
            for line in squeezed(said):
                # A row of the ledger goes on with columns that the page leaves out.
                is_there = any(
                    one == line or (command == "hutong ledger" and one.startswith(f"{line} ")) for one in printed
                )
                assert is_there, f"{command}: {line!r} is not among {printed}"
    assert verified == PAGE.count("$ hutong verify") > 3
