"""The score of the synced city is perfect, and one wrong line of any mapping is enough to spoil it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from citysim.__main__ import main
from citysim.score import cloud_control
from citysim.score.expected import Expected, expected
from citysim.score.lake import Lake
from citysim.score.logs import Served, served
from citysim.score.stage import STREAMS, Score, score_one
from citysim.score.streams import Scored
from citysim.views.rsm import RsmMinute
from hutong.demo import score as demo_score
from hutong.model.mapping import Pseudonym, Text
from hutong.registry import Source
from tests.conftest import CityLake

from .breaking import Broken, Made, Pages, broken, first_pages

pytestmark = pytest.mark.xdist_group("city")

by_stream = pytest.mark.parametrize("scored", STREAMS, ids=lambda one: f"{one.stream}-{one.dataset}")
Key = tuple[str, str]


def key_of(scored: Scored) -> Key:
    return scored.stream, scored.dataset


@pytest.fixture(scope="session")
def wanted(city_lake: CityLake, rsm_minutes: list[RsmMinute]) -> Mapping[Key, Expected]:
    """Per stream and dataset, what its rows should say."""
    # The minutes are at hand already; to see them again would take seconds.
    many = cloud_control.participants(rsm_minutes)
    return {
        key_of(one): expected(
            replace(one, shown=lambda city, a, b: many) if one.stream == "cloud_control.rsm" else one, city_lake.city
        )
        for one in STREAMS
    }


@pytest.fixture(scope="session")
def answers(city_lake: CityLake) -> Mapping[str, Served]:
    """Per platform, what its service served."""
    return {one.stream.split(".")[0]: served(city_lake.served, one.stream.split(".")[0]) for one in STREAMS}


@pytest.fixture(scope="session")
def scores(city_lake: CityLake, wanted: Mapping[Key, Expected], answers: Mapping[str, Served]) -> Mapping[Key, Score]:
    lake = Lake(Path(city_lake.settings.lake))
    return {
        key_of(one): score_one(one, lake, answers[one.stream.split(".")[0]], city_lake.city, wanted[key_of(one)])
        for one in STREAMS
    }


def test_every_stream_of_the_city_is_scored_in_every_dataset_it_fills(city_lake: CityLake) -> None:
    filled = {
        (source.id, rows.dataset) for source in city_lake.registry.sources.values() for rows in source.mapping.rows
        if city_lake.city.code in source.connector.cities
    }  # fmt: skip
    assert {key_of(one) for one in STREAMS} == filled


@by_stream
def test_the_score_is_perfect(scored: Scored, scores: Mapping[Key, Score]) -> None:
    score = scores[key_of(scored)]
    assert list(score.missed()) == []
    account = score.account
    assert (account.recall, score.precision) == (1.0, 1.0)
    assert account.served > 0
    assert (account.bad_caught, account.bad_let_through) == (account.bad, 0)
    assert (account.lost, account.good_refused) == (0, 0)
    assert account.bad > 0
    if score.place is not None:
        assert score.place.count > 0
        assert score.place.own_p95_error_m <= score.place.allowed_m
        assert score.place.p95_error_m >= score.place.own_p95_error_m
    assert all(one.beyond_wire == 0 for one in (*score.numbers.values(), *score.times.values()))
    assert all(one.accuracy == 1.0 for one in (*score.codes.values(), *score.texts.values()))


@by_stream
def test_every_column_that_the_mapping_fills_is_looked_at(
    scored: Scored, city_lake: CityLake, wanted: Mapping[Key, Expected]
) -> None:
    source = city_lake.registry.sources[scored.stream]
    (part,) = (part for part in source.mapping.rows if part.dataset == scored.dataset)
    # A place is looked at by itself. A pseudonym, and what is left of a text in which people are blotted out, nobody
    # outside can foretell.
    filled = {
        name for name, rule in part.fields.items()
        if not isinstance(rule, Pseudonym) and not (isinstance(rule, Text) and rule.mask)
    } - {"place"}  # fmt: skip
    assert filled <= set(wanted[key_of(scored)].fields)


def test_bicycles_and_pedestrians_are_among_those_seen(
    scores: Mapping[Key, Score], wanted: Mapping[Key, Expected]
) -> None:
    key = ("cloud_control.rsm", "participant_observation")
    assert set(wanted[key].rows["v.participant_kind"]) == {"motor", "non_motor", "pedestrian"}
    kinds = scores[key].codes["participant_kind"]
    assert kinds.right == kinds.count > 100_000


def test_the_command_says_the_same(city_lake: CityLake, scores: Mapping[Key, Score]) -> None:
    words = ("score", city_lake.settings.lake, "--logs", str(city_lake.served), "--stream", "cim.junction", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "citysim", *words], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    score = scores["cim.junction", "junction"]
    assert (told["stream"], told["dataset"], told["city"], told["rows"]) == (
        "cim.junction", "junction", "500000", score.rows,
    )  # fmt: skip
    assert told["account"]["recall"] == told["precision"] == 1.0
    assert told["missed"] == []
    # The demo shows what the command said.
    table = demo_score.told([told, {**told, "missed": ["recall 0.5"]}])
    assert table.lines[0].en.startswith("1 of 2 streams")
    assert table.lines[1].zh == "cim.junction -> junction: recall 0.5"
    assert table.rows[0][:5] == ("cim.junction", "junction", score.account.served, "1.0000", "1.0000")


def test_a_lake_or_logs_that_are_not_there_end_with_code_2(
    city_lake: CityLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        ((str(tmp_path), "--logs", str(city_lake.served)), "no lake here"),
        ((city_lake.settings.lake, "--logs", str(tmp_path)), "no city was served"),
        ((city_lake.settings.lake, "--logs", str(city_lake.served), "--city", "110000"), "there are: 500000"),
        ((city_lake.settings.lake, "--logs", str(city_lake.served), "--stream", "cim.lamp"), "no such stream"),
    ):
        assert main(["score", *words]) == 2
        assert said in capsys.readouterr().err


@pytest.fixture(scope="session")
def parts(city_lake: CityLake, answers: Mapping[str, Served]) -> Mapping[str, tuple[Source, Pages, Served]]:
    """Per stream, its first pages and what was served in them."""
    found = {}
    for stream in {one.stream for one in STREAMS}:
        source = city_lake.registry.sources[stream]
        landed = first_pages(source, city_lake.store, city_lake.secrets)
        digests = {page.sha256_received for page in landed.pages}
        of_platform = answers[stream.split(".")[0]].answers
        found[stream] = source, landed, Served({one: of_platform[one] for one in digests})
    return found


def score_of(
    scored: Scored,
    source: Source,
    parts: Mapping[str, tuple[Source, Pages, Served]],
    wanted: Mapping[Key, Expected],
    lake: CityLake,
) -> Score:
    """The score of what `source` makes of the first pages of its stream."""
    _, landed, answers = parts[scored.stream]
    ids = {one for answer in answers.answers.values() for one in answer.record_ids}
    whole = wanted[key_of(scored)]
    narrow = replace(
        whole, rows=whole.rows.filter(pl.col("record_id").is_in(list(ids))), record_ids=whole.record_ids & ids
    )
    return score_one(scored, Made(source, landed, lake.secrets), answers, lake.city, narrow)


def wrong_lines(scored: Scored, source: Source) -> list[Broken]:
    return [one for one in broken(source) if one.dataset == scored.dataset]


@by_stream
def test_a_wrong_line_of_the_mapping_spoils_the_score(
    scored: Scored,
    parts: Mapping[str, tuple[Source, Pages, Served]],
    wanted: Mapping[Key, Expected],
    city_lake: CityLake,
) -> None:
    lines = wrong_lines(scored, parts[scored.stream][0])
    # One of them, another for each stream; all of them are tried by the slow test below.
    one = lines[zlib.crc32("-".join(key_of(scored)).encode()) % len(lines)]
    assert list(score_of(scored, one.source, parts, wanted, city_lake).missed()), (one.kind, one.field)


@pytest.mark.slow
@by_stream
def test_without_a_wrong_line_the_first_pages_are_perfect(
    scored: Scored,
    parts: Mapping[str, tuple[Source, Pages, Served]],
    wanted: Mapping[Key, Expected],
    city_lake: CityLake,
) -> None:
    assert list(score_of(scored, parts[scored.stream][0], parts, wanted, city_lake).missed()) == []


@pytest.mark.slow
@by_stream
def test_any_wrong_line_of_the_mapping_spoils_the_score(
    scored: Scored,
    parts: Mapping[str, tuple[Source, Pages, Served]],
    wanted: Mapping[Key, Expected],
    city_lake: CityLake,
) -> None:
    for one in wrong_lines(scored, parts[scored.stream][0]):
        assert list(score_of(scored, one.source, parts, wanted, city_lake).missed()), (one.kind, one.field)


def test_every_kind_of_wrong_line_is_tried(city_lake: CityLake) -> None:
    kinds = {line.kind for one in STREAMS for line in wrong_lines(one, city_lake.registry.sources[one.stream])}
    assert kinds == {"unit", "zone", "axes", "crs", "code", "convention"}
