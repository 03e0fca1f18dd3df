"""What may not stand in the source, because two threads would then wait for each other for ever."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def test_no_function_of_python_is_run_within_polars() -> None:
    """Its few threads would wait for Python's lock, which a thread may hold while it waits for polars."""
    asked = re.compile(r"\.(map_batches|map_elements|map_groups|map_rows|rolling_map)\(")
    found = [str(path) for path in (ROOT / "src").rglob("*.py") if asked.search(path.read_text(encoding="utf-8"))]
    assert found == []
