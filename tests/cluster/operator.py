"""What an operator does with a cluster's Airflow by hand: Connections, pools, DAGs let go. By REST, as its pages do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hutong.orchestrate import names
from hutong.orchestrate.api import FINISHED, Api, DagRun
from hutong.registry import Registry

PREFIX = "sync__"


@dataclass(frozen=True, slots=True)
class Try:
    """A try of a mapped task of a sync that is at work."""

    platform: str
    stream: str
    city: str


class Operator(Api):
    """Whoever looks after the cluster."""

    def connect(self, secrets: Mapping[str, str]) -> None:
        """Keep each platform's secret as the password of a Connection."""
        for name, secret in secrets.items():
            body = {"connection_id": f"hutong_{name}", "conn_type": "generic", "password": secret}
            self._ask("POST", "/connections", body)

    def make_pools_of(self, registry: Registry) -> None:
        """A pool for each platform, with as many slots as its budget allows pulls."""
        self.make_pools({names.pool(name): one.budget.concurrency for name, one in registry.connectors.items()})

    def let_go(self, dag: str) -> str:
        """Unpause it, and start a run of it now. Returns the run's id."""
        self._ask("PATCH", f"/dags/{dag}", {"is_paused": False})
        return self.trigger(dag)

    def newest(self) -> dict[str, DagRun]:
        """The newest run of each sync."""
        return {run.dag: run for run in self.runs() if run.dag.startswith(PREFIX)}

    def done(self) -> tuple[int, int]:
        """Mapped tasks that are over, and all of them."""
        mapped = [task for task in self.tasks() if task.dag.startswith(PREFIX) and task.index >= 0]
        return sum(task.state in FINISHED for task in mapped), len(mapped)

    def running(self) -> dict[str, Try]:
        """The mapped tasks that are at work, by the id of the try, which its process has in its name."""
        found = self._ask("GET", "/dags/~/dagRuns/~/taskInstances?limit=1000")["task_instances"]
        # A task is called after its place once it is over; until then only its `land` before it is.
        places = {
            (one["dag_run_id"], one["map_index"]): one["rendered_map_index"].split(" · ")
            for one in found
            if one["task_id"] == names.LAND and one["state"] == "success" and one["map_index"] >= 0
        }
        return {
            one["id"]: Try(one["dag_id"].split("__")[1], stream, city)
            for one in found
            if one["state"] == "running" and (one["dag_run_id"], one["map_index"]) in places
            for stream, city, *_ in (places[one["dag_run_id"], one["map_index"]],)
        }
