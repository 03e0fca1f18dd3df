"""Airflow's public REST interface, as far as a run on one machine needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from hutong.errors import AskedWrongly, HutongError

FINISHED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
"""States of a task that is over, well or not."""

RUN_OVER = frozenset({"success", "failed"})
"""States of a run that is over."""

WITH_OTHERS = "AlreadyTold"
"""What a task raises that fails because others did, or of whose failure people know (`orchestrate.alerts`)."""

PAGE = 1000
TIMEOUT_S = 60.0
JSON = {"Accept": "application/json"}  # task logs come as text otherwise


@dataclass(frozen=True, slots=True)
class DagRun:
    """A run of a DAG, and the state it is in."""

    dag: str
    id: str
    state: str

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.state in RUN_OVER


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a run. name: its stream and city, or its id. index: -1 for one that is not mapped, or not yet."""

    dag: str
    run: str
    id: str
    index: int
    name: str
    state: str | None
    tries: int


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

    def log_in(self) -> None:
        """As `is_up`. Raises HutongError when it does not answer, AskedWrongly when it does not let this user in."""
        if self.is_up():
            return
        try:
            answer = self._session.post(f"{self.address}/auth/token", json=self._login, timeout=TIMEOUT_S)
        except requests.RequestException as wrong:
            raise HutongError(
                f"no Airflow answers at {self.address} ({type(wrong).__name__})", "set HUTONG_AIRFLOW to its API server"
            ) from None
        raise AskedWrongly(
            f"Airflow at {self.address} does not let '{self._login['username']}' in ({answer.status_code})",
            "set HUTONG_AIRFLOW_USER, and the secret airflow_password",
        )

    def connections(self) -> set[str]:
        """Ids of all Connections."""
        return {one["connection_id"] for one in self._all("/connections", "connections")}

    def put_connections(self, passwords: Mapping[str, str]) -> None:
        """Connections by their ids, each with a password; those that are there already get the new one."""
        entities = [
            {"connection_id": name, "conn_type": "generic", "password": password, "description": "made by hutong"}
            for name, password in passwords.items()
        ]
        create = {"action": "create", "entities": entities, "action_on_existence": "overwrite"}
        told = self._ask("PATCH", "/connections", {"actions": [create]})
        if errors := (told.get("create") or {}).get("errors"):
            raise HutongError(f"Airflow refused {len(errors)} of the Connections", "its API server's log says why")

    def pools(self) -> dict[str, int]:
        """Name -> slots."""
        return {one["name"]: one["slots"] for one in self._all("/pools", "pools")}

    def _all(self, path: str, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            part = self._ask("GET", f"{path}?limit=100&offset={len(found)}")
            found += part[key]
            if not part[key] or len(found) >= part["total_entries"]:
                return found

    def warm(self) -> None:
        """Have it build the half that tasks talk to, which it does at its first request: some 3 s of work.

        Otherwise the first tasks wait for that, and on a slow machine give up.
        """
        # That half has tokens of its own, and would complain of this one at length.
        self._session.get(f"{self.address}/execution/health", headers={"Authorization": ""}, timeout=TIMEOUT_S)

    def make_pools(self, slots: Mapping[str, int]) -> None:
        """Pools with so many slots each (name -> slots), made or changed."""
        there = self.pools()
        for name, count in slots.items():
            if name not in there:
                self._ask("POST", "/pools", {"name": name, "slots": count})
            elif there[name] != count:
                self._ask("PATCH", f"/pools/{name}", {"pool": name, "slots": count})

    def dags(self) -> set[str]:
        """Ids of the DAGs that have been read."""
        return {dag["dag_id"] for dag in self._ask("GET", f"/dags?limit={PAGE}")["dags"]}

    def import_errors(self) -> list[str]:
        """The last line of each DAG file's error."""
        errors = self._ask("GET", "/importErrors")["import_errors"]
        return [f"{error['filename']}: {_last_line(error['stack_trace'])}" for error in errors]

    def trigger(self, dag: str, form: Mapping[str, Any] | None = None) -> str:
        """Start a run of `dag` now; what `form` does not fill is left as it is. Returns the run's id."""
        body = {"logical_date": None, "conf": dict(form or {})}
        return str(self._ask("POST", f"/dags/{dag}/dagRuns", body)["dag_run_id"])

    def health(self) -> dict[str, str]:
        """Part of Airflow -> healthy or unhealthy, of those that it has."""
        parts = self._ask("GET", "/monitor/health")
        return {name: str(part["status"]) for name, part in parts.items() if part and part.get("status")}

    def runs(self) -> list[DagRun]:
        """Every run of every DAG, oldest first."""
        found = self._ask("GET", f"/dags/~/dagRuns?limit={PAGE}&order_by=id")["dag_runs"]
        return [DagRun(run["dag_id"], run["dag_run_id"], run["state"]) for run in found]

    def tasks(self) -> list[Task]:
        """Every task of every run."""
        found = self._ask("GET", f"/dags/~/dagRuns/~/taskInstances?limit={PAGE}")["task_instances"]
        return [
            Task(
                dag=task["dag_id"],
                run=task["dag_run_id"],
                id=task["task_id"],
                index=task["map_index"],
                name=task["rendered_map_index"] or task["task_id"],
                state=task["state"],
                tries=task["try_number"],
            )
            for task in found
        ]

    def awaits_assets(self, dag: str) -> bool:
        """Whether assets have changed for which `dag` has not been given a run yet."""
        # Airflow answers 404 when nothing waits.
        answer = self._session.get(f"{self.address}/api/v2/dags/{dag}/assets/queuedEvents", timeout=TIMEOUT_S)
        return answer.ok and bool(answer.json()["total_entries"])

    def failures(self, dag: str, run: str) -> list[TaskFailure]:
        """The tasks of a run that failed themselves, with what each said. One that only fails with others is left out
        beside them.
        """
        failed = [task for task in self.tasks() if (task.dag, task.run, task.state) == (dag, run, "failed")]
        said = [(task, *self._said(task)) for task in failed]
        own = [one for one in said if one[1] != WITH_OTHERS]
        return [TaskFailure(task.id, task.name, text) for task, _, text in own or said]

    def _said(self, task: Task) -> tuple[str, str]:
        """The type of the error that a task ended with, and its first line."""
        where = f"/dags/{task.dag}/dagRuns/{task.run}/taskInstances/{task.id}/logs/{task.tries}"
        lines = self._ask("GET", f"{where}?map_index={task.index}")["content"]
        for line in reversed(lines):
            if isinstance(line, dict) and line.get("error_detail"):
                error = line["error_detail"][0]
                kind = str(error["exc_type"])
                return kind, str(error["exc_value"]).split("\n", 1)[0] or kind
        return "", "it ended without a word: its process was stopped from outside; running it again is safe"

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.address}/api/v2{path}"
        try:
            answer = self._session.request(method, url, json=body, headers=JSON, timeout=TIMEOUT_S)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as wrong:
            raise HutongError(f"Airflow did not answer {method} {path} ({type(wrong).__name__}: {wrong})") from None


def _last_line(text: str) -> str:
    return text.strip().rsplit("\n", 1)[-1]
