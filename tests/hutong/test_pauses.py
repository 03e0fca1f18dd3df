"""What an operator says about a platform holds until an operator says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hutong.errors import AskedWrongly, HutongError
from hutong.operations import write_down
from hutong.pauses import orders, pause, paused, resume
from hutong.registry import Registry
from hutong.store.paths import Store


def test_a_platform_is_paused_until_it_is_resumed(registry: Registry, store: Store) -> None:
    cim, safety = paused("cim", registry, store), paused("traffic_safety", registry, store)
    assert (cim(), safety(), orders(registry, store)) == (None, None, {})
    pause("cim", "works on the line", registry, store)
    assert safety() is None
    assert (cim() or "").startswith("paused since 20")
    assert (cim() or "").endswith("+08:00 (works on the line)")
    resume("cim", "done", registry, store)
    assert cim() is None
    order = orders(registry, store)["cim"]
    assert (order.action, order.reason) == ("resume", "done")
    assert order.actor


def test_other_operations_change_nothing(registry: Registry, store: Store) -> None:
    pause("cim", "works", registry, store)
    said = paused("cim", registry, store)
    for action in ("replay", "maintain"):
        write_down(action, "cim", "because", registry, store)
        assert said() is not None


def test_what_came_later_holds_even_if_its_clock_is_behind(registry: Registry, store: Store) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    write_down("pause", "cim", "by a machine whose clock is ahead", registry, store, after=ahead)
    resume("cim", "by one whose clock is right", registry, store)
    assert paused("cim", registry, store)() is None


def test_pausing_twice_says_since_when_and_resuming_what_runs_says_so(registry: Registry, store: Store) -> None:
    with pytest.raises(HutongError, match="cim is not paused; `hutong connector list`"):
        resume("cim", "why not", registry, store)
    pause("cim", "works", registry, store)
    with pytest.raises(HutongError, match=r"cim is paused since 20.* \(works\); resume it first"):
        pause("cim", "more works", registry, store)


def test_an_unknown_platform_is_named_with_the_nearest_one(registry: Registry, store: Store) -> None:
    with pytest.raises(AskedWrongly, match="did you mean 'cim'"):
        pause("cmi", "works", registry, store)
