"""What looks at everything again and again: are the declared files right, and are the datasets fresh?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG, task

from hutong import settings
from hutong.orchestrate import declare, names

environment = settings.read()


@task(retries=0)
def check(*, ti: Any) -> None:
    """Check every connector, contract and mapping; fails with each problem."""
    from hutong.orchestrate import duties

    problems = duties.check_registry(ti.xcom_pull("check", key=duties.PROBLEMS, include_prior_dates=True))
    ti.xcom_push(duties.PROBLEMS, problems)
    duties.tell_problems(problems)


@task(retries=0)
def look(*, ti: Any) -> None:
    """Hold what came against what the contracts promise; fails with everything that is late."""
    from hutong.orchestrate import duties

    before, now = ti.xcom_pull("look", key=duties.CHECKED_AT, include_prior_dates=True), datetime.now(UTC)
    late = duties.check_freshness(datetime.fromisoformat(before) if before else None, now)
    ti.xcom_push(duties.CHECKED_AT, now.isoformat())
    duties.tell_late(late)


with DAG(
    dag_id=names.CHECK_REGISTRY,
    dag_display_name="登记核查 check_registry",
    doc_md="每小时核查全部连接器、契约与映射。变红时，日志逐条列出 文件:行号: 问题；有问题的平台暂停同步，"
    "其余照常。\n\n"
    "Checks every connector, contract and mapping each hour, as `hutong check` does. When it is red its log names each"
    " problem as path:line; platforms with a problem are not synced until it is mended, the others go on.",
    schedule=declare.at("5 * * * *", environment),
    **declare.duty(),
):
    check()

with DAG(
    dag_id=names.FRESHNESS,
    dag_display_name="及时性 freshness",
    doc_md="每 10 分钟对照契约（latency、frequency）与连接器周期核查各数据集是否及时。有逾期则为红，"
    "日志列出平台、城市与起点；"
    "只在新出现逾期时告警。平台暂停或静默时段不算逾期。`hutong freshness` 可随时查看。\n\n"
    "Every 10 minutes: holds what came, by the ledger, against what the contracts promise. Red as long as something is"
    " late; people are told once, when it becomes late. Paused platforms and quiet hours are no lateness."
    " `hutong freshness` shows the same.",
    schedule=declare.at("*/10 * * * *", environment),
    **declare.duty(),
):
    look()
