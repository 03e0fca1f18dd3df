"""YAML that no person writes is refused with its line, whatever its parser would make of it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from hutong.registry.read import File, Problems

HOSTILE = {
    "deep": ("x: " + "[" * 5000 + "]" * 5000, 1, "nested too deep"),
    "circle": ("a: 1\nx: &x [*x]\n", 1, "holds itself"),
    "bomb": (
        "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
        + "".join(f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]\n" for last, name in pairwise("abcdefghi")),
        1,
        "aliases stand for more",
    ),
    "key": ("a: 1\n? [a]\n: 2\n", 2, "a key is no text"),
    "number": ("a: 1\nb: " + "9" * 5000 + "\n", 2, "cannot be read"),
    "day": ("a: 2026-13-40\n", 1, "cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    text, line, said = HOSTILE[name]
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    problems = Problems(tmp_path)
    assert File(path, problems).data is None
    (problem,) = problems
    assert problem.startswith(f"mapping.yaml:{line}: ")
    assert said in problem
    assert len(problem) < 300
