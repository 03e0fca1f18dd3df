"""What reaches people when something failed, by a real mail server and a real webhook."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hutong.errors import AskedWrongly, PlatformBusy
from hutong.model.declared import Words
from hutong.orchestrate import alerts
from hutong.orchestrate.alerts import Alert, AlreadyTold, grouped, said_by, send
from hutong.orchestrate.api import WITH_OTHERS
from hutong.orchestrate.whom import targets
from hutong.settings import read
from tests.hutong.orchestrate.listening import Mails, Posts, mail_server, webhook

pytestmark = pytest.mark.xdist_group("airflow")

ALERT = Alert(
    title=Words(zh="交通平台 运行失败", en="sync: a run failed"),
    lines=("land rsm · 500000: it is down; {{ 7 * 7 }} <b>wait</b>",),
    next_step=Words(zh="请稍候再试", en="wait and try again"),
    link="http://127.0.0.1:8080/dags/sync/runs/1",
)


@pytest.fixture
def mails() -> Iterator[Mails]:
    with mail_server() as found:
        yield found


@pytest.fixture
def posts() -> Iterator[Posts]:
    with webhook() as found:
        yield found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mails: Mails, posts: Posts) -> None:
    """An environment in which both are told."""
    monkeypatch.setenv("HUTONG_ALERTS", "mailto:night@example.cn, webhook:night_robot")
    monkeypatch.setenv("HUTONG_SECRET_NIGHT_ROBOT", posts.address)
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "hutong@example.cn"}
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": mails.port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))


@pytest.mark.usefixtures("told")
def test_mail_webhook_and_log_say_the_same_in_both_languages(
    mails: Mails, posts: Posts, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        send(ALERT)
    (post,), (mail,) = posts.came, mails.came
    assert post == {"text": ALERT.text, "title": {"zh": ALERT.title.zh, "en": ALERT.title.en}, "link": ALERT.link}
    assert (mail["To"], mail["From"]) == ("night@example.cn", "hutong@example.cn")
    assert mail["Subject"] == "[hutong] 交通平台 运行失败 sync: a run failed"
    # As it was said: neither a template nor markup.
    assert "{{ 7 * 7 }} &lt;b&gt;wait&lt;/b&gt;" in mails.texts[0]
    for text in (post["text"], mails.texts[0], caplog.text):
        assert "请稍候再试" in text
        assert "wait and try again" in text
        assert ALERT.link in text
    assert "was not told" not in caplog.text


@pytest.mark.usefixtures("told")
def test_a_redirect_is_not_followed_and_no_log_holds_the_address(
    posts: Posts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    with webhook() as stranger:
        posts.status, posts.location = 307, stranger.address
        send(ALERT)
        assert stranger.came == []
    assert "webhook night_robot was not told: it answered 307" in caplog.text
    assert "planted-webhook-token" not in caplog.text


@pytest.mark.usefixtures("told")
def test_nobody_who_is_away_fails_or_holds_up_what_is_told(
    mails: Mails, posts: Posts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(alerts, "SEND_WITHIN_S", 2.0)
    monkeypatch.setenv("HUTONG_SECRET_NIGHT_ROBOT", "http://127.0.0.1:9/robot/send?token=planted-webhook-token")
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": 9}))
    began = time.monotonic()
    send(ALERT)
    assert time.monotonic() - began < 10
    assert "mailto night@example.cn was not told" in caplog.text
    assert "webhook night_robot was not told: ConnectionError" in caplog.text
    assert "planted-webhook-token" not in caplog.text
    assert not mails.came + posts.came


def test_a_word_of_the_setting_that_means_nothing_is_named_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AskedWrongly, match="write mailto:NAME@HOST or webhook:SECRET"):
        targets(read({"HUTONG_ALERTS": "https://oapi.example.cn/robot/send?token=1"}))
    monkeypatch.setenv("HUTONG_ALERTS", "https://oapi.example.cn/robot/send?token=planted")
    send(ALERT)
    assert "nobody is told" in caplog.text
    assert "planted" not in caplog.text


def test_tasks_that_failed_of_the_same_thing_are_one_line() -> None:
    same = [{"task": "land", "name": f"rsm · {city}", "said": "it is down"} for city in range(24)]
    assert grouped([*same, {"task": "gates", "name": "", "said": "refused"}]) == [
        "land rsm · 0, land rsm · 1, land rsm · 2 (+21): it is down",
        "gates: refused",
    ]


def test_a_long_list_is_cut_and_says_so() -> None:
    text = Alert(ALERT.title, tuple(f"line {number}" for number in range(100)), ALERT.next_step, "").text
    assert "line 11" in text
    assert "line 12" not in text
    assert "… +88" in text


def test_what_a_task_failed_of_is_its_first_line_with_the_next_step() -> None:
    assert said_by(PlatformBusy("cim", "lane", "no answer", "wait\nand more")) == "cim.lane: no answer; wait"
    assert said_by(KeyError("lane")) == "KeyError: 'lane'"
    assert said_by(TimeoutError()) == "it took too long; see in its log what it waited for"
    assert len(said_by(ValueError("x" * 5000))) == alerts.LONGEST_LINE


def test_whoever_lists_failures_knows_those_that_only_go_along() -> None:
    assert AlreadyTold.__name__ == WITH_OTHERS
