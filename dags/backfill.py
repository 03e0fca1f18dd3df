"""One DAG per platform that brings a stretch of the past in chunks, when told, beside the live syncs.

The chunks are dealt out to as many queues as may run at once: each queue is a task that lands and publishes its chunks
one after the other, oldest first. A chunk is a sequence of its own, so a queue that is tried again goes on where it
stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, TriggerRule, get_parsing_context, task

from hutong import settings
from hutong.model.connector import Connector
from hutong.orchestrate import alerts, declare, describe, forms, names
from hutong.registry import Registry, open_sound

if TYPE_CHECKING:
    from hutong.orchestrate.plan import Queue


def backfill(connector: Connector, streams: list[str], registry: Registry) -> DAG:
    """The DAG that backfills `streams`, those of a platform that take a window."""
    platform, changed = connector.platform, declare.changed(connector.platform)

    @task(task_id=names.PLAN, pool=declare.FREE)
    def plan(*, params: dict[str, Any]) -> list[Queue]:
        from hutong.orchestrate import tasks

        return tasks.plan_backfill(registry, platform, params)

    @task(task_id=names.BRING, map_index_template=declare.QUEUE_NAME, outlets=[changed])
    def bring(queue: Queue, *, outlet_events: Any) -> list[dict[str, Any]]:
        from hutong.orchestrate import tasks

        receipts = tasks.bring(registry, queue)
        for receipt in receipts:
            for dataset, told in tasks.events_of(receipt).items():
                outlet_events[changed].add(declare.asset(dataset), extra=told)
        return receipts

    # Of chunks that came at an earlier try there is no receipt, so the lake is asked.
    @task(task_id=names.GATES, pool=declare.FREE, trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def gates(*, ti: Any) -> None:
        from hutong.orchestrate import refusing, tasks

        planned, came = ti.xcom_pull(task_ids=names.PLAN), ti.xcom_pull(task_ids=[names.BRING])
        refusing.tell([tasks.refused_of(registry, platform, planned or [])], is_whole=refusing.all_came(planned, came))

    with DAG(
        dag_id=names.backfill_dag(platform),
        dag_display_name=f"{connector.title.zh} · 补采 backfill",
        doc_md=describe.backfill_page(registry, connector, streams),
        schedule=None,
        catchup=False,
        max_active_runs=1,
        params=forms.backfill_form(connector, streams),
        tags=declare.tags(registry, connector, streams, "backfill"),
        default_args=declare.defaults(connector, declare.BACKFILL),
        on_failure_callback=alerts.failed,
    ) as dag:
        bring.expand(queue=plan()) >> gates()
    return dag


declared = open_sound(settings.read(), names.dealt_with(get_parsing_context().dag_id))
for connector in declared.connectors.values():
    if streams := [name for name, stream in connector.streams.items() if stream.window_by is not None]:
        backfill(connector, streams, declared)
