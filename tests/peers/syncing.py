"""`hutong sync` over declared files, and what it brought into the lake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from hutong.model.batch import Sequence
from hutong.store.landing import LandedPage, held, read_batch
from hutong.store.paths import Store
from tests.conftest import command_environment
from tests.peers.declared import STREAM


@dataclass(frozen=True)
class Gateway:
    """A root with declared files for one platform, and its lake."""

    root: Path
    platform: str
    secrets: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        shown = {f"HUTONG_SECRET_{name.upper()}": value for name, value in self.secrets.items()}
        return command_environment({"HUTONG_ROOT": str(self.root), "HUTONG_LANG": "en", **shown})

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "hutong.cli", "sync", self.platform, STREAM, "--json"]

    def sync(self) -> list[dict[str, Any]]:
        """What became of each batch."""
        done = subprocess.run(self.command, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def pages(self) -> list[LandedPage]:
        """All pages that landed."""
        sequence, store = Sequence(self.platform, STREAM, "500000"), Store(str(self.root / "lake"))
        return [page for batch in held(store, sequence) for page in read_batch(store, sequence, batch, None)]

    def rows(self) -> pl.DataFrame:
        """The base dataset."""
        return pl.read_delta(str(self.root / "lake" / "base" / "roadside_facility"))
