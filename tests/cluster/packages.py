"""PostgreSQL and Redis from Debian: found, or installed when they are missing and this may be done."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = {"initdb": "postgresql", "postgres": "postgresql", "redis-server": "redis-server"}
"""Program -> the Debian package that brings it."""

POLICY = Path("/usr/sbin/policy-rc.d")
"""While it says 101, no package starts a service of the system (Debian's invoke-rc.d)."""


class PackagesMissing(RuntimeError):
    """There are none, and none could be installed."""


def program(name: str) -> str:
    """The path of a program; Debian keeps PostgreSQL's out of PATH. Raises PackagesMissing."""
    if (found := _found(name)) is None:
        raise PackagesMissing(f"{name} is not installed: apt-get install {PACKAGES[name]}")
    return found


def install_missing() -> list[str]:
    """Install what is missing. Returns the packages; nothing is done when all are there.

    Raises PackagesMissing, which names them, when this is not root, or there is no apt, or apt fails.
    """
    missing = sorted({package for name, package in PACKAGES.items() if _found(name) is None})
    if not missing:
        return []
    by_hand = f"`apt-get install --no-install-recommends {' '.join(missing)}`"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PackagesMissing(f"a cluster needs {', '.join(missing)}, which only root can install: {by_hand}")
    own_policy = not POLICY.exists()
    if own_policy:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            done = subprocess.run(
                ["apt-get", "-qq", *command],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise PackagesMissing(f"{by_hand} failed: {done.stderr.strip()[-500:]}")
    finally:
        if own_policy:
            POLICY.unlink()
    return missing


def _found(name: str) -> str | None:
    return shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)
