"""Where what is declared of a platform lies. A dialect has files of its own only where it differs: all others are those
of its platform.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

CODES = "codes"


def schema_of(root: Path, platform: str, stream: str) -> Path:
    """The JSON Schema of the raw records of a stream."""
    return _own_or_shared(root, "connectors", platform, f"{stream}.schema.json")


def mapping_of(root: Path, platform: str, stream: str) -> Path:
    """The mapping of a stream."""
    return _own_or_shared(root, "mappings", platform, f"{stream}.yaml")


def crosswalk_of(root: Path, platform: str, code_list: str) -> Path:
    """The crosswalk of a platform's codes to those of a list."""
    return _own_or_shared(root, "mappings", platform, f"{CODES}/{code_list}.csv")


def crosswalks_of(root: Path, platform: str) -> list[Path]:
    """All crosswalks of a platform, by the names of their lists."""
    folders = [root / "mappings" / name / CODES for name in (platform.partition("-")[0], platform)]
    lists = sorted({path.stem for folder in folders for path in folder.glob("*.csv")})
    return [crosswalk_of(root, platform, name) for name in lists]


def _own_or_shared(root: Path, kind: Literal["connectors", "mappings"], platform: str, name: str) -> Path:
    """The file of a platform or dialect; of a dialect that has none, that of its platform, if that has one."""
    own = root / kind / platform / name
    shared = root / kind / platform.partition("-")[0] / name
    return shared if shared.is_file() and not own.is_file() else own
