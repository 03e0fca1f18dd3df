"""Nobody's plate, identity number, telephone number or password can be read anywhere but at the platform itself."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from citysim.views import police_records, traffic_safety
from citysim.views.city import View
from hutong.normalise.plan import pseudonymiser
from hutong.pipeline import store_key
from hutong.store.landing import read_batch
from tests.conftest import CREDENTIALS, CityLake

from .conftest import Received, frame_of
from .searching import Searcher, everything_in, forms

pytestmark = pytest.mark.xdist_group("city")

KEYS = ("store_key", "pseudonym_key")
PASSWORDS = ("cloud_control_password", "traffic_safety_licence", "transport_info_secret")


def secret_texts(lake: CityLake) -> dict[str, str]:
    """What must stand nowhere, and what each is."""
    city = lake.city
    plates = sorted(traffic_safety.plates_shown(city))
    people = sorted(traffic_safety.people_shown(city))
    assert len(plates) > 30
    assert len(people) > 30
    found = dict.fromkeys(plates, "plate") | dict.fromkeys(people, "person")
    # A plate without its province is still a plate.
    found |= {plate[1:]: "plate without its province" for plate in plates}
    found |= {CREDENTIALS[name]: name for name in PASSWORDS}
    return found | {(lake.folder / "secrets" / name).read_text(): name for name in KEYS}


@pytest.fixture(scope="module")
def searcher(city_lake: CityLake) -> Searcher:
    return Searcher(secret_texts(city_lake))


def hutong(lake: CityLake, *words: str, **environment: str) -> bytes:
    """All that a command says, on both channels."""
    done = subprocess.run(
        [sys.executable, "-m", "hutong.cli", *words],
        env=lake.command_environment | environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout + b"\0" + done.stderr


def test_a_plate_that_is_planted_is_found_in_every_form(
    city_lake: CityLake, searcher: Searcher, tmp_path: Path
) -> None:
    plate = min(traffic_safety.plates_shown(city_lake.city))
    lake = Path(shutil.copytree(Path(city_lake.settings.lake) / "ledger" / "cim", tmp_path / "lake"))
    wanted = set()
    for number, (form, written) in enumerate(forms(plate).items()):
        table = pa.table({"text": ["a", "b"], "body": [b"before " + written + b" behind", None]})
        pq.write_table(table, lake / f"{number}.parquet", compression="zstd")
        (lake / "_delta_log" / f"{number}.json").write_bytes(b'{"add":"' + written + b'"}')
        (lake / f"{number}.log").write_bytes(b"INFO landed " + written + b"\n")
        places = (f"{number}.parquet:body", f"_delta_log/{number}.json", f"{number}.log")
        wanted |= {(place, written) for place in places}
        assert len(written) >= 6, form
    hits = {(place, forms(text)[form]) for place, text, form in searcher.found(everything_in(lake)) if text == plate}
    assert wanted <= hits


def test_the_searcher_reads_real_base64_at_every_alignment(city_lake: CityLake, searcher: Searcher) -> None:
    plate = max(traffic_safety.plates_shown(city_lake.city))
    for encoding in ("utf-8", "gbk", "utf-16-le", "utf-16-be"):
        for shift in range(6):
            text = base64.b64encode(b"x" * shift + plate.encode(encoding) + b"yz")
            assert plate in {found for _, found, _ in searcher.found([("there", text)])}


def test_the_landed_answers_do_hold_the_plates_under_encryption_and_never_the_people(
    city_lake: CityLake, searcher: Searcher
) -> None:
    """Else the search of the lake would prove nothing: the plates have been here."""
    source = city_lake.registry.source("traffic_safety", "accident")
    key, (sequence,) = store_key(source, city_lake.secrets), source.sequences
    pages = [page.body for page in read_batch(city_lake.store, sequence, 1, key)]
    plates, people = traffic_safety.plates_shown(city_lake.city), traffic_safety.people_shown(city_lake.city)
    found = {text for _, text, _ in searcher.found([("landing", page) for page in pages])}
    assert len(found & plates) > 30
    # Identity and licence numbers and telephones are cut out of their fields before anything is kept; what is left of
    # telephones stands in the narrative, which is encrypted with the rest.
    in_narratives = {text for text in people if len(text) == 11}
    assert found & people <= in_narratives


def test_no_file_of_the_lake_shows_anybody(city_lake: CityLake, searcher: Searcher) -> None:
    lake = Path(city_lake.settings.lake)
    places = list(everything_in(lake))
    looked_at = [place for place, _ in places]
    assert {"landing", "base", "ledger", "quarantine"} <= {place.split("/")[0] for place in looked_at}
    assert any(place.endswith(".parquet:body") for place in looked_at)
    assert any("/_delta_log/" in place for place in looked_at)
    assert searcher.found(places) == set()


def test_no_log_shows_anybody_at_the_finest_level(city_lake: CityLake, searcher: Searcher) -> None:
    said = (city_lake.folder / "logs" / "sync.log").read_bytes()
    assert b"DEBUG" in said
    assert b"published sequence=traffic_safety/accident/500000" in said
    assert searcher.found([("sync.log", said)]) == set()


def test_no_command_shows_anybody(city_lake: CityLake, searcher: Searcher, tmp_path: Path) -> None:
    lake = str(shutil.copytree(city_lake.settings.lake, tmp_path / "lake"))
    places = [
        ("query", hutong(city_lake, "query", "SELECT * FROM traffic_event", "--json", HUTONG_LANG="zh")),
        ("quarantine", hutong(city_lake, "quarantine", "--list", "--limit", "5000", "--json")),
        ("sync", hutong(city_lake, "-vvv", "sync", "traffic_safety", "accident", "--json", HUTONG_LAKE=lake)),
    ]
    for place, said in places:
        assert len(said) > 200, place
    assert b"DEBUG" in dict(places)["sync"]
    assert searcher.found(places) == set()
    assert searcher.found(everything_in(Path(lake) / "base" / "traffic_event")) == set()


def test_equal_plates_have_equal_pseudonyms_and_different_ones_do_not(
    city_lake: CityLake, views: Mapping[str, View], received: Mapping[str, Received]
) -> None:
    plate_of = {
        one.record_id: (one.record["hphm"], one.record["hpzl"]) for one in views["accidents"].shown if one.record
    }
    accidents = frame_of(city_lake, "traffic_event").filter(pl.col("source_platform") == "traffic_safety")
    rows = accidents.join(received["accidents"].records, on=["batch", "record"])
    pairs = {(plate_of[record_id], key) for record_id, key in rows.select("record_id", "plate_key").iter_rows()}
    assert len(pairs) == len({plate for plate, _ in pairs}) == len({key for _, key in pairs}) > 20
    (key_id,) = set(rows["plate_key"].str.split(":").list.first())
    assert all(re.fullmatch(r"[0-9a-f]{8}:[0-9a-f]{64}", key) for _, key in pairs)
    ledger = frame_of(city_lake, "ledger")
    with_plates = (pl.col("platform") == "traffic_safety") & pl.col("stream").is_in(["accident", "violation"])
    assert set(ledger.filter(with_plates)["pseudonym_key"]) == {key_id}
    assert ledger.filter(~with_plates)["pseudonym_key"].null_count() > 0


def test_plates_of_violations_cannot_be_joined_to_those_of_accidents(city_lake: CityLake) -> None:
    source = city_lake.registry.source("traffic_safety", "violation")
    key = pseudonymiser(source, city_lake.secrets)
    assert key is not None
    violations, accidents = (
        set(frame_of(city_lake, name)["plate_key"].drop_nulls()) for name in ("violation", "traffic_event")
    )
    seen = [one.record for one in police_records.violations(city_lake.city).shown if one.fault is None]
    plates = {(record["hphm"], record["hpzl"]) for record in seen if record["hphm"] not in ("-", "未识别")}
    assert violations >= {key.pseudonym("violation_plate", plate) for plate in plates}
    assert not violations & {key.pseudonym("accident_plate", plate) for plate in plates}
    assert not violations & accidents


def test_the_same_plate_in_two_lakes_with_one_key_is_one_pseudonym(
    city_lake: CityLake, views: Mapping[str, View]
) -> None:
    source = city_lake.registry.source("traffic_safety", "accident")
    once, again = (pseudonymiser(source, city_lake.secrets) for _ in range(2))
    assert once is not None
    assert again is not None
    one = views["accidents"].shown[0].record
    key = once.pseudonym("accident_plate", [one["hphm"], one["hpzl"]])
    assert key == again.pseudonym("accident_plate", [one["hphm"], one["hpzl"]])
    assert key in set(frame_of(city_lake, "traffic_event")["plate_key"])


def test_narratives_are_kept_without_the_names_in_them(city_lake: CityLake, views: Mapping[str, View]) -> None:
    kept = frame_of(city_lake, "traffic_event")["description"].drop_nulls().to_list()
    assert any("***" in text for text in kept)
    named = [one.record["jyaq"] for one in views["accidents"].shown if "渝" in one.record["jyaq"]]
    assert named
    assert not any("渝" in text for text in kept)
