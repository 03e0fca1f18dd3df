"""SUMO's programs, run as subprocesses. Nothing of SUMO is imported: its libraries clash with pyarrow's."""

from __future__ import annotations

import importlib.util
import logging
import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

log = logging.getLogger(__name__)


class SumoMissing(ImportError):
    """The `sim` extra is not installed."""

    def __init__(self) -> None:
        super().__init__("recording a city needs Eclipse SUMO: install it with `pip install 'hutong[sim]'` (500 MB)")


class SumoFailed(RuntimeError):
    """One of SUMO's programs gave up; its last words are in the message."""


def home() -> Path:
    """SUMO's installation folder. Raises SumoMissing."""
    found = importlib.util.find_spec("sumo")
    folders = found.submodule_search_locations if found is not None else None
    for folder in folders or ():
        # Any folder of this name on the path looks like a package to Python.
        if (Path(folder) / "bin" / "sumo").exists():
            return Path(folder)
    raise SumoMissing


def run(program: str, options: Mapping[str, str], folder: Path) -> str:
    """Run `program` with `options` in `folder`; what it said, warnings included. Raises SumoMissing, SumoFailed."""
    command = [str(home() / "bin" / program), *(part for option in options.items() for part in option)]
    done = _call(command, folder)
    said = done.stdout + done.stderr
    (folder / f"{program}.log").write_text(said, encoding="utf-8")
    if done.returncode != 0:
        raise SumoFailed(f"{program} ended with code {done.returncode}: {said.strip()[-600:]}")
    log.info("%s done, %d warnings", program, said.count("Warning:"))
    return said


def version() -> str:
    """Such as "1.28.0". Raises SumoMissing."""
    first = _call([str(home() / "bin" / "sumo"), "--version"], home()).stdout.splitlines()[0]
    return first.split()[-1]


def written(path: Path) -> ElementTree.Element:
    """The root of an XML file that one of SUMO's programs wrote."""
    return ElementTree.parse(path).getroot()  # noqa: S314  no stranger's file: SUMO wrote it a moment ago


def _call(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  SUMO's own programs, with options of ours
        command, cwd=folder, env={"SUMO_HOME": str(home())}, capture_output=True, text=True, check=False
    )
