"""docs/watching.md names what there is."""

import re

from hutong import settings
from hutong.cli.main import cli
from hutong.orchestrate import names
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")


def test_its_variables_are_settings() -> None:
    assert settings.__doc__
    # A secret's variable is named after the secret.
    for variable in set(re.findall(r"HUTONG_\w+", PAGE)) - {"HUTONG_SECRET_X"}:
        assert f"{variable} " in settings.__doc__, variable


def test_its_commands_are_there() -> None:
    words = set(re.findall(r"`?hutong (\w+)", PAGE))
    assert words >= {"check", "freshness", "maintain", "release", "connections"}
    assert words <= set(cli.list_commands(None))  # type: ignore[arg-type, attr-defined]


def test_its_dags_are_those_that_keep_the_gateway_in_order() -> None:
    listed = re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)
    assert set(listed) == {names.MAINTAIN, names.RELEASE, names.CHECK_REGISTRY, names.FRESHNESS}
