"""Where a demo, or `hutong up`, keeps its things.

lake/           the lake
secrets/        its keys, made once, and the simulated city's credentials
city.json       when the recording began, so that the next run goes on in the same city
budget/         what the platforms are asked, counted
city-log/       what the four platforms of a demo served
report/         the report
airflow-<id>/   of a demo, Airflow's home: database, logs, passwords; a new one each time
airflow/        of `hutong up`, the same, and kept
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hutong.settings import ADDRESS

KEYS = ("store_key", "pseudonym_key")

CREDENTIALS: Mapping[str, str] = {
    # Those of the simulated city, which anybody may know. A real platform's are never in code.
    "cloud_control_username": "hutong",
    "cloud_control_password": "city-cloud-password",
    "traffic_safety_licence": "CITY-LICENCE-0001",
    "transport_info_app_key": "hutong-city",
    "transport_info_secret": "city-transport-secret",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The folder and what lies in it."""

    folder: Path

    @property
    def lake(self) -> Path:
        """The lake."""
        return self.folder / "lake"

    @property
    def secrets(self) -> Path:
        """Secret files."""
        return self.folder / "secrets"

    @property
    def budget(self) -> Path:
        """What all its processes ask, counted together, and apart from what real platforms of these names are asked."""
        return self.folder / "budget"

    @property
    def report(self) -> Path:
        """The report's folder."""
        return self.folder / "report"

    @property
    def served(self) -> Path:
        """What the platforms say they served."""
        return self.folder / "city-log"

    @property
    def airflow(self) -> Path:
        """Airflow's home, where it is kept from run to run."""
        return self.folder / "airflow"

    def environment(self, root: Path, addresses: Mapping[str, str]) -> dict[str, str]:
        """What a process needs to sync the simulated city into the lake here. addresses: platform -> base address."""
        return {
            "HUTONG_ROOT": str(root),
            "HUTONG_LAKE": str(self.lake),
            "HUTONG_SECRETS": str(self.secrets),
            "HUTONG_BUDGET": str(self.budget),
            "HUTONG_REPORT": str(self.report),
            **{ADDRESS + platform.upper(): address for platform, address in addresses.items()},
        }

    def write_secrets(self) -> None:
        """Keys of the lake, unless it has them, and the city's credentials; each readable by its owner only."""
        self.secrets.mkdir(parents=True, exist_ok=True)
        self.secrets.chmod(0o700)
        for name in KEYS:
            if not (self.secrets / name).is_file():
                _write(self.secrets / name, secrets.token_hex(32))
        for name, value in CREDENTIALS.items():
            _write(self.secrets / name, value)

    def recording_start(self) -> str | None:
        """When the recording began that the lake holds, ISO 8601; None for a lake that is still to be made."""
        try:
            return (
                str(json.loads((self.folder / "city.json").read_text())["recording_start"])
                if self.lake.is_dir()
                else None
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep_recording_start(self, when: str) -> None:
        """Note it, before anything is landed."""
        _write(self.folder / "city.json", json.dumps({"recording_start": when}))


def _write(path: Path, text: str) -> None:
    # Through a second name, since a run killed while it writes must not leave half a key.
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
