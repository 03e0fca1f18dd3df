from datetime import UTC, datetime

from hutong.registry import Registry
from hutong.release.pinned import Pin, Release, keep, pins, releases
from hutong.store.paths import Store

SPRING = Release(
    "spring",
    datetime(2026, 3, 20, tzinfo=UTC),
    "li",
    "before the road works",
    (Pin("ledger", "cim", 4, "1.1.0"), Pin("road_segment", None, 7, "1.1.0")),
)
SUMMER = Release(
    "summer", datetime(2026, 6, 20, tzinfo=UTC), "wang", "after them", (Pin("road_segment", None, 9, "1.2.0"),)
)


def test_a_lake_without_the_table_has_no_releases_and_no_pins(store: Store) -> None:
    assert (releases(store), pins(store)) == ([], {})


def test_releases_are_read_as_they_were_kept_oldest_first(registry: Registry, store: Store) -> None:
    assert keep(SUMMER, registry, store)
    assert keep(SPRING, registry, store)
    assert releases(store) == [SPRING, SUMMER]


def test_a_name_is_given_once(registry: Registry, store: Store) -> None:
    keep(SPRING, registry, store)
    later = Release("spring", SUMMER.made_at, "li", "again", SUMMER.pins)
    assert not keep(later, registry, store)
    assert releases(store) == [SPRING]


def test_pins_name_every_version_by_the_address_of_its_table(registry: Registry, store: Store) -> None:
    keep(SPRING, registry, store)
    keep(SUMMER, registry, store)
    assert pins(store) == {store.ledger("cim").uri: {4}, store.base("road_segment").uri: {7, 9}}


def test_a_pin_outlives_the_platform_it_was_made_for(registry: Registry, store: Store) -> None:
    gone = Pin("quarantine", "weather", 2, "1.0.0")
    keep(Release("old", SPRING.made_at, "li", "", (gone,)), registry, store)
    assert pins(store) == {store.quarantine("weather").uri: {2}}
