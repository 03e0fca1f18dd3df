"""Other cities, derived from the one recording: turned, moved, renamed, thinned and shifted in time.

They are turned and never mirrored: in a mirror people would drive on the left. What instruments measured is measured
again on the vehicles that are left, so that each city is true to itself; that its traffic is another city's, seen from
elsewhere, is said in its manifest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from citysim.cities import DEFAULT, Member, member
from citysim.draws import Draws
from citysim.local_metres import to_lonlat
from citysim.measure.detectors import detector_flow
from citysim.measure.parked import parking_occupancy
from citysim.measure.section_flow import section_flow
from citysim.measure.traffic import Floats, Ints, traffic
from citysim.measure.violations import violations
from citysim.packed_tracks import unpack_metres, unpack_stays
from citysim.record.accidents import Accident, with_dip
from citysim.record.sections import Flow, Section
from citysim.truth import Truth, assembled, load, stored_tables, with_lengths, with_positions
from citysim.views.city import City

KEPT = (0.6, 0.9)
"""Share of the road users that stay."""
SHIFT_STEP_S, MOST_STEPS = 300, 5
"""A city's recording began up to so many steps earlier: whole ones, so that periods end on the clock's five minutes."""
STEMS = (
    "春晓", "南湖", "望海", "东岭", "新华", "友谊", "迎宾", "光明", "和平", "胜利", "朝晖", "青云", "碧波", "锦绣",
    "凤鸣", "丹霞", "紫云", "明珠", "玉兰", "芙蓉", "白鹭", "仙湖", "文昌", "学府", "金沙", "银滩", "桃源", "竹林",
    "松涛", "梅园", "荷塘", "兰亭", "枫林", "晴川", "曙光", "长宁",
)  # fmt: skip
"""Ordinary words of street names; none is one of the recording's."""
SUFFIXES = ("快速路", "大道", "天街", "路", "街")


@dataclass(frozen=True, slots=True)
class Change:
    """How a city differs from the recorded one."""

    turned_deg: float
    """Clockwise."""
    kept_share: float
    earlier_s: int
    """So much earlier than the recorded city's its recording begins."""


def city(
    code: str,
    recording_start: datetime,
    *,
    recording: Path | None = None,
    seed: int | None = None,
    fault_share: float = 0.005,
    is_all_sensing: bool = False,
    hz: int = 1,
) -> City:
    """The city of `code`, recorded or derived.

    recording_start: aware; that of the recorded city, from which derived ones differ (`Change`). recording: its folder,
    None for the committed one. seed: of noise and faults, for derived cities mixed with their codes; None for the
    recording's. Raises UnknownCity, RecordingUnreadable.
    """
    of = member(code)
    truth = truth_of(of, recording)
    from_seed = int(truth.manifest.get("derived", {}).get("from_seed", truth.seed))
    return City(
        truth,
        seed=truth.seed if seed is None else seed_of(of, seed),
        recording_start=recording_start - timedelta(seconds=change_of(of, from_seed).earlier_s),
        fault_share=fault_share,
        is_all_sensing=is_all_sensing,
        hz=hz,
        code=of.code,
        name_zh=of.name_zh,
        variants=of.variants,
        gk_epsg=of.gk_epsg,
        plate_prefix=of.plate_prefix,
    )


def truth_of(of: Member, recording: Path | None = None) -> Truth:
    """The truth of a member: of the recorded city as it is, of all others derived. Raises RecordingUnreadable."""
    return load(recording) if of.code == DEFAULT else derive(of, recording)


def change_of(member: Member, seed: int) -> Change:
    """The change that makes `member` of a recording of `seed`; none at all for the recorded city itself."""
    if member.code == DEFAULT:
        return Change(0.0, 1.0, 0)
    draws = Draws(seed, "derived", member.code)
    return Change(
        turned_deg=round(20.0 + 320.0 * draws.one("turn"), 1),
        kept_share=round(KEPT[0] + (KEPT[1] - KEPT[0]) * draws.one("keep"), 2),
        earlier_s=SHIFT_STEP_S * (1 + int(MOST_STEPS * draws.one("shift"))),
    )


