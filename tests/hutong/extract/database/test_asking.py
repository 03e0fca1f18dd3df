"""What is settled before a front-end database is asked at all."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hutong.budget import BOUNDLESS
from hutong.errors import AskedWrongly, HutongError
from hutong.extract.transports import transport_of
from hutong.model.batch import Sequence
from hutong.model.window import Window
from hutong.pipeline import land_window
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from tests.hutong.registry.test_database import CONNECTOR, ENDPOINT, NUMBERED
from tests.peers.declared import STREAM, declare


def test_a_missing_driver_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = declare(tmp_path, "front", CONNECTOR, {"endpoint": ENDPOINT})
    stream = open_registry(read({"HUTONG_ROOT": str(root)})).source("front", STREAM).stream
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(HutongError, match=r"needs psycopg; install hutong\[database\]"):
        transport_of(stream.endpoint)


def test_a_stream_that_goes_by_a_number_has_no_window_to_backfill(tmp_path: Path) -> None:
    root = declare(tmp_path, "front", CONNECTOR, {"endpoint": ENDPOINT, "incremental": NUMBERED})
    settings = read({"HUTONG_ROOT": str(root)})
    source = open_registry(settings).source("front", STREAM)
    sequence = Sequence("front", STREAM, "500000", "backfill/2026-03")
    window = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(AskedWrongly, match="goes by a number"):
        land_window(source, sequence, window, Store(settings.lake), resolver(settings), BOUNDLESS)
