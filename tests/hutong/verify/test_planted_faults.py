"""Whatever is done to a lake behind hutong's back, `verify` finds it and says where."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Place, Store
from hutong.verify import verify

SEQUENCE = "transport_info/section_flow/500000"


@pytest.fixture
def problems(registry: Registry, lake: Store, secrets: Secrets):
    """What verify says now."""
    return lambda: verify(registry, lake, secrets).problems


def rewrite(place: Place, change: pl.Expr, where: pl.Expr) -> None:
    """Put `change` into the rows of `place` that `where` selects, as somebody with rights on the files would."""
    table = DeltaTable(place.uri)
    rows = pl.scan_delta(table).collect()
    changed = rows.with_columns(pl.when(where).then(change).otherwise(pl.col(change.meta.output_name())))
    # With the metadata of an upkeep of hutong's own, so that the log alone does not give it away.
    forged = CommitProperties(custom_metadata={"hutong.upkeep": "forged"})
    write_deltalake(table, changed.to_arrow(), mode="overwrite", commit_properties=forged)


def a_file_of(place: Place) -> Path:
    return Path(place.uri) / DeltaTable(place.uri).get_add_actions(flatten=True).column("path").to_pylist()[0]


def test_a_lake_that_nobody_touched_has_no_problem(registry: Registry, lake: Store, secrets: Secrets) -> None:
    report = verify(registry, lake, secrets)
    assert (report.problems, report.recounted, report.records, report.rows) == ([], 2, 5, 6)
    assert report.files >= 10


def test_a_removed_file_is_named(lake: Store, problems) -> None:
    path = a_file_of(lake.base("traffic_flow"))
    path.unlink()
    (problem,) = problems()
    assert problem.startswith("traffic_flow: the file ")
    assert path.name in problem


def test_a_cut_file_is_named(lake: Store, problems) -> None:
    path = a_file_of(lake.landing("transport_info", "section_flow"))
    path.write_bytes(path.read_bytes()[:-1])
    assert any(said.startswith("landing of transport_info.section_flow: the file ") for said in problems())


def test_a_removed_commit_is_told(lake: Store, problems) -> None:
    (Path(lake.base("traffic_flow").uri) / "_delta_log" / f"{1:020}.json").unlink()
    (problem,) = [said for said in problems() if said.startswith("traffic_flow")]
    assert "restore" in problem


def test_a_lost_newest_commit_is_told_by_what_the_ledger_closes(lake: Store, problems) -> None:
    (Path(lake.base("traffic_flow").uri) / "_delta_log" / f"{2:020}.json").unlink()
    assert f"{SEQUENCE}: the ledger closes batch 2, but traffic_flow ends at 1; restore traffic_flow" in problems()


def test_an_edited_ledger_is_held_against_the_commit_even_when_it_balances(lake: Store, problems) -> None:
    published = (pl.col("outcome") == "published") & (pl.col("batch") == 2)
    rewrite(
        lake.ledger("transport_info"), pl.lit("duplicate").alias("outcome"), published & (pl.col("kind") == "record")
    )
    assert any(f"{SEQUENCE} batch 2: the ledger says duplicate=1" in said for said in problems())


def test_an_edited_count_no_longer_adds_up(lake: Store, problems) -> None:
    rewrite(lake.ledger("transport_info"), (pl.col("count") + 1).alias("count"), pl.col("outcome") == "quarantined")
    said = problems()
    assert f"{SEQUENCE} batch 1: 3 records received, but the fates add up to 4" in said
    assert f"{SEQUENCE} batch 1: the ledger counts 2 quarantined, the quarantine holds 1" in said


def test_a_doubled_commit_is_named_with_both_versions(lake: Store, problems) -> None:
    place = lake.base("traffic_flow")
    newest = DeltaTable(place.uri).history(1)[0]
    again = CommitProperties(custom_metadata={key: text for key, text in newest.items() if key.startswith("hutong.")})
    rows = pl.scan_delta(place.uri).filter(pl.col("batch") == 2).collect()
    write_deltalake(place.uri, rows.to_arrow(), mode="append", commit_properties=again)
    said = problems()
    assert any(f"batch 2 of {SEQUENCE} was committed twice, in versions 2 and 3" in one for one in said)
    assert any("have a key that stands already" in one for one in said)
    assert any(
        "the ledger wrote 3 rows from transport_info/section_flow/500000, but 4 are there" in one for one in said
    )


def test_a_batch_missing_in_landing_is_named(lake: Store, problems) -> None:
    DeltaTable(lake.landing("transport_info", "section_flow").uri).delete("batch = 2")
    said = problems()
    assert f"{SEQUENCE}: batch 2 is missing in landing; restore the landing table" in said
    assert any("version 3 (DELETE" in one and "was not written by hutong" in one for one in said)


def test_rows_missing_in_a_dataset_are_told_with_the_commit_that_took_them(lake: Store, problems) -> None:
    DeltaTable(lake.base("traffic_flow").uri).delete("batch = 1")
    said = problems()
    assert any("the ledger wrote 3 rows" in one and "but 1 are there" in one for one in said)
    assert any(one.startswith("traffic_flow: version 3 (DELETE") for one in said)


def test_entries_missing_in_the_ledger_are_told(lake: Store, problems) -> None:
    DeltaTable(lake.ledger("transport_info").uri).delete("batch = 1")
    assert any(f"{SEQUENCE} batch 1: the ledger has its number but no entry" in said for said in problems())


def test_a_changed_page_is_named(lake: Store, problems) -> None:
    place = lake.landing("transport_info", "section_flow")
    body = pl.scan_delta(place.uri).filter(pl.col("batch") == 1).collect()["body"][0]
    rewrite(place, pl.lit(body.replace(b"36.0", b"63.0")).alias("body"), pl.col("batch") == 1)
    assert problems() == [f"{SEQUENCE} batch 1 page 0: the bytes are not those that landed; restore the landing table"]


def test_a_page_changed_together_with_its_digest_no_longer_gives_the_account(lake: Store, problems) -> None:
    place = lake.landing("transport_info", "section_flow")
    body = b'{"code": "0000", "data": {"total": 0, "rows": []}}'
    rewrite(place, pl.lit(body).alias("body"), pl.col("batch") == 1)
    rewrite(place, pl.lit(hashlib.sha256(body).hexdigest()).alias("sha256_stored"), pl.col("batch") == 1)
    assert problems() == [f"{SEQUENCE} batch 1: the ledger says 3 records received, but 0 lie in landing"]


def test_a_page_that_lies_there_twice_is_named(lake: Store, problems) -> None:
    place = lake.landing("transport_info", "section_flow")
    write_deltalake(
        place.uri, pl.scan_delta(place.uri).filter(pl.col("batch") == 2).collect().to_arrow(), mode="append"
    )
    assert f"{SEQUENCE} batch 2: page 0 lies there 2 times; restore the landing table" in problems()
