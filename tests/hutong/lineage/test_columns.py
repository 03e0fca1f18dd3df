"""Column lineage of every mapping that is declared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hutong.lineage import columns
from hutong.lineage.named import Named, of_endpoint, of_table
from hutong.model.mapping import Const
from hutong.registry import Registry, open_registry
from hutong.settings import read
from hutong.store.paths import Place
from tests.conftest import ROOT

LANDING = Named("file", "/lake/landing", "file:///lake/landing")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


def every(fields: columns.Columns, above: str = "") -> Iterator[str]:
    for one in fields:
        yield f"{above}{one.name}"
        yield from every(one.fields or [], f"{above}{one.name}.")


def test_every_field_that_a_mapping_reads_is_one_that_landing_is_said_to_hold(registry: Registry) -> None:
    asked = 0
    for source in registry.sources.values():
        known = set(every(columns.of_landing(source)))
        for dataset in source.datasets.values():
            found = columns.published_from(dataset, source, LANDING)
            read_by = {one.field for inputs in found.fields.values() for one in inputs.inputFields}
            read_by |= {one.field for one in found.dataset or []}
            assert read_by <= known, source.id
            asked += len(read_by)
    assert asked > 300


def test_every_mapped_column_is_told_of_and_no_other(registry: Registry) -> None:
    for source in registry.sources.values():
        for rows in source.mapping.rows:
            dataset = source.datasets[rows.dataset]
            found = columns.published_from(dataset, source, LANDING).fields
            assert set(found) <= set(dataset.names)
            mapped = {name for name, rule in rows.fields.items() if not isinstance(rule, Const) and name != "place"}
            assert mapped & set(dataset.names) <= set(found)


def test_a_line_says_by_which_rule_from_what_and_whether_it_hides_it(registry: Registry) -> None:
    source = registry.source("traffic_safety", "accident")
    found = columns.published_from(source.datasets["traffic_event"], source, LANDING).fields
    assert [one.field for one in found["plate_key"].inputFields] == ["body.hphm", "body.hpzl"]
    (pseudonym, *_), (road, *_), (stake, *_) = (
        found[name].inputFields[0].transformations or [] for name in ("plate_key", "road_name", "linear_ref_m")
    )
    assert (pseudonym.masking, road.masking, road.subtype, stake.subtype) == (True, False, "IDENTITY", "TRANSFORMATION")
    assert (stake.description or "").startswith("stake: ")
    assert [one.field for one in found["batch"].inputFields] == ["batch"]


def test_a_list_within_a_record_is_told_by_its_path(registry: Registry) -> None:
    source = registry.source("cloud_control", "map")
    found = columns.published_from(source.datasets["lane"], source, LANDING).fields
    assert any(one.field.startswith("body.inLinks.lanes.") for one in found["source_id"].inputFields)


def test_what_is_never_kept_is_not_said_to_land(registry: Registry) -> None:
    source = registry.source("traffic_safety", "accident")
    assert source.stream.never_keep
    asked = of_endpoint(source, "500000")
    landed = columns.landed_from(source, asked).fields
    assert "body.hphm" in landed
    for name in source.stream.never_keep:
        assert f"body.{name}" not in landed
        assert f"body.{name}" not in set(every(columns.of_landing(source)))


def test_tables_and_platforms_are_named_by_their_addresses(registry: Registry) -> None:
    assert of_table(Place("s3://bucket/lake/base/junction"))[:2] == ("s3://bucket", "lake/base/junction")
    assert of_table(Place("/lake/base/junction")) == ("file", "/lake/base/junction", "file:///lake/base/junction")
    named = of_endpoint(registry.source("cloud_control", "rsm"), "500000")
    assert named.name == "/api/v1/rsm"
    assert named.namespace.startswith("http://127.0.0.1:")
    # Many questions, one door: they differ in parameters that are not part of a name.
    safety = [
        one for one in registry.sources_of("traffic_safety") if "jkid" in getattr(one.stream.endpoint, "params", {})
    ]
    assert len({of_endpoint(one, "500000").name for one in safety}) == len(safety) > 1
