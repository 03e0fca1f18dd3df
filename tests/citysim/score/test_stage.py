"""What the score says of rows that are lost, strange, wrong or rightly refused: a platform of four records."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import polars as pl
import pytest

from citysim.faults import Fault
from citysim.score.expected import expected
from citysim.score.logs import Answered, Served
from citysim.score.measures import place
from citysim.score.stage import Score, score_one
from citysim.score.streams import PLACE, Scored
from citysim.views.city import City, Origin, Shown

SEQUENCE = "cloud_control/lamp/500000"
PLACE_OF = ("sequence", "batch", "record")


@dataclass
class Tables:
    """What a gateway might hold. rows: by number of the record, the published columns."""

    base: Mapping[int, Mapping[str, object]]
    quarantine: tuple[int, ...] = ()
    columns: Mapping[str, pl.DataType] = field(default_factory=dict)

    def pages(self, stream: str, city: str) -> pl.DataFrame:
        return pl.DataFrame({"sequence": SEQUENCE, "batch": [1, 1], "page": [0, 1], "records": [2, 3],
                             "sha256_received": ["one", "two"]})  # fmt: skip

    def rows(self, dataset: str, stream: str, city: str) -> pl.DataFrame:
        rows = [{"sequence": SEQUENCE, "batch": 1, "record": number, **row} for number, row in self.base.items()]
        place = {"sequence": pl.String, "batch": pl.Int64, "record": pl.Int32}
        return pl.DataFrame(rows, schema_overrides=place) if rows else pl.DataFrame(schema=place)

    def refused(self, stream: str, city: str) -> pl.DataFrame:
        rows = [(SEQUENCE, 1, number) for number in self.quarantine]
        return pl.DataFrame(rows, schema={"sequence": pl.String, "batch": pl.Int64, "record": pl.Int32}, orient="row")


SERVED = Served(
    {
        "one": Answered(("/lamps", ""), ("A", "B")),
        # B once more, as a planted duplicate.
        "two": Answered(("/lamps", ""), ("B", "C", "D")),
        "else": Answered(("/poles", ""), ("P",)),
    }
)
BAD = {"B": Fault("lamp", "B", "duplicate", None, None), "D": Fault("lamp", "D", "impossible_value", "v", 9999)}


def shown(city: City) -> Mapping[str, Shown]:
    lon, lat = city.truth.origin
    return {
        one: Shown(
            one, 0.0, float(number), {},
            Origin(one, lon, lat, noise_m=(0.0, 0.0),
                   values={"source_id": one, "observed_at": 60.0, "speed_mps": 10.0, "heading_deg": 0.2,
                           "kind": "bus"}),
            BAD.get(one),
        )
        for number, one in enumerate("ABCD")
    }  # fmt: skip


def row(city: City, name: str, **changes: object) -> dict[str, object]:
    lon, lat = city.truth.origin
    moment = city.recording_start + timedelta(seconds=60)
    return {"source_id": name, "observed_at": moment, "speed_mps": 10.01, "heading_deg": 359.9, "kind": "bus",
            "kind_raw": "1", "lon": lon, "lat": lat, **changes}  # fmt: skip


@pytest.fixture
def lamp() -> Scored:
    return Scored("cloud_control.lamp", "lamp", lambda city, a, b: shown(city),
                  {PLACE: 0.01, "speed_mps": 0.02, "heading_deg": 1.0})  # fmt: skip


def scored(lamp: Scored, tables: Tables, city: City) -> Score:
    return score_one(lamp, tables, SERVED, city, expected(lamp, city))


def all_well(city: City) -> dict[int, dict[str, object]]:
    return {0: row(city, "A"), 1: row(city, "B"), 3: row(city, "C")}


def test_all_is_well_when_the_good_are_there_and_the_bad_are_not(lamp: Scored, city: City) -> None:
    score = scored(lamp, Tables(all_well(city), quarantine=(4,)), city)
    assert list(score.missed()) == []
    account = score.account
    assert (account.served, account.bad, account.bad_caught, account.lost) == (4, 2, 2, 0)
    assert (account.recall, score.precision) == (1.0, 1.0)
    # A and C: what becomes of the others is another question. 359.9 is 0.3 from 0.2.
    assert score.numbers["heading_deg"].largest_error == pytest.approx(0.3)
    assert score.numbers["speed_mps"].mean_error == pytest.approx(0.01)
    assert score.times["observed_at"].largest_error == pytest.approx(0.0, abs=1e-5)
    assert score.codes["kind"].count == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"speed_mps": 36.0}, "speed_mps: up to 25.99 off"),
        ({"speed_mps": None}, "1 null and 0 not null"),
        ({"kind": "car"}, "kind: 1 of 2 wrong (bus -> car)"),
        ({"lon": 106.6}, "place: "),
        ({"lon": None, "lat": None}, "1 missing"),
        ({"lat": None}, "1 missing"),
        ({"source_id": "a"}, "source_id: 1 of 2 wrong (A -> a)"),
    ],
)
def test_a_wrong_value_is_told(change: dict[str, object], said: str, lamp: Scored, city: City) -> None:
    rows = {**all_well(city), 0: row(city, "A", **change)}
    (missed,) = scored(lamp, Tables(rows, quarantine=(4,)), city).missed()
    assert said in missed


def test_an_hour_is_an_hour(lamp: Scored, city: City) -> None:
    moment = city.recording_start + timedelta(seconds=60, hours=8)
    rows = {**all_well(city), 0: row(city, "A", observed_at=moment)}
    score = scored(lamp, Tables(rows, quarantine=(4,)), city)
    assert score.times["observed_at"].largest_error == pytest.approx(8 * 3600)
    assert [said.split(":")[0] for said in score.missed()] == ["observed_at"]


def test_a_record_in_no_table_is_lost(lamp: Scored, city: City) -> None:
    rows = {number: one for number, one in all_well(city).items() if number != 3}
    score = scored(lamp, Tables(rows, quarantine=(4,)), city)
    assert (score.account.lost, score.account.lost_examples, score.account.recall) == (1, ("C",), 0.75)


def test_a_good_record_in_quarantine_is_told(lamp: Scored, city: City) -> None:
    rows = {number: one for number, one in all_well(city).items() if number != 3}
    score = scored(lamp, Tables(rows, quarantine=(3, 4)), city)
    assert (score.account.lost, score.account.good_refused, score.account.recall) == (0, 1, 0.75)


def test_a_record_sent_twice_and_published_twice_costs_precision(lamp: Scored, city: City) -> None:
    score = scored(lamp, Tables({**all_well(city), 2: row(city, "B")}, quarantine=(4,)), city)
    assert score.precision == 0.75
    assert score.strangers == 0


def test_a_row_of_no_record_is_a_stranger(lamp: Scored, city: City) -> None:
    score = scored(lamp, Tables({**all_well(city), 77: row(city, "Z")}, quarantine=(4,)), city)
    assert (score.strangers, score.precision) == (1, 0.75)


def test_a_bad_value_is_caught_when_null_or_unmapped_stands_in_its_place(lamp: Scored, city: City) -> None:
    for change, let_through in (
        ({"speed_mps": None}, 0), ({"kind": "unmapped"}, 0), ({"speed_mps": 9999.0}, 1), ({"kind": "car"}, 1),
        ({"lat": 30.0}, 1),
    ):  # fmt: skip
        rows = {**all_well(city), 4: row(city, "D", **change)}
        account = scored(lamp, Tables(rows), city).account
        assert (account.bad_let_through, account.bad_caught, account.lost) == (let_through, 2 - let_through, 0)


def test_a_newer_row_of_the_same_thing_stands_for_the_older_one_only(lamp: Scored, city: City) -> None:
    def same_thing(city: City, from_s: float, to_s: float) -> Mapping[str, Shown]:
        named = {"A": "lamp", "C": "lamp"}
        return {
            one: replace(found, origin=replace(found.origin, values={
                **found.origin.values, "source_id": named.get(one, one)}))
            for one, found in shown(city).items()
        }  # fmt: skip

    latest = replace(lamp, shown=same_thing, is_latest=True)
    newer = {1: row(city, "B"), 3: row(city, "lamp")}
    older = {0: row(city, "lamp"), 1: row(city, "B")}
    assert scored(latest, Tables(newer, quarantine=(4,)), city).account.recall == 1.0
    assert scored(latest, Tables(older, quarantine=(4,)), city).account.lost_examples == ("C",)


def test_a_record_of_several_rows_is_there_with_all_of_them(lamp: Scored, city: City) -> None:
    def of_two(city: City, from_s: float, to_s: float) -> Mapping[str, Shown]:
        return {
            one: replace(found, rows={"lamp": tuple(
                replace(found.origin, values={**found.origin.values, "source_id": f"{one}{part}"}) for part in (1, 2)
            )})
            for one, found in shown(city).items()
        }  # fmt: skip

    several = replace(lamp, shown=of_two)
    tables = Tables({})
    both = [{"sequence": SEQUENCE, "batch": 1, "record": number, **row(city, f"{one}{part}")}
            for number, one in ((0, "A"), (1, "B"), (3, "C")) for part in (1, 2)]  # fmt: skip
    assert scored(several, Tables({}), city).account.lost == 4
    for rows, recall in ((both, 1.0), (both[:-1], 0.75)):
        frame = pl.DataFrame(rows, schema_overrides={"record": pl.Int32})
        tables.rows = lambda dataset, stream, city, frame=frame: frame  # type: ignore[method-assign]
        tables.quarantine = (4,)
        score = scored(several, tables, city)
        assert (score.account.recall, score.precision) == (recall, 1.0)


def test_a_stream_may_be_so_in_one_dialect_only(lamp: Scored, city: City) -> None:
    device = replace(lamp, dialects=("device",))
    assert lamp.is_of(city)
    assert not device.is_of(city)
    assert device.is_of(replace(city, variants={**city.variants, "cloud_control": "device"}))


def test_a_page_that_the_log_knows_otherwise_is_told(lamp: Scored, city: City) -> None:
    answers = Served({**SERVED.answers, "one": Answered(("/lamps", ""), ("A",))})
    score = score_one(lamp, Tables(all_well(city)), answers, city, expected(lamp, city))
    assert score.odd == (f"page 0 of batch 1 of {SEQUENCE} holds 2 records where the log says 1",)


@pytest.mark.parametrize("moved", [0, 1])
def test_one_row_of_many_in_another_place_is_told(moved: int, lamp: Scored, city: City) -> None:
    lon, lat = city.truth.origin
    rows = pl.DataFrame({"number": range(40)}).with_columns(
        lon=pl.when(pl.col("number") == moved).then(lon + 0.01).otherwise(lon),
        lat=pl.lit(lat),
        want_lon=pl.lit(lon),
        want_lat=pl.lit(lat),
        # Of the second the platform did not say its noise; a kilometre is beyond any.
        east_m=pl.when(pl.col("number") != 1).then(0.0),
        north_m=pl.when(pl.col("number") != 1).then(0.0),
    )
    found = place(rows, {}, city, 0.01)
    assert found is not None
    assert found.own_p95_error_m < 0.001
    score = scored(lamp, Tables(all_well(city), quarantine=(4,)), city)
    assert [said.split(" off")[0] for said in replace(score, place=found).missed()] == [
        f"place: up to {found.own_largest_error_m:.3f} m"
    ]
