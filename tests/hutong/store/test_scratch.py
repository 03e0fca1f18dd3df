"""Scratch lakes go when their work is done, and when whoever worked there died."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hutong.store.paths import Store
from hutong.store.scratch import remove_abandoned, scratch


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def test_it_is_removed_at_the_end_and_when_the_work_fails(store: Store) -> None:
    def work() -> None:
        with scratch(store, "replay") as mine:
            (Path(mine.store.root) / "rows").write_text("much")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert list(Path(store.scratches).iterdir()) == []


def test_one_that_gave_no_sign_of_life_is_removed_and_the_others_stay(store: Store) -> None:
    soon, later = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (25, 35))
    with scratch(store, "replay") as mine:
        assert remove_abandoned(store, soon) == []
        (Path(store.scratches) / "rebuild-without-a-sign").mkdir()
        assert set(remove_abandoned(store, later)) == {mine.name, "rebuild-without-a-sign"}
        mine.is_needed()
        assert remove_abandoned(store, soon) == []


def test_a_lake_without_any_has_none_to_remove(store: Store) -> None:
    assert remove_abandoned(store) == []
