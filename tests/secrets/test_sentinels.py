"""A secret like no other text, one in every kind of credential, is found nowhere but where it has to be.

Each search first finds what was planted in the places that it looks at; else it would prove nothing.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hutong.budget import BOUNDLESS
from hutong.errors import HutongError, PlatformRefused
from hutong.extract.stage import extract
from hutong.model.batch import Resume, Sequence
from hutong.model.connector import Connector
from hutong.pipeline import land_new
from hutong.registry import Registry, open_registry
from hutong.secrets import resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from tests.city.searching import Searcher, everything_in
from tests.conftest import command_environment, logging_everything
from tests.hutong.extract.speaking import NOW, Asked, Says, Server, says, speaking
from tests.hutong.lineage.catalogue import catalogue, writing_to, written_in

from .sentinels import CITY, SERVER, Kind, declared, enveloped, kinds, repeating, telling, words_of

pytestmark = pytest.mark.xdist_group("secrets")

SCRIPT = Path(__file__).with_name("carrying.py")


@dataclass
class Carried:
    """A sync of every kind of platform, and all that it left behind."""

    root: Path
    settings: Settings
    registry: Registry
    kinds: dict[str, Kind]
    said: bytes
    asked: list[Asked]
    processes: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def cores(self) -> dict[str, str]:
        """What to look for -> the name of its secret."""
        return {one.core: name for kind in self.kinds.values() for name, one in kind.secrets.items()}

    @property
    def searcher(self) -> Searcher:
        return Searcher(self.cores)

    def names_in(self, *places: tuple[str, bytes]) -> set[str]:
        """The secrets that are found there."""
        return {self.cores[text] for _, text, _ in self.searcher.found(places)}


def processes(of: int | None = None) -> list[tuple[str, bytes]]:
    """What `ps auxeww` shows of every process but this one, or of `of` and its children: command line, environment."""
    seen = []
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if of is not None and of not in (process.pid, process.ppid()):
                continue
            words, variables = process.cmdline(), process.environ()
        except psutil.Error:
            continue
        seen.append((f"process {process.pid}", repr((words, variables)).encode()))
    return seen


def looking(dialect: Callable[[Asked], Says], seen: list[tuple[str, bytes]]) -> Callable[[Asked], Says]:
    """`dialect`, which looks at all processes when it is asked, while whoever asks is at work."""
    looked: set[str] = set()
    lock = threading.Lock()

    def answer(asked: Asked) -> Says:
        with lock:
            if asked.path not in looked:
                looked.add(asked.path)
                seen.extend(processes())
        return dialect(asked)

    return answer


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    folder = tmp_path_factory.mktemp("sentinels")
    found, seen = kinds(), list[tuple[str, bytes]]()
    dialect = looking(telling(found), seen)
    with ExitStack() as stack:
        plain = stack.enter_context(speaking(dialect))
        shown, clients = SERVER.written(folder, with_key=True), CITY.written(folder)
        mutual = stack.enter_context(speaking(dialect, certificate=shown, clients=clients))
        addresses = dict.fromkeys(found, plain.address) | {"s_mutual": mutual.address}
        root = declared(folder / "root", found, addresses)
        environment = command_environment(
            {
                "HUTONG_ROOT": str(root),
                "HUTONG_LAKE": str(folder / "lake"),
                "HUTONG_SECRETS": str(root / "secrets"),
                **writing_to(folder / "events.ndjson"),
            }
        )
        done = subprocess.run(
            [sys.executable, str(SCRIPT)], env=environment, capture_output=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr[-3000:].decode()
        settings = read(environment)
        said = done.stdout + b"\0" + done.stderr
        asked = [*plain.asked, *mutual.asked]
        yield Carried(root, settings, open_registry(settings), found, said, asked, seen)


def test_every_secret_reached_its_platform(carried: Carried) -> None:
    """Else that it is nowhere would say nothing."""
    sent = [(f"{one.method} {one.path}", _bytes(one)) for one in carried.asked]
    unsent = {name for kind in carried.kinds.values() for name in kind.unsent}
    assert carried.names_in(*sent) == set(carried.cores.values()) - unsent
    assert {page.path for page in carried.asked} >= {"/things", "/soap", "/login", "/grant", "/shown"}


def test_the_search_finds_what_is_planted_in_every_place(carried: Carried, tmp_path: Path) -> None:
    sentinels = [one for kind in carried.kinds.values() for one in kind.secrets.values()]
    values = [one.value for one in sentinels]
    for number, value in enumerate(values):
        table = pa.table({"body": [b"before " + value.encode("gbk") + b" behind", None], "url": [f"?a={value}", ""]})
        pq.write_table(table, tmp_path / f"{number}.parquet", compression="zstd")
        (tmp_path / f"{number}.json").write_text(f'{{"add":"{value.encode().hex()}"}}')
    within = list(everything_in(tmp_path))
    for number, value in enumerate(values):
        of_one = {place: body for place, body in within if place.startswith(f"{number}.")}
        for place in (f"{number}.parquet:body", f"{number}.parquet:url", f"{number}.json"):
            if not (place.endswith(".json") and "\n" in value):  # of a key only one line is looked for
                assert carried.names_in((place, of_one[place])), (place, value)
        assert carried.names_in(("log", f"DEBUG urllib3 GET /?{value}".encode()))
    one, other = values[0], values[1]
    waiting = "import sys, time; print(flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", waiting, one], env=os.environ | {"PLANTED": other}, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        met = carried.names_in(*processes())
        child.kill()
    assert met == {carried.cores[sentinel.core] for sentinel in sentinels[:2]}


def test_no_secret_is_said_or_logged_at_the_finest_level(carried: Carried) -> None:
    assert carried.said.count(b"'completeness': '") == len(carried.kinds)
    assert b"DEBUG urllib3.connectionpool" in carried.said
    assert b"extracted sequence=s_mutual" in carried.said
    assert carried.names_in(("said", carried.said)) == set()


def test_no_secret_lies_in_the_lake(carried: Carried) -> None:
    places = list(everything_in(Path(carried.settings.lake)))
    parts = {place.split("/")[0] for place, _ in places}
    assert {"landing", "base", "ledger"} <= parts
    assert any(place.endswith(".parquet:body") and "路侧设备".encode() in body for place, body in places)
    assert carried.names_in(*places) == set()


def test_no_secret_is_told_to_a_catalogue_or_a_dashboard(carried: Carried) -> None:
    file = carried.root.parent / "events.ndjson"
    events = written_in(file)
    jobs = {event["job"]["name"] for event in events if event["eventType"] == "COMPLETE"}
    assert jobs == {f"{platform}.facility.{stage}" for platform in carried.kinds for stage in ("land", "publish")}
    figures = (carried.root.parent / "figures.prom").read_bytes()
    assert b"hutong_lake_readable 1.0" in figures
    assert carried.names_in((file.name, file.read_bytes()), ("figures", figures)) == set()
    planted = next(iter(carried.cores))
    assert carried.names_in((file.name, file.read_bytes() + json.dumps({"said": planted}).encode())), "it is searched"
    assert carried.names_in(("figures", figures + f'x{{a="{planted}"}} 1'.encode())), "so are the figures"


@pytest.mark.parametrize("mode", ["refused", "its words", "another host"])
def test_a_platform_that_repeats_a_secret_does_not_bring_it_into_events(
    mode: str, carried: Carried, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, answer = catalogue(tmp_path / "events.ndjson", monkeypatch), ECHOES[mode]
    shown, clients = SERVER.written(tmp_path, with_key=True), CITY.written(tmp_path)
    given = telling(carried.kinds)

    def dialect(asked: Asked) -> Says:
        return given(asked) if asked.path in ("/login", "/grant", "/shown") else answer(asked)

    with speaking(dialect) as plain, speaking(dialect, certificate=shown, clients=clients) as mutual:
        for platform in carried.kinds:
            (source,) = carried.registry.sources_of(platform)
            server = mutual if source.connector.tls is not None else plain
            at = replace(source, connector=source.connector.model_copy(update={"address": server.address}))
            store, resolve = Store(str(tmp_path / "lake")), resolver(carried.settings, {})
            with pytest.raises(HutongError):
                land_new(at, source.sequences[0], store, resolve, BOUNDLESS)
    failed = [event for event in told() if event["eventType"] == "FAIL"]
    assert len(failed) == len(carried.kinds)
    assert all(event["run"]["facets"]["errorMessage"]["message"] for event in failed)
    assert carried.names_in(("events", json.dumps(told(), ensure_ascii=False).encode())) == set()


def test_no_secret_is_in_any_command_line_or_environment(carried: Carried) -> None:
    assert any(SCRIPT.name.encode() in body for _, body in carried.processes), "the sync itself was looked at"
    assert carried.names_in(*carried.processes) == set()


def test_no_secret_lies_beside_the_folder_of_secrets(carried: Carried) -> None:
    """Locks, state and whatever else a sync leaves."""
    places = [one for one in everything_in(carried.root.parent) if "secrets/" not in one[0]]
    ours = [one for one in places if one[0] not in {"server.pem", "city.pem"}]
    assert len(ours) > 50
    assert carried.names_in(*ours) == set()


Mode = Callable[[Asked], Says]


def _page(asked: Asked) -> Says:
    return Says(f"<html>{repeating(asked)}</html>".encode(), content_type="text/html")


def _coded(code: Any, words: str, asked: Asked) -> Says:
    if asked.path == "/soap":
        return enveloped(f"<code>{escape(str(code))}</code><msg>{escape(words)}</msg>")
    return says({"code": code, "msg": words})


def _link(asked: Asked) -> Says:
    return says({}, 302, Location=f"http://127.0.0.2:1/?{repeating(asked)[:2000].encode().hex()}")


ECHOES: dict[str, Mode] = {
    "refused": lambda asked: Says(repeating(asked).encode(), 401),
    "forbidden": lambda asked: Says(repeating(asked).encode(), 403),
    "not found": lambda asked: Says(repeating(asked).encode(), 404),
    "a web page": _page,
    "not JSON": lambda asked: Says(repeating(asked).encode()[:-1]),
    "not XML": lambda asked: Says(b"<a>" + repeating(asked).encode(), content_type="text/xml"),
    "a fault": lambda asked: Says(enveloped(repeating(asked)).body, 500, "text/xml"),
    "another host": _link,
    "its words": lambda asked: _coded(7, words_of(asked), asked),
    "its code": lambda asked: _coded(words_of(asked), "", asked),
    "a content type": lambda asked: Says(b"\xff", content_type=f"text/plain; charset={asked.query.get('ak', 'x')!a}"),
}
MUTE: dict[str, Mode] = {
    "busy": lambda asked: says({}, 503),
    "cut short": lambda asked: Says(b'{"rows": [', promised=100),
    "no such thing": lambda asked: says({}, 404),
    "nothing in it": lambda asked: Says(b""),
    "too large": lambda asked: Says(b" " * 2_000_000),
    "refused": lambda asked: says({}, 401),
}


def failing(carried: Carried, mode: Mode, folder: Path) -> Iterator[tuple[str, HutongError]]:
    """What a pull of each kind of platform raises when it answers everything so."""
    given = telling(carried.kinds)

    def dialect(asked: Asked) -> Says:
        # Where tokens are given all is well, so that they too are in play.
        return given(asked) if asked.path in ("/login", "/grant", "/shown") else mode(asked)

    shown, clients = SERVER.written(folder, with_key=True), CITY.written(folder)
    with speaking(dialect) as plain, speaking(dialect, certificate=shown, clients=clients) as mutual:
        yield from _raised(carried, {True: mutual, False: plain})


def _raised(carried: Carried, servers: dict[bool, Server]) -> Iterator[tuple[str, HutongError]]:
    for platform in carried.kinds:
        connector = carried.registry.connector(platform)
        changes = {"address": servers[connector.tls is not None].address}
        limits = connector.limits.model_copy(update={"answer_bytes": 1_000_000})
        with pytest.raises(HutongError) as failed:
            list(pull(carried, connector.model_copy(update=changes | {"limits": limits})))
        yield platform, failed.value


def pull(carried: Carried, connector: Connector) -> Iterator[Any]:
    (name,) = connector.streams
    sequence = Sequence(connector.platform, name, "500000")
    return extract(sequence, connector, connector.streams[name], resolver(carried.settings, {}), Resume(), NOW)


@pytest.mark.parametrize("mode", ECHOES)
def test_a_platform_that_repeats_a_secret_does_not_bring_it_into_errors_or_logs(
    mode: str, carried: Carried, tmp_path: Path
) -> None:
    with logging_everything(tmp_path / "logs" / "all.log"):
        said = [f"{raised} {raised!r} {raised.args}" for _, raised in failing(carried, ECHOES[mode], tmp_path)]
        logging.getLogger("control").debug("the log is read")
    logged = (tmp_path / "logs" / "all.log").read_bytes()
    assert b"urllib3.connectionpool" in logged
    assert b"the log is read" in logged
    assert len(said) == len(carried.kinds)
    if mode in ("its words", "its code"):
        names = {name for kind in carried.kinds.values() for name in kind.secrets}
        hidden = [one for one in said if any(f"<{name}" in one for name in names) or "<token>" in one]
        assert len(hidden) == len(carried.kinds), "the platform's words are repeated, but for the secrets"
    assert carried.names_in(("said", "\n".join(said).encode()), ("log", logged)) == set()


def locals_of(error: BaseException) -> str:
    """What tools that show variables would print of our frames and the libraries'."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "\n".join(
        f"{frame.filename}:{frame.lineno} {frame.locals}"
        for frame in shown.stack
        if f"{os.sep}tests{os.sep}" not in frame.filename
    )


