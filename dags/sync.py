"""One DAG per platform and cadence: each of the streams, in each city, is landed and then published.

What a run is about is settled by its first task, so cities and shards cost this file nothing. A stream's two tasks
share a map index and wait for nothing else, so a stream that fails holds up no other. A batch that a gate refused fails
the last task, which names the gate. Airflow reads this file all day: tasks import what they need when they run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, TriggerRule, get_current_context, get_parsing_context, task, task_group

from hutong import settings
from hutong.model.connector import Connector
from hutong.orchestrate import alerts, declare, describe, forms, names
from hutong.registry import Registry, open_sound

if TYPE_CHECKING:
    from hutong.orchestrate.plan import Place


def sync(connector: Connector, cadence: str, registry: Registry, now: settings.Settings) -> DAG:
    """The DAG of those streams of a platform that have this cadence."""
    platform, streams = connector.platform, connector.by_cadence[cadence]
    changed = declare.changed(platform)

    @task(task_id=names.PLAN, pool=declare.FREE)
    def plan(*, params: dict[str, Any], dag_run: Any) -> list[Place]:
        from hutong.orchestrate import tasks

        interval = dag_run.data_interval_start, dag_run.data_interval_end
        return tasks.plan_sync(registry, platform, cadence, params, dag_run.run_type, interval, dag_run.run_after)

    @task(task_id=names.LAND, map_index_template=declare.PLACE_NAME)
    def land(place: Place) -> dict[str, Any]:
        from hutong.orchestrate import tasks

        return tasks.land(registry, place)

    # Of a platform that is paused in mid-pull, what has landed is published all the same.
    @task(
        task_id=names.PUBLISH,
        map_index_template=declare.PLACE_AND_GATES,
        outlets=[changed],
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    def publish(place: Place, landed: dict[str, Any] | None, *, outlet_events: Any) -> dict[str, Any]:
        from hutong.orchestrate import refusing, tasks

        receipt = tasks.publish(registry, place)
        for dataset, told in tasks.events_of(receipt).items():
            outlet_events[changed].add(declare.asset(dataset), extra=told)
        get_current_context()[declare.REFUSED] = refusing.mark(receipt)
        return receipt

    @task_group(group_id="stream", prefix_group_id=False)
    def stream(place: Place) -> None:
        publish(place=place, landed=land(place=place))

    # A stream that fails must not hide what a gate refused of another. The last task's state is the run's, so it fails
    # with them.
    @task(task_id=names.GATES, pool=declare.FREE, trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def gates(*, ti: Any) -> None:
        from hutong.orchestrate import refusing

        planned, came = ti.xcom_pull(task_ids=names.PLAN), ti.xcom_pull(task_ids=[names.PUBLISH])
        refusing.tell(came, is_whole=refusing.all_came(planned, came))

    with DAG(
        dag_id=names.sync_dag(platform, cadence),
        dag_display_name=f"{connector.title.zh} · {cadence}",
        doc_md=describe.sync_page(registry, connector, cadence),
        schedule=declare.schedule(connector, cadence, now),
        catchup=False,
        max_active_runs=1,
        params=forms.sync_form(connector, streams),
        tags=declare.tags(registry, connector, streams, cadence),
        default_args=declare.defaults(connector, declare.priority(connector, cadence)),
        on_failure_callback=alerts.failed,
        deadline=declare.deadline(connector, cadence),
    ) as dag:
        stream.expand(place=plan()) >> gates()
    return dag


environment = settings.read()
# What is wrong with one platform stops that one: the others' files are read, and `check_registry` tells of it.
declared = open_sound(environment, names.dealt_with(get_parsing_context().dag_id))
for connector in declared.connectors.values():
    for cadence in connector.by_cadence:
        sync(connector, cadence, declared, environment)
