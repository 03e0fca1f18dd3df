"""Each mistake of tests/mistakes/ is refused by `hutong check` with file, line and next step, before any data is read.

change: file -> old text -> new text, in a copy of the declared files. file, line: where the complaint must point to,
the last changed place unless they say otherwise; `line` is text that stands there. says: words of the complaint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.city.copied import change, registry_copy
from tests.conftest import ROOT
from tests.test_bad_registry import assert_only_problems, checked

FOLDER = ROOT / "tests" / "mistakes"
NAMED = (
    "unknown_dataset", "unknown_field", "unknown_rule", "unknown_code_list", "unknown_stream",
    "undeclared_crs", "undeclared_axes", "undeclared_zone", "undeclared_unit",
    "incompatible_unit", "unit_slip_prefix", "types_cannot_meet", "required_column_unfilled", "key_not_in_schema",
    "two_rules_for_one_field", "climb_above_the_root", "each_on_a_scalar", "enum_value_without_a_code", "duplicate_key",
    "personal_field_in_the_clear", "when_leaves_records_nowhere", "sentinel_in_range",
)  # fmt: skip
"""Those that must be there, whatever else is."""


@dataclass(frozen=True)
class Mistake:
    change: dict[str, dict[str, str]]
    says: list[str]
    file: str | None = None
    line: str | None = None


def read(name: str) -> Mistake:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return Mistake(**found)


def test_every_mistake_that_was_promised_has_a_file() -> None:
    assert set(NAMED) <= {path.stem for path in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_a_mistake_is_refused_with_file_line_and_next_step(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake, root = read(name), registry_copy(tmp_path)
    places = [
        (path, change(root / path, old, new)) for path, texts in mistake.change.items() for old, new in texts.items()
    ]
    path = mistake.file or places[-1][0]
    line = dict(places).get(path, 0)
    if mistake.line is not None:
        lines = (root / path).read_text(encoding="utf-8").splitlines()
        (line,) = [number for number, text in enumerate(lines, start=1) if mistake.line in text]
    said, code = checked(root, monkeypatch)
    assert code == 1
    assert_only_problems(said)
    about = [one for one in said.splitlines() if re.match(rf"{re.escape(path)}:{line}: ", one)]
    assert any(all(word in one for word in mistake.says) for one in about), said
    # What is wrong, and behind it what to do.
    assert all("; " in one for one in about), about
