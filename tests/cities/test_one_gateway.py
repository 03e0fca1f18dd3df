"""One gateway serves several cities: none stops another, and a dialect shows in no base dataset."""

from __future__ import annotations

import json

import polars as pl

from citysim.cities import member
from hutong.lake import rows_of

from .conftest import DIALECT, NANJING, RECORDED, WUHAN, Gateway


def _junctions(gateway: Gateway) -> pl.DataFrame:
    found = pl.from_arrow(rows_of(gateway.registry.dataset("junction"), gateway.registry, gateway.store).to_table())
    assert isinstance(found, pl.DataFrame)
    return found


def test_a_city_that_is_down_is_named_and_stops_no_other(gateway: Gateway) -> None:
    """It comes first in the connector, so whatever it holds up would be missing."""
    told = gateway.said["cim"]
    assert told.exit_code == 1
    assert "cim.junction" in told.stderr
    assert set(_junctions(gateway)["city"].unique()) == {RECORDED, WUHAN}
    assert gateway.said[DIALECT].exit_code == 0


def test_rows_of_a_dialect_are_the_platforms_and_lie_in_their_own_city(gateway: Gateway) -> None:
    rows = _junctions(gateway)
    assert set(rows["source_platform"].unique()) == {"cim"}
    for city in (RECORDED, WUHAN):
        own = rows.filter(pl.col("city") == city)
        assert own.height > 110
        known = member(city)
        assert (own["lon"] - known.lon).abs().max() < 0.03  # type: ignore[operator]
        assert (own["lat"] - known.lat).abs().max() < 0.03  # type: ignore[operator]
        assert set(own["admin_code"].drop_nulls()) - {"unknown", "unmapped"} <= set(known.districts)


def test_the_accounts_of_all_cities_balance(gateway: Gateway) -> None:
    told = gateway.hutong("verify")
    assert told.exit_code == 0, told.output


def test_a_row_of_a_dialect_leads_back_to_the_page_of_its_city(gateway: Gateway) -> None:
    row = _junctions(gateway).filter(pl.col("city") == WUHAN).row(0, named=True)
    told = gateway.hutong("trace", "junction", row["source_id"], "--json")
    assert told.exit_code == 0, told.stderr
    assert gateway.addresses[WUHAN] in told.stdout
    assert f"{DIALECT}/junction/{WUHAN}" in told.stdout


def test_a_dialect_is_replayed_by_its_own_name_and_its_rows_stay(gateway: Gateway) -> None:
    before = _junctions(gateway).sort("city", "source_id")
    told = gateway.hutong("replay", DIALECT, "junction", "--reason", "to see that nothing changes")
    assert told.exit_code == 0, told.output
    after = _junctions(gateway).sort("city", "source_id")
    assert after.drop("batch", "run").equals(before.drop("batch", "run"))


def test_a_city_with_an_address_of_its_own_has_the_budget_for_itself(gateway: Gateway) -> None:
    told = json.loads(gateway.hutong("connector", "list", "cim", "--json").stdout)
    failures = {row["platform"]: row["failures"] for row in told}
    assert failures["cim"] == 0
    assert failures[f"cim.{NANJING}"] > 0


def test_what_each_city_served_is_logged_in_a_folder_of_its_own(gateway: Gateway) -> None:
    folders = gateway.store.root.removesuffix("lake") + "served"
    for city in (RECORDED, WUHAN):
        lines = (pl.read_ndjson(f"{folders}/{city}/cim.served.jsonl"))["path"].to_list()
        assert "/collections/intersection/items" in lines
