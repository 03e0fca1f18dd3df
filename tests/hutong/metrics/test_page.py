"""docs/metrics.md lists every metric as it is, and asks for what there is."""

from __future__ import annotations

import re

from hutong.metrics import DESCRIBED
from tests.conftest import ROOT
from tests.hutong.metrics.test_dashboard import unknown

PAGE = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def test_the_page_lists_every_metric_with_its_kind_its_labels_and_its_words() -> None:
    listed = re.findall(r"^\| `(hutong_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", PAGE, flags=re.MULTILINE)
    told = {(name, one.kind, ", ".join(one.labels), one.said) for name, one in DESCRIBED.items()}
    assert {(name, kind, labels.strip(), said) for name, kind, labels, said in listed} == told


def test_what_the_page_asks_for_exists() -> None:
    asked = re.findall(r"```promql\n(.*?)```", PAGE, flags=re.DOTALL)[0].splitlines()
    assert len(asked) > 3
    for query in asked:
        assert unknown(query) == set(), query
