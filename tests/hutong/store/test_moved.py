"""Whether a table moved on is told by its log alone."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from hutong.errors import StoreError
from hutong.store.moved import moved_since
from hutong.store.paths import Place


def test_a_table_has_moved_when_the_next_commit_is_there(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "table"))
    has_moved = moved_since(place)
    assert not has_moved(None)
    write_deltalake(place.uri, pa.table({"n": [1]}))
    assert has_moved(None)
    assert not has_moved(0)
    write_deltalake(place.uri, pa.table({"n": [2]}), mode="append")
    assert (has_moved(0), has_moved(1)) == (True, False)


def test_a_checkpoint_is_no_commit(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "table"))
    write_deltalake(place.uri, pa.table({"n": [1]}))
    DeltaTable(place.uri).create_checkpoint()
    assert not moved_since(place)(0)


def test_a_log_that_cannot_be_looked_into_is_an_error_and_not_a_no(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("a file where the table should be")
    with pytest.raises(StoreError):
        moved_since(Place(str(tmp_path / "table")))(None)
