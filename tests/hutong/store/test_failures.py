"""What a store that fails is told as. The words are those of deltalake 1.6, polars and Arrow when it happened."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from hutong.errors import CommitContested, StoreError
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store import tries
from hutong.store.failures import Cause, cause_of, in_a_line
from hutong.store.paths import Place, Store, is_there, open_store
from hutong.store.tables import Change, Table, commit, existing

SCHEMA = pa.schema([pa.field("n", pa.int64())])
ROWS = pa.table({"n": [1]}, schema=SCHEMA)
UNPRIVILEGED = 65534

SAID = {
    "Generic LocalFileSystem error: Unable to copy data to file: No space left on device (os error 28)": Cause.FULL,
    "Unable to open file /mnt/t/part-0.parquet#1: Read-only file system (os error 30)": Cause.READ_ONLY,
    "The operation lacked the necessary privileges to complete for path x/t: 403 Forbidden": Cause.DENIED,
    "When reading information for key 'x': AWS Error ACCESS_DENIED during HeadObject operation": Cause.DENIED,
    "Server returned non-2xx status code\n \x1b[31m↳\x1b[0m 404 Not Found\n <Code>NoSuchBucket</Code>": Cause.NO_BUCKET,
    "Server returned non-2xx status code\n \x1b[31m↳\x1b[0m 503 Service Unavailable": Cause.BUSY,
    "after 10 retries, retry_timeout: 180s - HTTP error: error sending request": Cause.BUSY,
    "AWS Error NETWORK_CONNECTION during ListObjectsV2 operation: curlCode: 7": Cause.BUSY,
    "Object at location x/t/a.parquet not found: 404 Not Found": Cause.FILE_GONE,
    "Generic DeltaTable error: 1 rows failed validation check": Cause.UNKNOWN,
}


@pytest.mark.parametrize("said", SAID)
def test_words_tell_the_cause(said: str) -> None:
    assert cause_of(DeltaError(said)) is SAID[said]


def test_a_failed_commit_is_an_overtaken_one_unless_its_words_say_otherwise() -> None:
    assert cause_of(CommitFailedError("Failed to commit transaction: 0")) is Cause.OVERTAKEN
    assert cause_of(CommitFailedError("Failed to commit: No space left on device (os error 28)")) is Cause.FULL


def test_rows_that_stand_in_a_failure_are_not_told(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    write_deltalake(place.uri, ROWS)
    with pytest.raises(DeltaError) as refused:
        write_deltalake(place.uri, pa.table({"n": [4711]}), mode="overwrite", predicate="n = 1")
    assert "4711" in str(refused.value)
    assert in_a_line(refused.value, place).endswith("1 rows failed validation check.")


def table_at(place: Place) -> Table:
    return Table(place, SCHEMA, (), "numbers 数", {}, admit=lambda _: None)


@contextlib.contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Nobody may look into `folder`: this process is no longer root, if it was."""
    mode, user = folder.stat().st_mode, os.geteuid()
    folder.chmod(0)
    try:
        if user == 0:
            os.seteuid(UNPRIVILEGED)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(mode)


def test_a_folder_that_may_not_be_read_is_no_empty_lake(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "lake"))
    place = store.base("numbers")
    commit(table_at(place), "a/b/c", 1, lambda _: Change(ROWS, {}))
    with closed(tmp_path / "lake"):
        with pytest.raises(StoreError, match="access denied; give the user"):
            existing(place)
        with pytest.raises(StoreError, match="access denied"):
            commit(table_at(place), "a/b/c", 2, lambda _: Change(ROWS, {}))
    with closed(tmp_path), pytest.raises(StoreError, match="access denied"):
        is_there(store)


# A real file system of 200 kB, in a mount of the process's own.
SMALL_DISK = """
import subprocess, sys
from pathlib import Path
import pyarrow as pa
from hutong.errors import StoreError
from hutong.store.paths import Place
from hutong.store.tables import Change, Table, commit, number

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", disk], check=True)
rows = pa.table({"n": [1]})
table = Table(Place(str(disk / "t")), rows.schema, (), "", {}, admit=lambda _: None)
commit(table, "s", 1, lambda _: Change(rows, {}))

def tried():
    try:
        commit(table, "s", 2, lambda _: Change(rows, {}))
    except StoreError as told:
        print(told)

junk = disk / "junk"
with junk.open("wb", buffering=0) as file:
    try:
        while file.write(bytes(4096)):
            pass
    except OSError:
        pass
tried()
junk.unlink()
subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
tried()
subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
tried()
print(number(table.place, "s"))
"""


def test_a_full_disk_and_a_read_only_one_are_told_and_mended_by_running_again(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    may_mount = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", tmp_path / "disk"]).returncode == 0
    if not may_mount:
        pytest.skip("this machine lets no user mount a file system")
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", SMALL_DISK, tmp_path / "disk"], capture_output=True, text=True
    )
    full, read_only, newest = done.stdout.splitlines()
    assert "disk full; make room, then run the same again" in full
    assert "the file system is read-only; make it writable" in read_only
    assert newest == "2"


def test_a_writer_that_is_overtaken_again_and_again_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "TRIES", {**tries.TRIES, Cause.OVERTAKEN: 3})
    table = table_at(Place(str(tmp_path / "t")))
    others = iter(range(1, 100))

    def build(snapshot: DeltaTable) -> Change:
        commit(table, "another/sequence/x", next(others), lambda _: Change(ROWS, {}))
        return Change(ROWS, {})

    with pytest.raises(CommitContested, match="batch 1 of a/b/c was overtaken by other writers 3 times in a row"):
        commit(table, "a/b/c", 1, build)
    assert next(others) == 4


@contextlib.contextmanager
def refusing(status: int) -> Iterator[str]:
    """The address of an S3 store that answers everything with `status`, and tells back who asked."""

    class Refusing(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = f"<Error><Code>No</Code><Message>{self.headers['Authorization']}</Message></Error>".encode()
            self.send_response(status, self.headers["Authorization"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (503, r"does not answer, or answers with errors; see that it is up \(HUTONG_LAKE_ENDPOINT\)"),
        (403, "access denied; see that the secrets lake_access_key_id and lake_secret_access_key"),
    ],
)
def test_a_store_that_refuses_is_told_and_who_asked_is_not(
    status: int, told: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tries, "TRIES", {**tries.TRIES, Cause.BUSY: 2})
    with refusing(status) as address:
        environment = {
            "HUTONG_LAKE": "s3://lakes/one",
            "HUTONG_LAKE_ENDPOINT": address,
            "HUTONG_SECRET_LAKE_ACCESS_KEY_ID": "AKPLANTED",
            "HUTONG_SECRET_LAKE_SECRET_ACCESS_KEY": "planted-7f31",
        }
        settings = read(environment)
        store = open_store(settings, resolver(settings, environment))
        place = store.base("numbers")
        quick = Place(place.uri, {**place.options, "retry_timeout": "1s"})
        with caplog.at_level(logging.DEBUG), pytest.raises(StoreError, match=told) as refused:
            commit(table_at(quick), "a/b/c", 1, lambda _: Change(ROWS, {}))
    shown = f"{refused.value!r} {refused.value} {caplog.text} {store} {quick}"
    assert "AKPLANTED" not in shown
    assert "planted-7f31" not in shown
    assert refused.value.__suppress_context__