@pytest.mark.parametrize("mode", MUTE)
def test_no_variable_in_a_traceback_holds_a_secret(mode: str, carried: Carried, tmp_path: Path) -> None:
    shown = {platform: locals_of(raised) for platform, raised in failing(carried, MUTE[mode], tmp_path)}
    for platform, text in shown.items():
        assert "'method': 'GET'" in text or "extract" in text, platform
        assert f"{os.sep}hutong{os.sep}" in text
        assert carried.names_in((platform, text.encode())) == set(), platform


def test_the_variables_of_a_frame_are_searched() -> None:
    def fails(planted: str) -> None:
        raise ValueError

    with pytest.raises(ValueError) as failed:  # noqa: PT011
        fails("planted-7f31")
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    assert "planted-7f31" in str([frame.locals for frame in shown.stack])


def test_another_host_is_told_no_secret_even_where_it_is_declared(carried: Carried) -> None:
    def dialect(asked: Asked) -> Says:
        if asked.path == "/things":
            return says({}, 302, Location=f"{elsewhere.address}/away")
        return telling(carried.kinds)(asked)

    def away(asked: Asked) -> Says:
        return says({"code": 0, "total": 0, "rows": []})

    with speaking(away) as elsewhere, speaking(dialect) as server:
        for platform, kind in carried.kinds.items():
            if kind.auth["type"] == "licence" or kind.more:
                continue
            at = carried.registry.connector(platform).model_copy(update={"address": server.address})
            with pytest.raises(PlatformRefused, match="another host"):
                list(pull(carried, at))
            assert elsewhere.asked == []
            list(pull(carried, at.model_copy(update={"hosts": [elsewhere.address]})))
            assert len(elsewhere.asked) == 1, "a declared host is followed to"
            assert carried.names_in(("elsewhere", _bytes(elsewhere.asked.pop()))) == set()


def _bytes(asked: Asked) -> bytes:
    return repr((asked.path, asked.query, asked.headers)).encode() + b"\0" + asked.body