def derive(member: Member, folder: Path | None = None) -> Truth:
    """The truth of `member`, from the recording in `folder` or the committed one. Raises RecordingUnreadable."""
    manifest, stored = stored_tables(folder)
    seed, seconds = int(manifest["seed"]), int(manifest["duration_s"])
    change, draws = change_of(member, seed), Draws(seed, "derived", member.code)
    own_seed = seed_of(member, seed)
    tracks, stays = unpack_metres(stored["tracks"]), unpack_stays(stored["stays"])
    kept = _kept(stored, draws, change.kept_share)
    tracks, stays = _renumbered(tracks, kept), _renumbered(stays, kept)
    tables = {**stored, **_thinned(stored, kept)}

    lanes = with_lengths(with_positions(tables["lanes"], ("x_m", "y_m")))
    moving = traffic(tracks, stays, tables["participants"], lanes)
    lots = with_positions(tables["parkings"], ("x_m", "y_m"))
    tables["section_flow"] = section_flow(moving, tables["sections"], tables["edges"], seconds)
    tables["accidents"] = _with_dips(tables)
    tables["violations"] = violations(moving, lanes, tables["movements"], tables["signals"], tables["assets"])
    tables["detector_flow"] = detector_flow(moving, tables["assets"], seconds)
    tables["parking_occupancy"] = parking_occupancy(moving, lots, seconds, own_seed)

    names = _street_names(stored["edges"].column("name_zh").to_pylist(), draws)
    districts = _districts(stored, member)
    tables = {
        name: _turned(_renamed(table, names, districts), change.turned_deg)
        for name, table in tables.items()
        if name not in ("tracks", "stays")
    }
    about = {
        **{name: value for name, value in manifest.items() if name != "tables"},
        "about": "An invented city, derived from the recording of another invented one. It is no map of "
        f"{member.name_en} and says nothing of its traffic; the traffic of two derived cities is not independent.",
        "seed": own_seed,
        "origin": [member.lon, member.lat],
        "derived": {
            "city": member.code,
            "from_seed": seed,
            "turned_deg": change.turned_deg,
            "kept_share": change.kept_share,
            "earlier_s": change.earlier_s,
        },
    }
    return assembled(about, tables, _turned_tracks(tracks, change.turned_deg, (member.lon, member.lat)), stays)


def seed_of(member: Member, seed: int) -> int:
    """The seed of noise, faults and measurements of `member`, where the recorded city's is `seed`."""
    return seed if member.code == DEFAULT else seed * 1_000_000 + int(member.code)


def _kept(stored: Mapping[str, pa.Table], draws: Draws, share: float) -> Ints:
    """The numbers of those who stay: all of accidents, all buses of lines, a share of everybody else."""
    numbers = stored["participants"].column("participant").to_numpy().astype(np.int64)
    stays = draws.uniform("stays", numbers) < share
    needed = [
        number
        for table in ("accidents", "bus_lines")
        for among in stored[table].column("participants").to_pylist()
        for number in among
    ]
    kept: Ints = numbers[stays | np.isin(numbers, np.array(needed, dtype=np.int64))]
    return kept


def _renumbered(table: pa.Table, kept: Ints) -> pa.Table:
    """The rows of those in `kept`, who get their places in it as numbers."""
    who = table.column("participant").to_numpy()
    chosen = table.filter(pa.array(np.isin(who, kept)))
    numbers = np.searchsorted(kept, chosen.column("participant").to_numpy()).astype(np.int32)
    return chosen.set_column(chosen.column_names.index("participant"), "participant", pa.array(numbers))


def _thinned(stored: Mapping[str, pa.Table], kept: Ints) -> dict[str, pa.Table]:
    found = {"participants": _renumbered(stored["participants"], kept)}
    for name in ("accidents", "bus_lines"):
        table = stored[name]
        place = table.column_names.index("participants")
        lists = [np.searchsorted(kept, among).tolist() for among in table.column("participants").to_pylist()]
        found[name] = table.set_column(place, "participants", pa.array(lists, pa.list_(pa.int32())))
    return found


