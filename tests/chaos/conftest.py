"""A small harness for the short form: its undisturbed lake is made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.chaos.bench import Bench, bench
from tests.chaos.tally import Tally


@pytest.fixture(scope="session")
def undisturbed_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(tmp_path_factory.mktemp("chaos"), seed=1) as made:
        yield made


@pytest.fixture
def made(undisturbed_bench: Bench) -> Bench:
    """The harness with a tally of the test's own."""
    return replace(undisturbed_bench, tally=Tally())
