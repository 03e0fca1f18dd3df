"""Which city was served: a small file beside the services' logs, from which the score makes the same city again."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from citysim.cities import member
from citysim.derived import truth_of
from citysim.views.city import City

NAME = "city.json"


class CityUnreadable(ValueError):
    """The file is missing, or says no city that this version can make."""


def write(city: City, recording: Path | None, folder: Path) -> None:
    """Write down in `folder` how `city` was made. recording: its folder; None for the one that ships."""
    told = {
        "code": city.code,
        "seed": city.seed,
        "recording_start": city.recording_start.isoformat(),
        "recording": None if recording is None else str(recording.absolute()),
        "fault_share": city.fault_share,
        "is_all_sensing": city.is_all_sensing,
        "hz": city.hz,
    }
    folder.mkdir(parents=True, exist_ok=True)
    # Whole or not at all, for a score that is asked while the city starts.
    fresh = folder / f".{NAME}.new"
    fresh.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    fresh.replace(folder / NAME)


def read(folder: Path) -> City:
    """The city that was served with its logs in `folder`. Raises CityUnreadable."""
    path = folder / NAME
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        of = member(str(told["code"]))
        return City(
            truth_of(of, None if told["recording"] is None else Path(told["recording"])),
            seed=int(told["seed"]),
            recording_start=datetime.fromisoformat(told["recording_start"]),
            fault_share=float(told["fault_share"]),
            is_all_sensing=bool(told["is_all_sensing"]),
            hz=int(told["hz"]),
            code=of.code,
            name_zh=of.name_zh,
            variants=of.variants,
            gk_epsg=of.gk_epsg,
            plate_prefix=of.plate_prefix,
        )
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise CityUnreadable(
            f"{path}: no city is described here ({type(problem).__name__}: {problem}); "
            "name the folder that was given to serve --log-dir"
        ) from problem


def folders(logs: Path, code: str | None = None) -> list[Path]:
    """The folders below `logs`, or `logs` itself, in which a city is described; of one city, if `code` is given.

    Raises CityUnreadable when there is none.
    """
    found = [path.parent for path in sorted([*logs.glob(NAME), *logs.glob(f"*/{NAME}")])]
    wanted = [folder for folder in found if code is None or _code(folder) == code]
    if not wanted:
        known = ", ".join(_code(folder) for folder in found) or "none"
        raise CityUnreadable(
            f"{logs}: no city{'' if code is None else ' ' + code} was served with its logs here (there are: {known}); "
            "name the folder that was given to serve --log-dir"
        )
    return wanted


def _code(folder: Path) -> str:
    try:
        return str(json.loads((folder / NAME).read_text(encoding="utf-8"))["code"])
    except (OSError, ValueError, KeyError, TypeError):
        return "unreadable"