def _with_dips(tables: Mapping[str, pa.Table]) -> pa.Table:
    """The accidents with the sections that they dent now that there are fewer vehicles."""
    ends = {
        row["edge"]: (_site(row["from_junction"]), _site(row["to_junction"])) for row in tables["edges"].to_pylist()
    }
    sections = [
        Section(
            row["section"], tuple(row["edges"]), (ends[row["edges"][0]][0], *(ends[edge][1] for edge in row["edges"]))
        )
        for row in tables["sections"].to_pylist()
    ]
    flows = [Flow(**row) for row in tables["section_flow"].to_pylist()]
    table = tables["accidents"]
    dips = [
        with_dip(
            Accident(row["t_s"], row["cleared_s"], (0.0, 0.0), row["edge"], row["kind"], ()), sections, flows
        ).dip_section
        for row in table.to_pylist()
    ]
    return table.set_column(table.column_names.index("dip_section"), "dip_section", pa.array(dips, pa.string()))


def _site(junction: str) -> tuple[int, int]:
    return int(junction[1:3]), int(junction[3:5])


def _street_names(old: Sequence[str], draws: Draws) -> dict[str, str]:
    """A new name for each street, of the same kind: a 大道 stays one."""
    streets = sorted(set(old))
    stems = draws.sequence("names").sample(STEMS, len(streets))
    return {
        name: stem + next(suffix for suffix in SUFFIXES if name.endswith(suffix))
        for name, stem in zip(streets, stems, strict=True)
    }


def _districts(stored: Mapping[str, pa.Table], member: Member) -> dict[str, str]:
    old = sorted(set(stored["junctions"].column("district_code").to_pylist()))
    return {code: member.districts[place % len(member.districts)] for place, code in enumerate(old)}


def _renamed(table: pa.Table, names: Mapping[str, str], districts: Mapping[str, str]) -> pa.Table:
    """`table` with other streets in its Chinese names, and other districts."""
    # Longer names first: one may be the end of another.
    any_name = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    renewed: dict[str, list[str]] = {}
    if "name_zh" in table.column_names:
        old = table.column("name_zh").to_pylist()
        renewed["name_zh"] = [any_name.sub(lambda found: names[found[0]], text) for text in old]
    if "district_code" in table.column_names:
        renewed["district_code"] = [districts[code] for code in table.column("district_code").to_pylist()]
    for column, texts in renewed.items():
        table = table.set_column(table.column_names.index(column), column, pa.array(texts, pa.string()))
    return table


def _turned(table: pa.Table, degrees: float) -> pa.Table:
    """`table` with its positions (columns that end in x_cm and y_cm) turned clockwise around the origin."""
    for prefix in [name.removesuffix("x_cm") for name in table.column_names if name.endswith("x_cm")]:
        x_name, y_name = f"{prefix}x_cm", f"{prefix}y_cm"
        x_cm, y_cm = (table.column(name).combine_chunks() for name in (x_name, y_name))
        is_list = pa.types.is_list(x_cm.type)
        x, y = (np.asarray(pc.list_flatten(c) if is_list else c, dtype=np.float64) for c in (x_cm, y_cm))
        for name, values in zip((x_name, y_name), _around(x, y, degrees), strict=True):
            column = pa.ListArray.from_arrays(x_cm.offsets, pa.array(values)) if is_list else pa.array(values)
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _turned_tracks(tracks: pa.Table, degrees: float, origin: tuple[float, float]) -> pa.Table:
    x_m, y_m = _around(tracks.column("x_m").to_numpy(), tracks.column("y_m").to_numpy(), degrees)
    lon, lat = to_lonlat(x_m, y_m, origin)
    heading = ((tracks.column("heading_deg").to_numpy().astype(np.float64) + degrees) % 360).astype(np.float32)
    return pa.table(
        {
            "t_s": tracks.column("t_s"),
            "participant": tracks.column("participant"),
            "x_m": x_m,
            "y_m": y_m,
            "lon": lon,
            "lat": lat,
            "speed_mps": tracks.column("speed_mps"),
            "heading_deg": heading % np.float32(360),  # a hair below 360 may have been rounded up to it
        }
    )


def _around(x: Floats, y: Floats, degrees: float) -> tuple[Floats, Floats]:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return x * cosine + y * sine, y * cosine - x * sine
