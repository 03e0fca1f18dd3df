"""The log of what a service served, one JSON line per answered request."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

from citysim.clock import CityClock


class ServedLog:
    """Appends to `<service>.served.jsonl`; does nothing when no folder is given.

    A line: city_time (ISO 8601, UTC), method, path, query (no credentials), status, records, record_ids, fault_ids,
    sha256 (of the body, by which an answer is found again where it was kept).
    """

    def __init__(self, service: str, clock: CityClock, folder: Path | None) -> None:
        self._clock, self._lock = clock, Lock()
        self._file = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{service}.served.jsonl"
            self._file = path.open("a", encoding="utf-8")
            # An earlier service may have been killed within a line.
            if self._file.tell() and not path.read_bytes().endswith(b"\n"):
                self._file.write("\n")

    def write(
        self,
        *,
        method: str,
        path: str,
        query: Mapping[str, str],
        status: int,
        record_ids: Sequence[str],
        fault_ids: Sequence[str],
        body: bytes,
    ) -> None:
        """Write one line and flush it, so that a killed service leaves whole lines."""
        if self._file is None:
            return
        line = {
            "city_time": self._clock.now().isoformat(timespec="milliseconds"),
            "method": method,
            "path": path,
            "query": dict(query),
            "status": status,
            "records": len(record_ids),
            "record_ids": list(record_ids),
            "fault_ids": list(fault_ids),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"
        with self._lock:
            self._file.write(text)
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
