"""Telling people that something failed: in the log always, by mail and webhook where HUTONG_ALERTS says so.

A task that fails for good notes why (`note`), and when its run fails, one message says what all of them noted
(`failed`): a platform that is down in 24 cities is one message a run. `overdue` is for runs that do not end. Airflow
runs these where it likes (a worker, the DAG processor), so they import what they need when they are called.
Sending is bounded in time and never fails what it tells of.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import quote

from airflow.sdk.exceptions import AirflowFailException

from hutong import settings
from hutong.errors import AskedWrongly, HutongError
from hutong.model.declared import Words
from hutong.orchestrate.whom import MAIL, WEBHOOK, targets

log = logging.getLogger(__name__)

SEND_WITHIN_S = 20.0
"""So long a mail or a webhook may take; the DAG processor ends whoever takes more than 50 s in all."""
LONGEST_LINE = 400
MOST_LINES = 12
NOTE = "failure"
"""Key under which a task leaves what it failed of."""

Context = Mapping[str, Any]


class AlreadyTold(AirflowFailException):
    """Fails a task for good; whoever has to know was told by the task itself."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What people are told. lines: what failed, each with why. link: where the UI shows it."""

    title: Words
    lines: tuple[str, ...]
    next_step: Words
    link: str

    @property
    def text(self) -> str:
        """All of it, Chinese first."""
        more = len(self.lines) - MOST_LINES
        lines = [*self.lines[:MOST_LINES], *([f"… +{more}"] if more > 0 else [])]
        steps = [step for step in (self.next_step.zh, self.next_step.en) if step]
        return "\n".join([self.title.zh, self.title.en, "", *lines, "", *steps, self.link])


def note(context: Context) -> None:
    """Leave behind what a task failed of, for `failed`: a task's `on_failure_callback`."""
    task, error = context["ti"], context.get("exception")
    if error is None:
        return  # It was stopped from outside, and whoever calls this cannot leave anything.
    told = {
        "task": task.task_id,
        "name": task.rendered_map_index or "",
        "said": said_by(error),
        "link": task.log_url,
        "is_told": isinstance(error, AlreadyTold),
    }
    task.xcom_push(key=NOTE, value=told)


def failed(context: Context) -> None:
    """Tell that a run failed, once: a DAG's `on_failure_callback`."""
    dag, run = context["dag"], context["run_id"]
    noted, silent = _noted(context)
    if noted and all(one["is_told"] for one in noted) and not silent:
        return
    link = noted[0]["link"] if len(noted) == 1 else run_link(dag.dag_id, run)
    said = [*grouped(one for one in noted if not one["is_told"]), *silent]
    reason = context.get("reason")
    send(
        Alert(
            title=Words(zh=f"{dag.dag_display_name}（{dag.dag_id}）运行失败", en=f"{dag.dag_id}: a run failed"),
            lines=tuple(said) or (str(reason),),
            next_step=Words(
                zh="先排除上述原因；下一次按计划的运行会从停止处继续，也可在界面中重跑（Clear）。",
                en="Mend what is named above; the next scheduled run goes on where this one stopped, or clear the"
                " failed tasks in the UI.",
            ),
            link=link,
        )
    )


def overdue(context: Context, longest: str) -> None:
    """Tell that a run has not ended in time: the callback of a `DeadlineAlert`. longest: how long it may take."""
    run = context["dag_run"]
    dag, name = run["dag_id"], run["dag_run_id"]
    send(
        Alert(
            title=Words(zh=f"{dag} 运行超时未结束", en=f"{dag}: a run does not end"),
            lines=(f"{name}: > {longest}",),
            next_step=Words(
                zh="在界面中查看哪个任务仍在运行或等待：等待资源池时请查看 pool，等待平台时请运行"
                " `hutong connector list`。",
                en="See in the UI which task runs or waits: for a pool, look at its slots; for a platform, run"
                " `hutong connector list`.",
            ),
            link=run_link(dag, name),
        )
    )


def said_by(error: BaseException | str) -> str:
    """The first line of what a task failed of, with the next step."""
    match error:
        case HutongError() | AirflowFailException() | str():
            text = str(error)
        case TimeoutError():
            text = f"{str(error) or 'it took too long'}; see in its log what it waited for"
        case _:
            text = f"{type(error).__name__}: {error}"
    return _short(text.strip().split("\n", 1)[0]) or type(error).__name__


STOPPED = (
    "stopped from outside before it could say why (out of memory, its machine or worker gone); it is safe to run again:"
    " look at the worker's log and memory"
)


