"""The dashboard asks for what there is, by its true labels, and says in both languages what it shows."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest

from hutong.metrics import DESCRIBED
from tests.conftest import ROOT

DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "hutong.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
QUERIES = [
    (panel["title"], target["expr"], target["legendFormat"]) for panel in PANELS for target in panel.get("targets", [])
]
WORDS = {"sum", "min", "max", "by", "rate", "increase", "deriv", "time", "topk", "sort"}


def unknown(query: str) -> set[str]:
    """What `query` names that there is not: metrics, and labels that its metrics do not have."""
    metrics = set(re.findall(r"\bhutong_\w+", query))
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]', "", query)
    words = set(re.findall(r"[A-Za-z_]\w*", bare)) - WORDS
    labels = {label for name in metrics & set(DESCRIBED) for label in DESCRIBED[name].labels}
    return (metrics - set(DESCRIBED)) | (words - metrics - labels)


@pytest.mark.parametrize(("title", "query", "legend"), QUERIES, ids=[query for _, query, _ in QUERIES])
def test_a_query_names_metrics_and_labels_that_exist(title: str, query: str, legend: str) -> None:
    assert "hutong_" in query
    assert unknown(query) == set()
    shown = set(re.findall(r"{{(\w+)}}", legend))
    grouped = re.search(r"by \(([^)]*)\)", query)
    metric = re.search(r"hutong_\w+", query)
    assert metric is not None
    kept = {one.strip() for one in grouped[1].split(",")} if grouped else set(DESCRIBED[metric[0]].labels)
    assert shown <= kept


def test_what_does_not_exist_would_be_found() -> None:
    assert unknown('sum by (plate) (hutong_rows{city="$city"})') == {"hutong_rows", "plate", "city"}
    assert unknown('hutong_dataset_rows{platform=~"x"}') == {"platform"}


def test_most_of_what_is_told_is_shown() -> None:
    shown = {name for _, query, _ in QUERIES for name in re.findall(r"hutong_\w+", query)}
    assert len(shown) > 0.7 * len(DESCRIBED)


def test_variables_that_are_used_are_declared_and_ask_for_what_exists() -> None:
    declared = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(DASHBOARD)))
    assert used <= {*declared, "datasource"}
    for one in declared.values():
        if one["type"] == "query":
            assert unknown(one["query"]["query"].replace("label_values", "sum")) == set()
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in PANELS if panel["type"] != "row")


def test_panels_have_their_own_numbers_and_places_and_titles_in_both_languages() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert re.search(r"[\u4e00-\u9fff]", panel["title"]), panel["title"]
        assert re.search(r"[A-Za-z]{3}", panel["title"]), panel["title"]
        at = panel["gridPos"]
        assert 0 <= at["x"] <= at["x"] + at["w"] <= 24
    for one, other in itertools.combinations([panel["gridPos"] for panel in PANELS], 2):
        apart = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert apart or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
