"""The environment, read once.

HUTONG_ROOT     folder that holds connectors/, schemas/ and mappings/   (default: the current folder)
HUTONG_LAKE     where the lake is: a folder, or s3://bucket/prefix       (default: <root>/lake)
HUTONG_LAKE_ENDPOINT  address of the S3 store, such as http://10.0.0.5:9000  (default: Amazon's)
HUTONG_LAKE_REGION    region of the S3 store                                 (default: us-east-1)
HUTONG_SECRETS  folder of secret files, one secret a file, mode 600      (default: <root>/.secrets)
HUTONG_BUDGET   folder of this machine over which its processes share platforms' budgets  (default: <root>/.budget)
HUTONG_BUDGET_SLOTS  where hutong runs on several machines: how many pulls may be under way to a platform at a time,
                those by hand included; each then has its share of the requests per minute and no folder is used
HUTONG_LANG     zh or en                                                 (default: from the locale)
HUTONG_DEMO     folder in which the demo keeps its things                (default: <root>/demo)
HUTONG_HOME     folder in which `hutong up` keeps its things             (default: <root>/up)
HUTONG_REPORT   folder that the report is written to                     (default: <root>/demo/report)
HUTONG_TIME_TRAVEL_DAYS  days for which `hutong maintain` keeps every version readable  (default: 30, at least 7)
HUTONG_UNSCHEDULED  if set, Airflow syncs only when told: connectors' schedules are left aside
HUTONG_ALERTS   whom to tell of failures beside the log, separated by spaces: mailto:NAME@HOST (sent by Airflow's
                Connection smtp_default), webhook:SECRET (the secret of that name holds the address)
HUTONG_AIRFLOW  address of Airflow's API server, for commands that ask it  (default: http://127.0.0.1:8080)
HUTONG_AIRFLOW_USER  whom they log in as; the secret airflow_password is the password  (default: hutong)
HUTONG_AIRFLOW_DAYS  days for which Airflow keeps its own records of runs and tasks  (default: 90, at least 7)
HUTONG_ADDRESS_<PLATFORM>   a base address that replaces the connector's; a hyphen in its name is written __
HUTONG_ADDRESS_<PLATFORM>_<CITY>   one that replaces it for one of its cities
HUTONG_SECRET_<NAME>        a secret that replaces its file
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from hutong.errors import AskedWrongly

Lang = Literal["zh", "en"]

ADDRESS, SECRET = "HUTONG_ADDRESS_", "HUTONG_SECRET_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. Secrets are not in it: see `secrets.resolver`."""

    root: Path
    lake: str
    lake_endpoint: str | None
    lake_region: str | None
    secrets: Path
    budget: Path
    budget_slots: str | None
    lang: Lang
    demo: Path
    home: Path
    report: Path
    time_travel_days: str
    is_scheduled: bool
    alerts: tuple[str, ...]
    airflow: str
    airflow_user: str
    airflow_days: str
    addresses: Mapping[str, str]


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of `environ` (default: of this process)."""
    env = os.environ if environ is None else environ
    root = Path(env.get("HUTONG_ROOT") or ".").resolve()
    return Settings(
        root=root,
        lake=env.get("HUTONG_LAKE") or str(root / "lake"),
        lake_endpoint=env.get("HUTONG_LAKE_ENDPOINT") or None,
        lake_region=env.get("HUTONG_LAKE_REGION") or None,
        secrets=Path(env.get("HUTONG_SECRETS") or root / ".secrets"),
        budget=Path(env.get("HUTONG_BUDGET") or root / ".budget").resolve(),
        budget_slots=env.get("HUTONG_BUDGET_SLOTS") or None,
        lang=_lang(env),
        demo=Path(env.get("HUTONG_DEMO") or root / "demo").resolve(),
        home=Path(env.get("HUTONG_HOME") or root / "up").resolve(),
        report=Path(env.get("HUTONG_REPORT") or root / "demo" / "report"),
        time_travel_days=env.get("HUTONG_TIME_TRAVEL_DAYS") or "30",
        is_scheduled=not env.get("HUTONG_UNSCHEDULED"),
        alerts=tuple((env.get("HUTONG_ALERTS") or "").replace(",", " ").split()),
        airflow=(env.get("HUTONG_AIRFLOW") or "http://127.0.0.1:8080").rstrip("/"),
        airflow_user=env.get("HUTONG_AIRFLOW_USER") or "hutong",
        airflow_days=env.get("HUTONG_AIRFLOW_DAYS") or "90",
        addresses={
            name.removeprefix(ADDRESS).lower().replace("__", "-"): value
            for name, value in env.items()
            if name.startswith(ADDRESS)
        },
    )


def days(text: str, variable: str, least: int) -> timedelta:
    """What `variable` says in days. Raises AskedWrongly when that is not a whole number of at least `least`."""
    if not text.isdecimal() or int(text) < least:
        raise AskedWrongly(f"{variable} is '{text}'", f"set it to a whole number of days, {least} at least")
    return timedelta(days=int(text))


def _lang(env: Mapping[str, str]) -> Lang:
    # POSIX order: LC_ALL wins over LC_MESSAGES, which wins over LANG.
    for name in ("HUTONG_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if env.get(name):
            return "zh" if env[name].lower().startswith("zh") else "en"
    return "en"
