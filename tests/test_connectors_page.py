"""docs/connectors.md: what it declares can be declared, and is no longer than the same in dlt."""

from __future__ import annotations

import re

import pytest
import yaml

from hutong.model.connector import Connector, Stream
from hutong.registry.reference import connector_reference
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
BLOCKS: list[tuple[str, str]] = re.findall(r"```yaml (\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
CONNECTORS = [text for kind, text in BLOCKS if kind == "connector"]


@pytest.mark.parametrize("text", CONNECTORS)
def test_a_connector_of_the_page_is_one(text: str) -> None:
    connector = Connector.model_validate({"platform": "page", **yaml.safe_load(text)})
    assert connector.streams


def test_a_stream_of_the_page_is_one() -> None:
    (text,) = [text for kind, text in BLOCKS if kind == "stream"]
    assert Stream.model_validate(yaml.safe_load(text)).incremental


def test_a_plain_paged_source_takes_no_more_lines_than_in_dlt() -> None:
    (dlt,) = [text for kind, text in BLOCKS if kind == "dlt"]
    ours, theirs = CONNECTORS[0].splitlines(), dlt.splitlines()
    assert yaml.safe_load(dlt)["resources"][0]["name"] in yaml.safe_load(CONNECTORS[0])["streams"]
    assert len(ours) <= len(theirs)
    assert max(map(len, ours)) <= max(map(len, theirs))


def test_the_reference_is_what_the_models_say() -> None:
    made = (ROOT / "docs" / "connector-reference.md").read_text(encoding="utf-8")
    assert made == connector_reference(), "run `make docs`"
