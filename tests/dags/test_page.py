"""docs/airflow.md: its commands name DAGs that are there, and fill their forms as those may be filled."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest

from hutong.orchestrate.plan import BACKFILL_FORM, RELEASE_FORM, SYNC_FORM
from tests.dags.conftest import ROOT

PAGE = (ROOT / "docs" / "airflow.md").read_text(encoding="utf-8")
TRIGGERS = re.findall(r"^airflow dags trigger (\S+) --conf '(.*)'$", PAGE, re.M)


@pytest.mark.parametrize(("dag", "conf"), TRIGGERS)
def test_a_command_of_the_page_fills_a_form_as_it_may_be_filled(dag: str, conf: str, told: dict[str, Any]) -> None:
    form, filled = told["dags"][dag]["form"], json.loads(conf)
    assert set(filled) <= set(form)
    for name, value in filled.items():
        schema = {word: what for word, what in form[name].items() if word not in ("default", "help")}
        jsonschema.validate(value, schema)
    needed = {name for name, field in form.items() if field["default"] is None and "null" not in field["type"]}
    assert needed <= set(filled)


def test_what_a_run_may_be_asked_for_is_what_its_form_has(told: dict[str, Any]) -> None:
    forms = {name: set(dag["form"]) for name, dag in told["dags"].items() if "__" in name}
    assert forms == {name: SYNC_FORM if name.startswith("sync__") else BACKFILL_FORM for name in forms}
    assert set(told["dags"]["release"]["form"]) == RELEASE_FORM


def test_every_field_of_a_sync_is_explained(told: dict[str, Any]) -> None:
    assert TRIGGERS
    for name in told["dags"]["sync__cloud_control__live"]["form"]:
        assert f"`{name}`" in PAGE
