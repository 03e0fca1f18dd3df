"""docs/contracts.md is followed, block by block, on a lake that then holds two versions of a contract."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hutong.registry import Registry, open_registry
from hutong.schema.compare import KINDS
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from tests.city.copied import registry_copy
from tests.conftest import ROOT
from tests.hutong.publish.conftest import flow, land_flow, publish_flow, without_gates

PAGE = (ROOT / "docs" / "contracts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(console|diff|python)\n(.*?)```", PAGE, flags=re.DOTALL)


def apply(patch: str, root: Path) -> None:
    """Put a patch of the page, whose hunks carry no line numbers, to the file that it names."""
    name, _, rest = patch.removeprefix("--- ").partition("\n")
    path = root / name
    for hunk in rest.split("@@\n"):
        lines = hunk.splitlines()
        old = "\n".join(line[1:] for line in lines if line[0] in " -")
        new = "\n".join(line[1:] for line in lines if line[0] in " +")
        text = path.read_text(encoding="utf-8")
        assert text.count(f"{old}\n") == 1, f"{name}: {old!r}"
        path.write_text(text.replace(f"{old}\n", f"{new}\n"), encoding="utf-8")


def follow(session: str, root: Path) -> None:
    """Run what stands behind each `$`; what follows it must be among the lines that it prints, however aligned."""
    environment = os.environ | {
        "HUTONG_ROOT": str(root),
        "HUTONG_LAKE": str(root / "lake"),
        "HUTONG_LANG": "en",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    for command, said in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, flags=re.MULTILINE):
        done = subprocess.run(
            ["bash", "-c", command], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        printed = {" ".join(line.split()) for line in (done.stdout + done.stderr).splitlines()}
        assert {" ".join(line.split()) for line in said.splitlines()} <= printed
        assert done.returncode == (1 if "breaking" in said else 0), done.stderr


def opened(root: Path) -> Registry:
    """The registry below `root`, without its gates, which are slow."""
    for contract in (root / "schemas").glob("*.yaml"):
        contract.write_text(without_gates(contract.read_text(encoding="utf-8")), encoding="utf-8")
    return open_registry(read({"HUTONG_ROOT": str(root), "HUTONG_LAKE": str(root / "lake")}))


def publish(root: Path, at: str, occupancy: float) -> None:
    registry, store = opened(root), Store(str(root / "lake"))
    land_flow(registry, store, [flow("L1", statTime=at, occupancy=occupancy)])
    publish_flow(registry, store, resolver(read({"HUTONG_ROOT": str(root)})))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Declared files and a lake after all that the page says about raising a version."""
    folder = tmp_path_factory.mktemp("page")
    root, old = registry_copy(folder / "new"), registry_copy(folder / "old")
    publish(old, "2026-03-18 08:15:00", 31.0)
    (old / "lake").rename(root / "lake")
    for kind, text in BLOCKS:
        if kind == "diff":
            apply(text, root)
        elif kind == "console":
            follow(text, root)
    publish(root, "2026-03-18 08:20:00", 40.0)
    return root


@pytest.mark.parametrize("code", [text for kind, text in BLOCKS if kind == "python"], ids=["deltalake", "duckdb"])
def test_old_and_new_are_read_side_by_side(code: str, root: Path) -> None:
    show = (
        "for row in rows: print(row['source_id'], row['period_start'].isoformat(), round(row['occupancy_percent'], 6))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], cwd=root, capture_output=True, text=True, check=False
    )
    starts = [datetime(2026, 3, 18, 0, minute, tzinfo=UTC).isoformat() for minute in (10, 15)]
    assert (done.returncode, done.stdout) == (0, f"L1 {starts[0]} 31.0\nL1 {starts[1]} 40.0\n"), done.stderr


def test_the_page_lists_every_kind_of_difference_with_its_effect() -> None:
    listed = re.findall(r"^\| ([^|]+) \| (breaking|additive|documentation) \| ([^|]+) \|$", PAGE, flags=re.MULTILINE)
    assert listed == [(kind.what.en, kind.effect, kind.why.en) for kind in KINDS.values()]
