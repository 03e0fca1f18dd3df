"""What an operator would otherwise do by hand: `maintain` every night, and a `release` when somebody asks for one."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, task

from hutong import settings
from hutong.orchestrate import declare, names

environment = settings.read()


@task
def lake() -> dict[str, Any]:
    """Remove what nothing promises any longer, merge small files. Returns what went, in figures."""
    from hutong.orchestrate import duties

    return duties.keep_up_lake()


@task
def airflow_database() -> dict[str, Any]:
    """Remove old runs from Airflow's own database. Returns the day before which they went."""
    from hutong.orchestrate import duties

    return duties.clean_airflow()


@task
def pin(params: dict[str, Any], *, dag_run: Any) -> dict[str, Any]:
    """Pin one version of every table under the name that was given."""
    from hutong.orchestrate import duties, plan

    plan.must_be_known(params, plan.RELEASE_FORM)
    return duties.release(params["name"], params["reason"], dag_run.triggering_user_name, params["dry_run"])


with DAG(
    dag_id=names.MAINTAIN,
    dag_display_name="维护 maintain",
    doc_md="每夜清理数据湖中不再需要保留的内容并合并小文件，清理 Airflow 自身数据库的旧记录。\n\n"
    "Every night: what nothing promises any longer is removed from the lake and small files are merged"
    " (`hutong maintain --dry-run` shows it first); old runs are removed from Airflow's own database.",
    schedule=declare.at("15 3 * * *", environment),
    **declare.duty(),
):
    lake()
    airflow_database()

with DAG(
    dag_id=names.RELEASE,
    dag_display_name="发布版本 release",
    doc_md="以一个名称固定所有表彼此一致的版本，`hutong query --at 名称` 可随时读取。操作人记入 operations。\n\n"
    "Pins versions of all tables that agree under a name; `hutong query --at NAME` reads it. Who asked for it is"
    " written down in `operations`.",
    schedule=None,
    params={
        "name": Param(
            type="string",
            title="名称 Name",
            pattern=r"^\w[\w.-]{0,62}$",
            description="如 such as 2026-spring；只能使用一次 given once",
        ),
        "reason": Param(
            type="string", title="理由 Reason", minLength=1, description="随版本保存 kept with the release"
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="仅查看 Dry run",
            description="只列出将固定的版本 say which versions, keep none",
        ),
    },
    **declare.duty(),
):
    pin()
