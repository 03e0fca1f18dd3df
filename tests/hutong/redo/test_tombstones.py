"""What a platform no longer lists stays a tombstone when its dataset is made anew."""

import shutil

import pytest
from deltalake import DeltaTable

from hutong.model.dataset import TableName
from hutong.redo import replaying
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.making import START
from tests.hutong.publish.test_tombstones import DAY, Cim, crossing
from tests.hutong.redo.conftest import rebuild, seen

JUNCTION = TableName("junction")


@pytest.fixture
def cim(registry: Registry, store: Store, secrets: Secrets) -> Cim:
    """Crossing 2 comes and goes, 4 goes and comes back, 5 is new at the end; one pull is two batches long."""
    platform = Cim(registry, store, secrets)
    platform.pull([crossing(1), crossing(2)], [crossing(4)], at=START)
    platform.pull([crossing(1, name="大石坝口")], at=START + DAY)
    platform.pull([crossing(1, name="大石坝口"), crossing(4)], [crossing(5)], at=START + 2 * DAY)
    return platform


def test_made_anew_they_are_the_same(cim: Cim) -> None:
    assert rebuild("junction", cim.registry, cim.store, cim.secrets).is_equal


def test_in_a_table_that_was_lost_later_refreshes_decide_as_if_it_had_not_been(cim: Cim) -> None:
    before = seen(cim.registry, cim.store, "junction")
    shutil.rmtree(cim.store.base(JUNCTION).uri)
    rebuild("junction", cim.registry, cim.store, cim.secrets)
    assert seen(cim.registry, cim.store, "junction") == before
    # Older than the newest refresh, which the table must know of for this.
    cim.pull([crossing(2), crossing(6)], at=START + DAY / 2, run="backfill/late")
    listed = cim.listed()
    assert listed == {1: None, 2: START + DAY / 2, 4: None, 5: None, 6: START + DAY / 2}
    assert rebuild("junction", cim.registry, cim.store, cim.secrets).is_equal
    assert verify(cim.registry, cim.store, cim.secrets).problems == []


def test_one_whose_batch_landing_no_longer_holds_is_carried_over(cim: Cim) -> None:
    DeltaTable(cim.store.landing("cim", "junction").uri).delete("batch <= 3")
    found = rebuild("junction", cim.registry, cim.store, cim.secrets)
    assert found.is_equal
    assert (found.carried.rows, found.carried.batches) == (1, 1)


@pytest.mark.slow
def test_a_replay_corrects_them_and_leaves_them_gone(settings: Settings, cim: Cim) -> None:
    path = settings.root / "mappings" / "cim" / "junction.yaml"
    old = "name: {rule: text, from: properties.name"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, "name: {rule: text, from: properties.adminCode"))
    changed, listed = open_registry(settings), cim.listed()
    with replaying(changed.source("cim", "junction"), "500000", changed, cim.store, cim.secrets) as found:
        found.publish("the name is the district")
    assert [(one.changed, one.changed_fields) for one in found.differences] == [(4, {"name": 4})]
    assert cim.listed() == listed
    assert {row["name"] for row in seen(changed, cim.store, "junction")["junction"]} == {"500112"}
    assert verify(changed, cim.store, cim.secrets).problems == []
