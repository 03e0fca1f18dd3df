"""What so many RSUs need, worked out from what was measured: python -m benchmarks.scale.sizing

Prints the tables of docs/scale.md. Whoever measures again writes the new figures into `MEASURED` and the tables into
the page; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SECONDS_A_DAY = 86_400
MIB, GB, TB = 2**20, 10**9, 10**12


@dataclass(frozen=True)
class Measured:
    """As `python -m benchmarks.scale` prints it.

    participants_per_rsu_s: those that an RSU reports in a second at 10 Hz. json_bytes, landing_bytes and row_bytes: of
    one participant as received, in the landing table, and in the published one. landed_per_cpu_s and
    published_per_cpu_s: records a second of one core. commits_per_s: of one table, by store, four writers together.
    """

    participants_per_rsu_s: float
    json_bytes: float
    landing_bytes: float
    row_bytes: float
    landed_per_cpu_s: float
    published_per_cpu_s: float
    commits_per_s: dict[str, float]


@dataclass(frozen=True)
class Area:
    """Somewhere with RSUs. cities: each with its own platforms, all syncing into one lake."""

    name: str
    rsus: int
    cities: int


@dataclass(frozen=True)
class Needs:
    """What an area needs. Shares are of what one table, on S3, takes."""

    participants_per_s: float
    landing_cores: float
    publishing_cores: float
    json_bytes_a_day: float
    landing_bytes_kept: float
    row_bytes_a_day: float
    commits_per_s: float
    commit_share: float
    files_a_day: float
    tasks_an_hour: float


MEASURED = Measured(
    participants_per_rsu_s=25.6,
    json_bytes=293,
    landing_bytes=33.1,
    row_bytes=25.6,
    landed_per_cpu_s=103_000,
    published_per_cpu_s=41_000,
    commits_per_s={"disk": 41.8, "S3": 5.8},
)
AREAS = (Area("a city", 1_000, 1), Area("a province", 3_000, 5), Area("the nation", 8_700, 20))
BATCHES_MIB = (8, 32)
RETENTION_DAYS = 30
"""For which the contract keeps landed pages."""
LIVE_STREAMS = {"cloud_control": 6, "traffic_safety": 6, "transport_info": 5}
"""Streams of the cadence `live`, as connectors declare them."""
LIVE_MINUTES = 5


def needs(area: Area, batch_mib: float = 8, minutes: float = LIVE_MINUTES, measured: Measured = MEASURED) -> Needs:
    """What `area` needs when RSUs speak at 10 Hz, with batches of so many MiB and live runs every so many minutes."""
    rate = area.rsus * measured.participants_per_rsu_s
    batches = max(rate * measured.json_bytes / (batch_mib * MIB), area.cities / (60 * minutes))
    # One task plans, and each place, a stream in a city, lands and publishes.
    tasks = sum(1 + 2 * streams * area.cities for streams in LIVE_STREAMS.values()) * 60 / minutes
    return Needs(
        participants_per_s=rate,
        landing_cores=rate / measured.landed_per_cpu_s,
        publishing_cores=rate / measured.published_per_cpu_s,
        json_bytes_a_day=rate * measured.json_bytes * SECONDS_A_DAY,
        landing_bytes_kept=rate * measured.landing_bytes * SECONDS_A_DAY * RETENTION_DAYS,
        row_bytes_a_day=rate * measured.row_bytes * SECONDS_A_DAY,
        commits_per_s=batches,
        commit_share=batches / measured.commits_per_s["S3"],
        files_a_day=batches * SECONDS_A_DAY,
        tasks_an_hour=tasks,
    )


def lines(areas: Sequence[Area] = AREAS) -> list[str]:
    """The tables of the page, as Markdown."""
    asked = [needs(area) for area in areas]
    head = "| | " + " | ".join(f"{area.name}: {area.rsus:,} RSUs, {area.cities} {_cities(area)}" for area in areas)
    rows = [
        ("participants a second", [f"{one.participants_per_s:,.0f}" for one in asked]),
        ("cores that land", [f"{one.landing_cores:.1f}" for one in asked]),
        ("cores that publish", [f"{one.publishing_cores:.1f}" for one in asked]),
        ("JSON received a day", [f"{one.json_bytes_a_day / TB:.2f} TB" for one in asked]),
        (f"landing, kept {RETENTION_DAYS} days", [f"{one.landing_bytes_kept / TB:.1f} TB" for one in asked]),
        ("published rows a day", [f"{one.row_bytes_a_day / GB:,.0f} GB" for one in asked]),
        ("Airflow's task instances an hour", [f"{one.tasks_an_hour:,.0f}" for one in asked]),
    ]
    for mib in BATCHES_MIB:
        of = [needs(area, mib) for area in areas]
        rows.append((f"commits/s on one table, `max_bytes` {mib} MiB", [f"{one.commits_per_s:.2f}" for one in of]))
        rows.append((f"of what it takes on S3, {mib} MiB", [f"{one.commit_share:.0%}" for one in of]))
        rows.append((f"files a day before `maintain`, {mib} MiB", [f"{one.files_a_day:,.0f}" for one in of]))
    return [f"{head} |", "|---" * (len(areas) + 1) + "|", *(f"| {name} | {' | '.join(of)} |" for name, of in rows)]


def _cities(area: Area) -> str:
    return "city" if area.cities == 1 else "cities"


if __name__ == "__main__":
    print("\n".join(lines()))