def grouped(noted: Iterable[Mapping[str, Any]]) -> list[str]:
    """One line per thing said, with the tasks that said it: cities of a platform that is down say the same."""
    by_word: dict[str, list[str]] = {}
    for one in noted:
        by_word.setdefault(one["said"], []).append(f"{one['task']} {one['name']}".strip())
    return [f"{_few(names)}: {said}" for said, names in by_word.items()]


def run_link(dag: str, run: str) -> str:
    """Where the UI shows a run."""
    return _link(f"dags/{dag}/runs/{quote(run)}")


def dag_link(dag: str) -> str:
    """Where the UI shows a DAG."""
    return _link(f"dags/{dag}")


def send(alert: Alert) -> None:
    """Log `alert` and send it wherever HUTONG_ALERTS says. What does not reach anybody is logged, and no more."""
    from airflow.sdk.log import redact  # type: ignore[attr-defined]

    text = str(redact(alert.text))
    log.error("alert %s", text)
    try:
        whom = targets(settings.read())
    except AskedWrongly as wrong:
        log.error("nobody is told: %s", wrong)
        return
    if whom.mail:
        _within(f"{MAIL} {', '.join(whom.mail)}", lambda: _mail(whom.mail, alert.title, text))
    for name in whom.webhooks:
        _within(f"{WEBHOOK} {name}", _post(name, alert, text))


def _mail(to: tuple[str, ...], title: Words, text: str) -> None:
    from html import escape

    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    # `notify` itself: as a callback it would fill templates, and what was said may look like one.
    body = f'<pre style="white-space: pre-wrap">{escape(text)}</pre>'
    SmtpNotifier(to=list(to), subject=f"[hutong] {title.zh} {title.en}", html_content=body).notify({})


def _post(name: str, alert: Alert, text: str) -> Callable[[], None]:
    def post() -> None:
        import requests

        from hutong.orchestrate.connections import secrets_of_task

        address = secrets_of_task(settings.read())(name).reveal()
        # It writes the path of every request at its finest level, and here the path is the secret.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
        body = {"text": text, "title": alert.title.model_dump(), "link": alert.link}
        # Whoever is sent elsewhere would carry the message to a stranger.
        answer = requests.post(address, json=body, timeout=SEND_WITHIN_S / 2, allow_redirects=False, stream=True)
        answer.close()
        if answer.status_code // 100 != 2:
            raise HutongError(f"it answered {answer.status_code}", "look at the address in the secret")

    return post


def _within(whom: str, tell: Callable[[], None]) -> None:
    """Call `tell`, for `SEND_WITHIN_S` at most: a mail server may be tried again and again, and a name not resolve."""
    failures: list[BaseException] = []

    def try_it() -> None:
        try:
            tell()
        except Exception as wrong:
            failures.append(wrong)

    thread = Thread(target=try_it, daemon=True)
    thread.start()
    thread.join(SEND_WITHIN_S)
    if thread.is_alive():
        log.error("%s was not told: no answer in %.0f s", whom, SEND_WITHIN_S)
    for wrong in failures:
        # Texts of other libraries may hold the address, which is a secret.
        log.error("%s was not told: %s", whom, wrong if isinstance(wrong, HutongError) else type(wrong).__name__)


def _noted(context: Context) -> tuple[list[dict[str, Any]], list[str]]:
    """What failed tasks of the run noted, and a line for each task of which some were stopped before they could."""
    task = context.get("ti")
    if task is None:
        return [], []
    dag, run = context["dag"], context["run_id"]
    states: Mapping[str, str] = task.get_task_states(dag_id=dag.dag_id, run_ids=[run]).get(run, {})
    noted: list[dict[str, Any]] = []
    silent: list[str] = []
    for name in dag.task_ids:
        mapped = re.compile(rf"{re.escape(name)}(_\d+)?")
        fell = sum(state == "failed" for key, state in states.items() if mapped.fullmatch(key))
        if not fell:
            continue
        notes = [one for one in task.xcom_pull(task_ids=[name], key=NOTE, dag_id=dag.dag_id, run_id=run) if one]
        noted += notes
        if (missing := fell - len(notes)) > 0:
            silent.append(f"{name} ({missing}): {STOPPED}")
    return noted, silent


def _link(path: str) -> str:
    from airflow.sdk.configuration import conf

    base: str = conf.get("api", "base_url", fallback="http://localhost:8080/")
    return f"{base.rstrip('/')}/{path}"


def _few(names: list[str]) -> str:
    more = f" (+{len(names) - 3})" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
