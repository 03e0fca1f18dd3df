"""A repair reads once more what was refused, never what passes; what it lets pass is marked, the account balances."""

from typing import Any

import pytest

from hutong.errors import AskedWrongly, RegistryError
from hutong.quarantine import write_repair
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.publish.conftest import flow, land_flow, publish_flow
from tests.hutong.quarantine.conftest import Write, ask, kept


def published(registry: Registry, store: Store, secrets: Secrets, rows: list[dict[str, Any]]) -> dict[str, int]:
    """What becomes of `rows`, landed as one batch."""
    land_flow(registry, store, rows)
    (done,) = publish_flow(registry, store, secrets)
    assert verify(registry, store, secrets).problems == []
    return done.fates


def test_a_missing_value_is_read_as_absent_only_where_it_was_refused(
    write: Write, store: Store, secrets: Secrets
) -> None:
    registry = write("broken", repair="missing", from_="occupancy", values=[131], refused_for=["occupancy_range"])
    rows = [flow("L1"), flow("L2", occupancy=131), flow("L3", occupancy=132)]
    assert published(registry, store, secrets, rows) == {"published": 2, "quarantined": 1}
    assert ask("SELECT source_id, occupancy FROM traffic_flow ORDER BY ALL", registry, store) == [
        ("L1", 0.31),
        ("L2", None),
    ]
    assert kept(registry, store) == [
        (1, "occupancy_range", "released", "repair broken"),
        (2, "occupancy_range", "open", None),
    ]


def test_a_code_gets_its_meaning_and_keeps_its_raw_value(write: Write, store: Store, secrets: Secrets) -> None:
    registry = write(
        "seven", repair="map_code", from_="status", codes={"7": "severe"}, refused_for=["congestion_level_unmapped"]
    )
    rows = [flow("L1"), flow("L2", status=7), flow("L3", status=8)]
    assert published(registry, store, secrets, rows) == {"published": 3}
    said = "SELECT source_id, congestion_level, congestion_level_raw FROM traffic_flow ORDER BY ALL"
    assert ask(said, registry, store) == [("L1", "free", "1"), ("L2", "severe", "7"), ("L3", "unmapped", "8")]
    assert kept(registry, store) == [(1, "congestion_level_unmapped", "released", "repair seven")]


def test_text_around_a_number_is_cut_off_before_the_schema_judges(write: Write, store: Store, secrets: Secrets) -> None:
    registry = write("unit", repair="strip", from_="speed", suffix="km/h", as_number=True, refused_for=["speed_type"])
    rows = [flow("L1", speed="36 km/h"), flow("L2", speed="fast"), flow("L3", speed="999 km/h")]
    assert published(registry, store, secrets, rows) == {"published": 1, "quarantined": 2}
    assert ask("SELECT speed_mps FROM traffic_flow", registry, store) == [(10.0,)]
    # What fails with the repair as well stays refused for what it was refused for.
    assert kept(registry, store)[1:] == [(1, "speed_type", "open", None), (2, "speed_type", "open", None)]


@pytest.mark.parametrize("drift", ["discard_row", "discard_value"])
def test_what_a_repair_makes_of_a_value_is_no_drift_that_leaves_the_record_out(
    drift: str, settings: Settings, write: Write, store: Store, secrets: Secrets
) -> None:
    connector = settings.root / "connectors" / "transport_info" / "connector.yaml"
    connector.write_text(connector.read_text().replace("  section_flow:\n", f"  section_flow:\n    drift: {drift}\n"))
    registry = write(
        "number", repair="strip", from_="linkId", prefix="L", as_number=True, refused_for=["occupancy_range"]
    )
    assert published(registry, store, secrets, [flow("L1", occupancy=131)]) == {"quarantined": 1}
    assert kept(registry, store) == [(0, "occupancy_range", "open", None)]


def test_every_field_that_reads_the_time_moves_with_the_zone(
    settings: Settings, write: Write, store: Store, secrets: Secrets
) -> None:
    mapping = settings.root / "mappings" / "transport_info" / "section_flow.yaml"
    mapping.write_text(mapping.read_text().replace("Asia/Shanghai", "America/New_York"))
    rules = ["period_end_unreadable", "observed_at_unreadable"]
    registry = write("utc", repair="zone", from_="statTime", zone="UTC", refused_for=rules)
    # The clocks of the mapping's zone skipped this hour, so it cannot be read there.
    rows = [flow("L1"), flow("L2", statTime="2026-03-08 02:30:00")]
    assert published(registry, store, secrets, rows) == {"published": 2}
    hours = "strftime(period_start, '%H:%M'), strftime(period_end, '%H:%M')"
    assert ask(f"SELECT source_id, {hours} FROM traffic_flow ORDER BY ALL", registry, store) == [
        ("L1", "12:10", "12:15"),
        ("L2", "02:25", "02:30"),
    ]
    assert {row[3] for row in kept(registry, store)} == {"repair utc"}


