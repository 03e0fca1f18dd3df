"""What stands in the base datasets against what is so in the city: places, times, units, codes, for every stream.

Only records without a planted fault are looked at here; what becomes of the others is in test_accounts.py. Each place
is held against the truth moved by the noise that the platform is known to have added, so that a metre of the
gateway's own making cannot hide in the platform's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import shapely

from citysim.faults import Fault
from citysim.views.city import GEOID_SEPARATION_M, Shown, View, rows_of
from citysim.views.rsm import ANTENNA_M, RsmMinute
from citysim.views.sensing import motion
from tests.conftest import CityLake

from .conftest import Received
from .handed import BY_CITY_NAME

pytestmark = pytest.mark.xdist_group("city")

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]
Pair = tuple[Row, Shown]
OWN_ERROR_M = 0.05
"""What the gateway may add to a position beside the rounding of the wire."""
DEGREE_M = 111_320.0
MANY_SIGMA = 6.0


def rounding_m(step_deg: float) -> float:
    """How far rounding both coordinates to `step_deg` can move a place."""
    return float(np.hypot(step_deg / 2 * DEGREE_M, step_deg / 2 * DEGREE_M))


@pytest.fixture(scope="session")
def pairs(
    views: Mapping[str, View], received: Mapping[str, Received], base: Mapping[str, pl.DataFrame]
) -> Mapping[str, list[Pair]]:
    """Per small stream, every published row of a sound record beside what the platform showed."""
    found = {}
    for city_name, view in views.items():
        stream = BY_CITY_NAME[city_name]
        shown = {one.record_id: one for one in view.shown if one.fault is None}
        rows = base[stream.dataset].filter(pl.col("source_stream") == stream.sequence.split("/")[1])
        joined = rows.join(received[city_name].records, on=["batch", "record"])
        assert joined.height == rows.height
        found[city_name] = [(row, shown[row["record_id"]]) for row in joined.to_dicts() if row["record_id"] in shown]
    return found


def errors_m(
    lake: CityLake, got: Sequence[tuple[float, float]], true: Sequence[tuple[float, float]], noise: Sequence[Any]
) -> tuple[Floats, Floats]:
    """Per place: metres from the truth plus the drawn noise, and metres from the truth (n, 2: east, north)."""
    plane = lake.city.plane()
    got_xy = np.column_stack(plane.to_metres(*np.array(got, dtype=float).T))
    true_xy = np.column_stack(plane.to_metres(*np.array(true, dtype=float).T))
    raw = got_xy - true_xy
    return np.hypot(*(raw - np.array(noise, dtype=float)).T), raw


def assert_within_noise(raw: Floats, sigma_m: float) -> None:
    """The raw error looks like noise of `sigma_m` per axis: no bias, the right spread, no runaway."""
    assert np.abs(raw).max() < MANY_SIGMA * sigma_m
    error_of_mean = sigma_m / np.sqrt(len(raw))
    assert np.abs(raw.mean(axis=0)).max() < MANY_SIGMA * error_of_mean
    assert raw.std() == pytest.approx(sigma_m, rel=MANY_SIGMA / np.sqrt(2 * raw.size))


def first_vertex(row: Row) -> tuple[float, float]:
    vertex: tuple[float, float] = shapely.from_wkb(row["geometry"]).coords[0]
    return vertex


def place_of(row: Row) -> tuple[float, float]:
    return row["lon"], row["lat"]


@pytest.mark.parametrize(
    ("stream", "where", "step_deg", "sigma_m", "crs"),
    [
        ("rsus", place_of, 1e-7, 2.0, {"EPSG:4326"}),
        ("accidents", place_of, 1e-6, 8.0, {"GCJ-02"}),
        ("road_segment", first_vertex, 0.01 / DEGREE_M, 0.3, {"EPSG:4545"}),
        ("intersection", place_of, 0.01 / DEGREE_M, 0.3, {"EPSG:4545"}),
    ],
)
def test_places_are_the_truth_plus_the_noise_that_was_drawn(
    city_lake: CityLake,
    pairs: Mapping[str, list[Pair]],
    stream: str,
    where: Callable[[Row], tuple[float, float]],
    step_deg: float,
    sigma_m: float,
    crs: set[str],
) -> None:
    assert len(pairs[stream]) > 20
    rows, shown = zip(*pairs[stream], strict=True)
    own, raw = errors_m(
        city_lake,
        [where(row) for row in rows],
        [(one.origin.lon, one.origin.lat) for one in shown],
        [one.origin.noise_m for one in shown],
    )
    assert own.max() < rounding_m(step_deg) + OWN_ERROR_M
    assert_within_noise(raw, sigma_m)
    assert {row["source_crs"] for row in rows} == crs


def test_every_vertex_of_a_centreline_lies_where_the_street_is(
    city_lake: CityLake, pairs: Mapping[str, list[Pair]]
) -> None:
    edges = {edge: list(zip(lon, lat, strict=True)) for edge, lon, lat in
             rows_of(city_lake.city.truth.edges, "edge", "lon", "lat")}  # fmt: skip
    got, true = [], []
    for row, shown in pairs["road_segment"]:
        if shown.origin.truth_id is None:
            continue
        line = list(shapely.from_wkb(row["geometry"]).coords)
        street = edges[shown.origin.truth_id]
        assert len(line) == len(street)
        assert place_of(row) == line[len(line) // 2]
        got += line
        true += street
    _, raw = errors_m(city_lake, got, true, np.zeros((len(got), 2)))
    assert_within_noise(raw, 0.3)


def test_sections_lie_where_the_streets_are_whichever_system_they_came_in(
    city_lake: CityLake, received: Mapping[str, Received], views: Mapping[str, View], base: Mapping[str, pl.DataFrame]
) -> None:
    sections = {
        name: (list(zip(lon, lat, strict=True)), length, free, zh)
        for name, lon, lat, length, free, zh in rows_of(
            city_lake.city.truth.sections, "section", "lon", "lat", "length_m", "free_speed_mps", "name_zh"
        )
    }
    shown = {one.record_id: one for one in views["flow"].shown if one.fault is None}
    rows = base["road_segment"].filter(
        pl.col("source_platform") == "transport_info", pl.col("source_stream") == "section_flow"
    )
    assert rows["source_id"].n_unique() == rows.height >= len(sections) - 3
    systems = set()
    got, true, noise = [], [], []
    for row in rows.join(received["flow"].records, on=["batch", "record"]).to_dicts():
        if row["record_id"] not in shown:
            continue
        one = shown[row["record_id"]]
        line, length_m, free_mps, name = sections[str(one.origin.truth_id)]
        vertices = list(shapely.from_wkb(row["geometry"]).coords)
        got += vertices
        true += line
        noise += [one.origin.noise_m] * len(line)
        systems.add(row["source_crs"])
        assert place_of(row) == vertices[len(vertices) // 2]
        assert row["length_m"] == pytest.approx(length_m, abs=0.51)
        assert row["free_speed_mps"] == pytest.approx(free_mps, abs=0.051 / 3.6)
        assert (row["name"], row["grain"]) == (name, "section")
        xs, ys = city_lake.city.plane().to_metres(*np.array([line[0], line[-1]]).T)
        compass = np.degrees(np.arctan2(xs[1] - xs[0], ys[1] - ys[0]))
        # The platform counts from east, against the clock, in whole degrees.
        assert abs((row["heading_deg"] - compass + 180) % 360 - 180) <= 0.51
    own, raw = errors_m(city_lake, got, true, noise)
    assert own.max() < rounding_m(1e-6) + OWN_ERROR_M
    assert np.abs(raw).max() < MANY_SIGMA * 3.0
    assert systems == {"GCJ-02", "EPSG:4326"}


def test_roadside_units_are_what_the_registry_says(city_lake: CityLake, pairs: Mapping[str, list[Pair]]) -> None:
    truth = city_lake.city.truth
    names = dict(rows_of(truth.junctions, "junction", "name_zh"))
    districts = dict(rows_of(truth.junctions, "junction", "district_code"))
    posts = {rsu: (junction, elevation) for rsu, junction, elevation in
             rows_of(truth.rsus, "rsu", "junction", "elevation_m")}  # fmt: skip
    heights = []
    for row, shown in pairs["rsus"]:
        junction, elevation_m = posts[str(shown.origin.truth_id)]
        assert row["name"] == f"{names[junction]}路侧单元"
        assert row["admin_code"] == row["admin_code_raw"] == districts[junction]
        assert row["facility_state"] == {0: "offline", 1: "online"}[shown.record["rsuStatus"]]
        assert row["source_id"] == row["serial_no"] == shown.record["rsuEsn"]
        assert row["observed_at"] == datetime.fromtimestamp(shown.record["updateTime"] / 1000, UTC)
        assert (row["facility_kind"], row["height_datum"]) == ("rsu", "ellipsoidal")
        heights.append(row["height_m"] - elevation_m - GEOID_SEPARATION_M)
    assert np.std(heights) == pytest.approx(2.0, rel=0.4)
    assert {row["facility_state"] for row, _ in pairs["rsus"]} == {"offline", "online"}


def test_accidents_say_when_where_and_how_bad(city_lake: CityLake, pairs: Mapping[str, list[Pair]]) -> None:
    city = city_lake.city
    for row, shown in pairs["accidents"]:
        wire = shown.record
        happened = datetime.fromisoformat(wire["sgfssj"] + "+08:00").astimezone(UTC)
        assert row["started_at"] == row["observed_at"] == happened
        assert abs((happened - city.moment(shown.origin.t_s or 0)).total_seconds()) < MANY_SIGMA * 20
        assert row["updated_at"] == city.moment(shown.known_s)
        assert row["date"] == (happened + timedelta(hours=8)).date()
        assert row["linear_ref_m"] == 1000 * int(wire["gls"]) + int(wire["ms"])
        assert row["injured"] == int(wire["ssrs"])
        assert row["deaths_on_scene"] == row["deaths_30d"] == 0
        assert row["property_loss_cny"] == float(wire["zjccss"])
        assert (row["weather"], row["weather_raw"]) == ("overcast", "2")
        assert row["collision_kind"] == row["collision_kind_raw"] == wire["sgxt"]
        assert row["admin_code"] == wire["xzqh"]
        assert (row["source_id"], row["road_name"], row["event_kind"]) == (wire["sgbh"], wire["lm"], "accident")
    of_truth = {shown.origin.truth_id for _, shown in pairs["accidents"]} - {None}
    assert len(of_truth) >= 8


def test_section_flow_is_what_drove(city_lake: CityLake, pairs: Mapping[str, list[Pair]]) -> None:
    city = city_lake.city
    truth = {
        (section, end_s): rest
        for section, end_s, *rest in rows_of(
            city.truth.section_flow,
            "section", "interval_end_s", "vehicle_count", "heavy_vehicle_count", "speed_mps", "occupancy",
        )
    }  # fmt: skip
    levels = {0: "unknown", 1: "free", 2: "mostly_free", 3: "light", 4: "moderate", 5: "severe"}
    met = {"empty": 0, "down": 0, "driving": 0}
    for row, shown in pairs["flow"]:
        count, heavy, speed_mps, occupancy = truth[str(shown.origin.truth_id), int(shown.origin.t_s or 0)]
        end = city.moment(shown.origin.t_s or 0)
        assert (row["period_start"], row["period_end"]) == (end - timedelta(seconds=300), end)
        assert row["observed_at"] == row["period_start"]
        assert row["date"] == (row["observed_at"] + timedelta(hours=8)).date()
        assert row["source_id"] == row["target_id"] == shown.record["linkId"]
        assert row["congestion_level"] == levels[shown.record["status"]]
        measured = [row[name] for name in ("vehicle_count", "flow_vph", "heavy_vehicle_count", "occupancy")]
        if shown.record["flow"] == -1:
            met["down"] += 1
            assert measured == [None] * 4
            assert row["speed_mps"] is row["tpi"] is None
            continue
        assert measured == [count, count * 12.0, heavy, pytest.approx(occupancy, abs=0.000501)]
        if speed_mps is None:
            met["empty"] += 1
            # Nobody drove: that is no speed of zero.
            assert row["speed_mps"] is row["tpi"] is None
        else:
            met["driving"] += 1
            assert row["speed_mps"] == pytest.approx(speed_mps, rel=MANY_SIGMA * 0.03, abs=0.051 / 3.6)
            assert row["speed_mps"] == pytest.approx(shown.record["speed"] / 3.6)
            assert row["tpi"] == shown.record["tpi"]
    assert min(met.values()) > 0, met


def test_centrelines_and_crossings_keep_names_classes_and_heights(
    city_lake: CityLake, pairs: Mapping[str, list[Pair]]
) -> None:
    truth = city_lake.city.truth
    edges = {edge: rest for edge, *rest in rows_of(
        truth.edges, "edge", "name_zh", "road_class", "lane_count", "speed_limit_mps", "length_m", "district_code",
        "elevation_m")}  # fmt: skip
    renamed, on_paper = 0, 0
    for row, shown in pairs["road_segment"]:
        if shown.origin.truth_id is None:
            on_paper += 1
            assert row["lifecycle"] in ("planned", "under_construction", "abandoned")
            continue
        name, road_class, lanes, limit_mps, length_m, district, elevation_m = edges[shown.origin.truth_id]
        renamed += row["name"] != name
        assert row["name"] == shown.record["properties"]["name"]
        assert (row["road_class"], row["lane_count"], row["admin_code"]) == (road_class, lanes, district)
        assert row["design_speed_mps"] == pytest.approx(limit_mps, abs=0.51 / 3.6)
        assert row["length_m"] == pytest.approx(length_m, abs=0.0501)
        assert row["height_m"] == pytest.approx(elevation_m, abs=0.0501)
        assert (row["height_datum"], row["lifecycle"], row["grain"]) == ("normal_1985", "existing", "centreline")
    assert renamed < 0.05 * len(pairs["road_segment"])
    assert on_paper > 3
    crossings = {junction: rest for junction, *rest in rows_of(
        truth.junctions, "junction", "name_zh", "district_code", "elevation_m")}  # fmt: skip
    for row, shown in pairs["intersection"]:
        if shown.origin.truth_id is None:
            assert row["lifecycle"] in ("planned", "under_construction")
            continue
        name, district, elevation_m = crossings[shown.origin.truth_id]
        assert (row["name"], row["admin_code"], row["lifecycle"]) == (name, district, "existing")
        assert row["height_m"] == pytest.approx(elevation_m, abs=0.0501)
        # Midnight in Beijing is the evening before in UTC.
        assert row["observed_at"] == datetime(2025, 11, 29, 16, tzinfo=UTC)


@pytest.fixture(scope="session")
def sightings(
    city_lake: CityLake,
    rsm_minutes: list[RsmMinute],
    received: Mapping[str, Received],
    base: Mapping[str, pl.DataFrame],
    faults: Mapping[str, Mapping[str, Fault]],
) -> pl.DataFrame:
    """Every published row of a sound participant, beside the wire (w_) and the truth (t_)."""
    wire: list[tuple[Any, ...]] = []
    for minute in rsm_minutes:
        for envelope in minute.envelopes:
            seen = json.loads(envelope.text)
            participants = [one for message in seen["rsms"] for one in message["participants"]]
            for record_id, one in zip(envelope.record_ids, participants, strict=True):
                if record_id not in faults["rsm"]:
                    size, accuracy = one["size"], one["posConfidence"]["pos"]
                    wire.append(
                        (
                            record_id, seen["timestamp"], one["secMark"], one["ptcType"], one["ptcId"], one["source"],
                            accuracy, one["speed"], one["heading"], one["pos"]["ele"], size["width"], size["length"],
                            size["height"], one.get("vehicleClass"), seen["rsuEsn"],
                        )
                    )  # fmt: skip
    names = ("record_id", "w_stamp", "w_mark", "w_type", "w_no", "w_source", "w_accuracy", "w_speed", "w_heading",
             "w_ele", "w_width", "w_length", "w_height", "w_class", "w_rsu")  # fmt: skip
    shown = pl.DataFrame(wire, schema=list(names), orient="row", infer_schema_length=None)
    columns = ("lon", "lat", "instant_s", "participant", "noise_east_m", "noise_north_m")
    true = pl.DataFrame(
        {
            "record_id": [one for minute in rsm_minutes for one in minute.record_ids],
            **{f"t_{name}": np.concatenate([getattr(minute, name) for minute in rsm_minutes]) for name in columns},
        }
    )
    joined = (
        base["participant_observation"]
        .join(received["rsm"].records, on=["batch", "record"])
        .join(shown, on="record_id")
        .join(true, on="record_id")
    )
    assert joined.height > 200_000
    return joined


def numbers(frame: pl.DataFrame, *names: str) -> list[Floats]:
    return [frame[name].to_numpy().astype(float) for name in names]


def test_participants_stand_where_they_are_seen(
    city_lake: CityLake,
    sightings: pl.DataFrame,
    received: Mapping[str, Received],
    faults: Mapping[str, Mapping[str, Fault]],
) -> None:
    sound = received["rsm"].records.filter(pl.col("record_id").is_in(list(faults["rsm"])).not_())
    assert sightings.height == sound.height
    own, raw = errors_m(
        city_lake,
        np.column_stack(numbers(sightings, "lon", "lat")),
        np.column_stack(numbers(sightings, "t_lon", "t_lat")),
        np.column_stack(numbers(sightings, "t_noise_east_m", "t_noise_north_m")),
    )
    assert own.max() < rounding_m(1e-7) + OWN_ERROR_M
    assert_within_noise(raw, 0.7)
    assert set(sightings["source_crs"]) == {"EPSG:4326"}


def test_participants_are_seen_at_their_own_instant_even_across_a_minute(
    city_lake: CityLake, sightings: pl.DataFrame
) -> None:
    start_ms = round(city_lake.city.recording_start.timestamp() * 1000)
    instant_ms = np.rint(sightings["t_instant_s"].to_numpy() * 1000).astype(np.int64) + start_ms
    assert (sightings["observed_at"].dt.epoch("us").to_numpy() == instant_ms * 1000).all()
    # The envelope's minute is the next one already: read plainly, secMark would be a minute late.
    across = sightings.filter(pl.col("w_mark") > pl.col("w_stamp") % 60_000)
    assert across.height > 100
    assert ((across["w_stamp"] - across["observed_at"].dt.epoch("ms")).is_between(0, 300)).all()
    beijing = sightings["observed_at"].dt.convert_time_zone("Asia/Shanghai").dt.date()
    assert (sightings["date"] == beijing).all()


def test_participants_move_as_they_do(city_lake: CityLake, sightings: pl.DataFrame) -> None:
    moving = motion(city_lake.city)
    instant_s, participant = numbers(sightings, "t_instant_s", "t_participant")
    keys = moving.participant * 10_000.0 + moving.t_s
    rows = np.clip(np.searchsorted(keys, participant * 10_000.0 + instant_s, side="right") - 1, 0, None)
    # Whoever has just appeared was sampled a little before his track begins.
    rows = np.where(moving.participant[rows] == participant, rows, rows + 1)
    _, _, true_mps, true_deg = moving.at(rows, instant_s - moving.t_s[rows])
    speed, heading = numbers(sightings, "speed_mps", "heading_deg")
    assert (np.isnan(speed) == (sightings["w_speed"].to_numpy() == 8191)).all()
    assert (np.isnan(heading) == (sightings["w_heading"].to_numpy() == 28800)).all()
    assert 0 < np.isnan(speed).sum() < 0.02 * len(speed)
    fast = (true_mps > 3) & ~np.isnan(speed)
    off = speed[fast] - true_mps[fast]
    assert abs(off.mean()) < 0.01
    assert off.std() == pytest.approx(0.3, rel=0.05)
    assert np.abs(off).max() < 2.0
    turned = (heading - true_deg + 180) % 360 - 180
    turned = turned[~np.isnan(turned)]
    assert abs(turned.mean()) < 0.02
    assert turned.std() == pytest.approx(1.0, rel=0.05)
    assert (heading[~np.isnan(heading)] < 360).all()


def test_participants_have_the_size_they_have(city_lake: CityLake, sightings: pl.DataFrame) -> None:
    table = city_lake.city.truth.participants
    true = pl.DataFrame(
        {"t_participant": table.column("participant").to_numpy().astype(np.int64)}
        | {f"t_{name}": table.column(name).to_numpy().astype(float) for name in ("width_m", "length_m", "height_m")}
    )
    both = sightings.join(true, on="t_participant")
    assert both.height == sightings.height
    for column, wire, real, step_m in (
        ("width_m", "w_width", "t_width_m", 0.01),
        ("length_m", "w_length", "t_length_m", 0.01),
        ("object_height_m", "w_height", "t_height_m", 0.05),
    ):
        assert ((pl.Series(both[column].is_null())) == (both[wire] == 0)).all()
        known = both.filter(pl.col(column).is_not_null())
        assert known.height < both.height
        off = (known[column] - known[real]).abs()
        assert (off <= MANY_SIGMA * 0.02 * known[real] + step_m).all()


def test_participants_are_called_what_they_are(city_lake: CityLake, sightings: pl.DataFrame) -> None:
    table = city_lake.city.truth.participants
    kinds = pl.DataFrame(
        {
            "t_participant": table.column("participant").to_numpy().astype(np.int64),
            "t_kind": table.column("kind").to_pylist(),
        }
    )
    both = sightings.join(kinds, on="t_participant")
    kind = {"passenger": "motor", "truck": "motor", "bus": "motor", "bicycle": "non_motor", "pedestrian": "pedestrian"}
    vehicle = {"passenger": "passenger_car", "truck": "truck", "bus": "transit", "bicycle": None, "pedestrian": None}
    assert (both["t_kind"].replace_strict(kind) == both["participant_kind"]).all()
    assert both["t_kind"].replace_strict(vehicle).eq_missing(both["vehicle_class"]).all()
    assert (both["participant_kind_raw"] == both["w_type"]).all()
    for one in ("pedestrian", "non_motor"):
        assert (both["participant_kind"] == one).sum() >= 0.05 * both.height
    sensors = {3: "video", 6: "lidar", 7: "integrated"}
    assert (both["w_source"].replace_strict(sensors) == both["sensor"]).all()
    assert set(both["sensor"]) == set(sensors.values())
    assert (both["w_accuracy"].replace_strict({8: 2.0, 9: 1.0}) == both["position_error_m"]).all()
    assert (both["rsu_id"] == both["w_rsu"]).all()
    assert (both["participant_no"] == both["w_no"]).all()
    assert (both["source_id"] == both["rsu_id"] + "/" + both["participant_no"].cast(pl.String)).all()


def test_participants_stand_on_the_ground(
    city_lake: CityLake, sightings: pl.DataFrame, views: Mapping[str, View]
) -> None:
    elevation = dict(rows_of(city_lake.city.truth.rsus, "rsu", "elevation_m"))
    ground = {one.record_id: elevation[str(one.origin.truth_id)] - ANTENNA_M + GEOID_SEPARATION_M
              for one in views["rsus"].shown}  # fmt: skip
    off = (sightings["height_m"] - sightings["rsu_id"].replace_strict(ground)).to_numpy()
    assert abs(off.mean()) < 0.02
    assert off.std() == pytest.approx(0.5, rel=0.05)
    assert set(sightings["height_datum"]) == {"ellipsoidal"}
