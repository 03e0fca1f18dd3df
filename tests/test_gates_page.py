"""docs/gates.md is followed on a lake whose second of five batches a gate refused."""

from __future__ import annotations

import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from hutong.model.declared import Words
from hutong.schema.gates import FORMS, read_gate
from tests.conftest import ROOT
from tests.hutong.redo.test_gated import gated_once

__all__ = ["gated_once"]

PAGE = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
STEPS = re.compile(r"^\$ hutong (\S+) ?(.*)\n((?:(?!\$ ).*\n)*)", flags=re.MULTILINE)


def squeezed(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_page_is_followed_command_by_command(
    gated_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(shutil.copytree(gated_once, tmp_path / "root"))
    monkeypatch.setenv("HUTONG_ROOT", str(root))
    monkeypatch.setenv("HUTONG_LAKE", str(root / "lake"))
    monkeypatch.chdir(tmp_path)
    followed = 0
    for block in re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL):
        for name, words, said in STEPS.findall(block):
            done = CliRunner().invoke(getattr(import_module(f"hutong.cli.{name}"), name), shlex.split(words))
            printed = squeezed(done.output)
            for line in squeezed(said):
                # What waits goes on with when it was refused.
                assert any(one == line or one.startswith(f"{line} 20") for one in printed), (name, words, done.output)
            assert done.exit_code == (1 if said.startswith("transport_info/section_flow/500000#2 3") else 0)
            followed += 1
    assert followed == PAGE.count("$ hutong") > 6


def test_the_page_lists_every_gate_with_its_words() -> None:
    listed = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", PAGE, flags=re.MULTILINE)
    assert {kind: set(words.split(", ")) for kind, words in listed} == {
        kind: {*form.needs, *form.may} for kind, form in FORMS.items()
    }


def test_the_gate_on_the_page_can_be_declared() -> None:
    (entry,) = yaml.safe_load(re.findall(r"```yaml\n(- .*?)```", PAGE, flags=re.DOTALL)[0])
    read_gate(entry["name"], Words(zh="", en=""), entry["severity"], entry["implementation"])
