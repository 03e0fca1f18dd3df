"""Airflow's public REST interface, as far as a run on one machine needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from hutong.errors import HutongError
from hutong.orchestrate.names import POOL_SLOTS

FINISHED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
RUN_OVER = frozenset({"success", "failed"})


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """A task that failed. name: its stream and city, or its id. said: the first line of its error."""

    task: str
    name: str
    said: str


class Api:
    """One Airflow at `address`, such as `http://127.0.0.1:8080`, asked as `user`."""

    def __init__(self, address: str, user: str, password: str) -> None:
        self.address = address
        self._login = {"username": user, "password": password}
        self._session = requests.Session()
        # It is on this machine: a proxy or a .netrc of the user's has no business here.
        self._session.trust_env = False

    def is_up(self) -> bool:
        """Whether it answers; from then on every call is logged in."""
        try:
            answer = self._session.post(f"{self.address}/auth/token", json=self._login, timeout=5)
        except requests.RequestException:
            return False
        if not answer.ok:
            return False
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return True

    def make_pools(self, names: Iterable[str]) -> None:
        """Pools for all of `names`, which are not there yet."""
        for name in names:
            self._ask("POST", "/pools", {"name": name, "slots": POOL_SLOTS})

    def dags(self) -> set[str]:
        """Ids of the DAGs that have been read."""
        return {dag["dag_id"] for dag in self._ask("GET", "/dags?limit=500")["dags"]}

    def import_errors(self) -> list[str]:
        """The last line of each DAG file's error."""
        errors = self._ask("GET", "/importErrors")["import_errors"]
        return [f"{error['filename']}: {_last_line(error['stack_trace'])}" for error in errors]

    def trigger(self, dag: str) -> str:
        """Start a run of `dag` now. Returns the run's id."""
        return str(self._ask("POST", f"/dags/{dag}/dagRuns", {"logical_date": None})["dag_run_id"])

    def runs(self, dag: str) -> dict[str, str]:
        """Run id -> state of every run of `dag`, oldest first."""
        found = self._ask("GET", f"/dags/{dag}/dagRuns?limit=100&order_by=id")["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in found}

    def awaits_assets(self, dag: str) -> bool:
        """Whether assets have changed for which `dag` has not been given a run yet."""
        answer = self._session.get(f"{self.address}/api/v2/dags/{dag}/assets/queuedEvents", timeout=30)
        return answer.status_code != requests.codes.not_found and bool(answer.json()["total_entries"])

    def tasks_done(self, dag: str, run: str) -> int:
        """How many tasks of a run are over, well or not."""
        return sum(task["state"] in FINISHED and task["map_index"] >= 0 for task in self._tasks(dag, run))

    def failures(self, dag: str, run: str) -> list[TaskFailure]:
        """The tasks of a run that failed themselves, each with what it said."""
        return [
            TaskFailure(task["task_id"], task["rendered_map_index"] or task["task_id"], self._said(dag, run, task))
            for task in self._tasks(dag, run)
            if task["state"] == "failed"
        ]

    def _tasks(self, dag: str, run: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._ask("GET", f"/dags/{dag}/dagRuns/{run}/taskInstances?limit=1000")[
            "task_instances"
        ]
        return found

    def _said(self, dag: str, run: str, task: Mapping[str, Any]) -> str:
        where = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        lines = self._ask("GET", f"{where}?map_index={task['map_index']}")["content"]
        for line in reversed(lines):
            if isinstance(line, dict) and line.get("error_detail"):
                error = line["error_detail"][0]
                return str(error["exc_value"]).split("\n", 1)[0] or str(error["exc_type"])
        return "the task ended without a word; its log has no error"

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.address}/api/v2{path}"
        try:
            answer = self._session.request(method, url, json=body, headers={"Accept": "application/json"}, timeout=30)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as wrong:
            raise HutongError(f"Airflow did not answer {method} {path} ({type(wrong).__name__}: {wrong})") from None


def _last_line(text: str) -> str:
    return text.strip().rsplit("\n", 1)[-1]
