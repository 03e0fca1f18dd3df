"""The report, made again whenever a base dataset has changed."""

from __future__ import annotations

from airflow.sdk import DAG, AssetAny, task

from hutong import settings
from hutong.orchestrate import alerts, declare, names
from hutong.registry import open_registry


@task
def refresh() -> str:
    """Ask the lake again and write the page. Returns the folder it is in."""
    from hutong.orchestrate import tasks

    return tasks.refresh()


# Reads all that is declared, or fails with what is wrong: so Airflow names it on its first page, while the syncs of
# other platforms go on.
with DAG(
    dag_id=names.REPORT,
    doc_md="谁先知道：由基础共性数据得出的一页报告。 Who knew first: one page from the base datasets.",
    schedule=AssetAny(*(declare.asset(dataset.id) for dataset in open_registry(settings.read()).base_datasets)),
    catchup=False,
    max_active_runs=1,
    tags=["report"],
    on_failure_callback=alerts.failed,
    default_args={"owner": "hutong", "on_failure_callback": alerts.note},
):
    refresh()