def test_one_repair_brings_to_light_what_another_is_for(write: Write, store: Store, secrets: Secrets) -> None:
    write("unit", repair="strip", from_="speed", suffix="km/h", as_number=True, refused_for=["speed_type"])
    registry = write("broken", repair="missing", from_="occupancy", values=[131], refused_for=["occupancy_range"])
    rows = [flow("L1", speed="36 km/h", occupancy=131)]
    assert published(registry, store, secrets, rows) == {"published": 1}
    assert kept(registry, store) == [(0, "speed_type", "released", "repair broken, repair unit")]


@pytest.mark.parametrize(
    ("only", "released"),
    [
        ({"cities": ["500000"]}, True),
        ({"received": {"from": "2026-03-18T00:15:00Z"}}, True),
        ({"received": {"to": "2026-03-18T00:15:00Z"}}, False),
        ({"received": {"from": "2026-03-18T00:15:01Z", "to": "2026-03-19T00:00:00Z"}}, False),
    ],
)
def test_a_repair_keeps_to_its_cities_and_its_time(
    only: dict[str, Any], released: bool, write: Write, store: Store, secrets: Secrets
) -> None:
    registry = write(
        "broken", repair="missing", from_="occupancy", values=[131], refused_for=["occupancy_range"], **only
    )
    fates = published(registry, store, secrets, [flow("L1", occupancy=131)])
    assert fates == {"published" if released else "quarantined": 1}


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "kind": ({"repair": "fix"}, "there is no repair 'fix'"),
    "path": ({"from": "stat"}, "the mapping reads no 'stat'; did you mean 'status'?"),
    "rule": ({"from": "speed"}, "no rule reads 'speed' as map_code needs it"),
    "code": ({"codes": {"7": "severest"}}, "'severest' is not in the code list congestion_level"),
    "mapped": ({"codes": {"5": "severe"}}, "codes/congestion_level.csv maps '5' already; remove it here"),
    "stream": ({"stream": "cim.junction"}, "but says stream 'cim.junction'"),
    "nothing": ({"refused_for": []}, "refused_for"),
    "zone": (
        {"repair": "zone", "from": "statTime", "codes": None, "zone": "Asia/Chongqin"},
        "'Asia/Chongqin' is no time zone",
    ),
    "same": (
        {"repair": "zone", "from": "statTime", "codes": None, "zone": "Asia/Shanghai"},
        "reads 'statTime' in Asia/Shanghai already; remove the repair",
    ),
    "strip": ({"repair": "strip", "codes": None}, "state what is cut off"),
    "city": ({"cities": ["110000"]}, "the platform does not serve 110000"),
    "window": (
        {"received": {"from": "2026-03-19T00:00:00Z", "to": "2026-03-18T00:00:00Z"}},
        "`from` is not before `to`",
    ),
    "unknown": ({"color": "red"}, "unknown key 'color'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_repair_that_does_not_fit_is_refused_with_file_line_and_next_step(name: str, write: Write) -> None:
    wrong, said = MISTAKES[name]
    whole: dict[str, Any] = {
        "repair": "map_code",
        "from": "status",
        "codes": {"7": "severe"},
        "refused_for": ["congestion_level_unmapped"],
        **wrong,
    }
    with pytest.raises(RegistryError) as refused:
        write("seven", **{key: value for key, value in whole.items() if value is not None})
    assert any(
        problem.startswith("mappings/transport_info/repairs/section_flow/seven.yaml:") and said in problem
        for problem in refused.value.problems
    ), refused.value.problems


def test_a_repair_is_part_of_the_mapping(registry: Registry, write: Write, settings: Settings) -> None:
    before = registry.source("transport_info", "section_flow").mapping_digest
    after = write("broken", repair="missing", from_="occupancy", values=[131], refused_for=["occupancy_range"])
    changed = write("broken", repair="missing", from_="occupancy", values=[130], refused_for=["occupancy_range"])
    digests = {one.source("transport_info", "section_flow").mapping_digest for one in (after, changed)}
    assert len({before, *digests}) == 3


@pytest.mark.parametrize("name", ["../evil", "../../section_flow", "Z", "a.b", ""])
def test_a_name_that_is_no_name_is_refused_before_anything_is_written(
    name: str, registry: Registry, settings: Settings
) -> None:
    before = {path: path.read_bytes() for path in settings.root.rglob("*.yaml")}
    with pytest.raises(AskedWrongly, match="is no name of a repair; write it with small letters"):
        write_repair(name, {}, registry.source("transport_info", "section_flow"), settings)
    assert {path: path.read_bytes() for path in settings.root.rglob("*.yaml")} == before
