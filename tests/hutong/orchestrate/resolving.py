"""Run by test_connections.py in a process of its own: resolve the secrets that it is told, with Airflow as it is there.

Prints JSON: name -> the value, or what was raised; `masked`: a line with all of them as Airflow would log it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.sdk.log import redact

from hutong import settings
from hutong.errors import HutongError
from hutong.orchestrate.connections import secrets_of_task

resolve = secrets_of_task(settings.read())
found: dict[str, str] = {}
for name in sys.argv[2:]:
    try:
        found[name] = resolve(name).reveal()
    except HutongError as wrong:
        found[name] = f"{type(wrong).__name__}: {wrong}"
line = redact("said " + " ".join(found.values()))
Path(sys.argv[1]).write_text(json.dumps({"found": found, "masked": line}))
