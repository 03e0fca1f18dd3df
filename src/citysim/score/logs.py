"""What a platform's service wrote down about its answers."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

Endpoint = tuple[str, str]
"""Path, and the interface id where one path serves several (the police platform's jkid)."""


class LogMissing(ValueError):
    """A service's log is not there, or is no such log."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One good answer. A planted duplicate is twice among its records."""

    endpoint: Endpoint
    record_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """All good answers of one service, by the SHA-256 of their bodies: equal bodies hold equal records."""

    answers: Mapping[str, Answered]

    def record_ids(self, endpoints: Iterable[Endpoint], prefix: str) -> set[str]:
        """The records that were handed out there, landed or not."""
        wanted = set(endpoints)
        return {
            one
            for answer in self.answers.values()
            if answer.endpoint in wanted
            for one in answer.record_ids
            if one.startswith(prefix)
        }

    def places(self, pages: pl.DataFrame, prefix: str) -> tuple[pl.DataFrame, set[Endpoint], list[str]]:
        """Where each record landed, the endpoints that the pages came from, and the pages that do not fit the log.

        pages: as `Lake.pages` gives them. Returns sequence, batch, record (its number there), record_id.
        """
        endpoints: set[Endpoint] = set()
        odd: list[str] = []
        columns: dict[str, list[object]] = {"sequence": [], "batch": [], "record": [], "record_id": []}
        number, at = 0, None
        for sequence, batch, page, count, digest in pages.iter_rows():
            number, at = (number if at == (sequence, batch) else 0), (sequence, batch)
            answer = self.answers.get(digest)
            ids = [one for one in answer.record_ids if one.startswith(prefix)] if answer else []
            if answer is None and count:
                odd.append(f"page {page} of batch {batch} of {sequence} is in no log")
            elif answer is not None and len(ids) != count:
                odd.append(
                    f"page {page} of batch {batch} of {sequence} holds {count} records where the log says {len(ids)}"
                )
            else:
                endpoints |= {answer.endpoint} if answer else set()
                columns["sequence"] += [sequence] * count
                columns["batch"] += [batch] * count
                columns["record"] += range(number, number + count)
                columns["record_id"] += ids
            number += count
        schema = {"sequence": pl.String, "batch": pl.Int64, "record": pl.Int32, "record_id": pl.String}
        return pl.DataFrame(columns, schema=schema), endpoints, odd


def served(folder: Path, service: str) -> Served:
    """The log of `service` in `folder`. Raises LogMissing."""
    path = folder / f"{service}.served.jsonl"
    answers: dict[str, Answered] = {}
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                told = _told(line)
                if told is not None and told["status"] == 200:
                    endpoint = told["path"], str(told["query"].get("jkid", ""))
                    answers[told["sha256"]] = Answered(endpoint, tuple(told["record_ids"]))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise LogMissing(
            f"{path}: no log of what was served ({type(problem).__name__}: {problem}); "
            "serve with --log-dir, and name that folder with --logs"
        ) from problem
    return Served(answers)


def _told(line: str) -> dict[str, Any] | None:
    """A line of the log; None for one within which the service was killed, before it gave that answer."""
    try:
        told: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return told
