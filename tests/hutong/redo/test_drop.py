"""What a person drops leaves the queue for good: the ledger says so, and nothing that runs again brings it back."""

import pytest

from hutong.errors import AskedWrongly
from hutong.lake import query
from hutong.redo import Dropping, drop
from hutong.redo.drop import Place, _Ledger
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.redo.conftest import LIVE, read_131_as_missing, rebuild, replay, seen
from tests.hutong.redo.test_replay import fates


def waiting(rule: str, registry: Registry, store: Store) -> set[Place]:
    """The records that wait in the quarantine because of `rule`."""
    sql = "SELECT sequence, batch, record FROM quarantine WHERE rule = $rule AND status = 'open'"
    return {tuple(row.values()) for row in query(sql, registry, store, {"rule": rule}).to_pylist()}


def test_a_drop_moves_the_fate_and_says_who_and_why(registry: Registry, store: Store, secrets: Secrets) -> None:
    chosen = waiting("occupancy_range", registry, store)
    assert len(chosen) == 3
    done = drop(LIVE, chosen, "the sensor was broken", registry, store)
    assert done.records == 3
    assert verify(registry, store, secrets).problems == []
    assert fates(registry, store) == {"published": 4, "duplicate": 3, "quarantined": 1, "dropped": 3}
    (operation,) = seen(registry, store, "operations")["operations"]
    assert done.sequence is not None
    assert (operation["action"], operation["target"]) == ("drop", done.sequence.id)
    assert operation["reason"] == "3 records: the sensor was broken"
    rows = [row for row in seen(registry, store, "quarantine")["quarantine"] if row["rule"] == "occupancy_range"]
    assert {(row["status"], row["settled_by"]) for row in rows} == {("dropped", done.sequence.id)}
    assert drop(LIVE, chosen, "once more", registry, store) == Dropping(0, None)


def test_neither_a_replay_nor_a_rebuild_brings_back_what_was_dropped(
    settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    chosen = sorted(waiting("occupancy_range", registry, store))[:1]
    drop(LIVE, set(chosen), "counted by hand", registry, store)
    assert not replay(registry, store, secrets).is_needed
    for name in ("traffic_flow", "road_segment"):
        assert rebuild(name, registry, store, secrets).is_equal
    changed = read_131_as_missing(settings)
    replay(changed, store, secrets)
    assert verify(changed, store, secrets).problems == []
    assert fates(changed, store)["dropped"] == 1
    assert fates(changed, store)["quarantined"] == 1
    assert not replay(changed, store, secrets).is_needed


def test_a_drop_killed_before_the_ledger_is_ended_by_the_next(
    registry: Registry, store: Store, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(_: _Ledger) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(_Ledger, "close", die)
        with pytest.raises(Killed):
            drop(LIVE, waiting("occupancy_range", registry, store), "broken", registry, store)
    assert verify(registry, store, secrets).problems
    drop(LIVE, waiting("speed_type", registry, store), "broken too", registry, store)
    assert verify(registry, store, secrets).problems == []
    assert fates(registry, store) == {"published": 4, "duplicate": 3, "dropped": 4}


@pytest.mark.slow
def test_a_replay_after_a_killed_drop_ends_it_too(
    registry: Registry, store: Store, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(_Ledger, "close", lambda _: None)
        drop(LIVE, waiting("occupancy_range", registry, store), "broken", registry, store)
    assert verify(registry, store, secrets).problems
    replay(registry, store, secrets)
    assert verify(registry, store, secrets).problems == []
    assert fates(registry, store)["dropped"] == 3


def test_a_drop_needs_a_reason(registry: Registry, store: Store) -> None:
    with pytest.raises(AskedWrongly, match="needs a reason"):
        drop(LIVE, waiting("occupancy_range", registry, store), " ", registry, store)
