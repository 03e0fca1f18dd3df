"""A device that drips files into a folder, as a process of its own: `python device.py OUTBOX INBOX`."""

from __future__ import annotations

import sys
import time
from pathlib import Path


def drip(outbox: Path, inbox: Path) -> None:
    """Write every file of `outbox` into `inbox`, in pieces that end anywhere, each with its marker at the end."""
    for source in sorted(outbox.iterdir()):
        body = source.read_bytes()
        with (inbox / source.name).open("wb") as target:
            for start in range(0, len(body), len(body) // 8 + 1):
                target.write(body[start : start + len(body) // 8 + 1])
                target.flush()
                time.sleep(0.002)
        (inbox / f"{source.name}.ok").write_text("")


if __name__ == "__main__":
    drip(Path(sys.argv[1]), Path(sys.argv[2]))
