"""The login of a front-end database and the keys of an S3 store are found nowhere: rows go from one to the other."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pyarrow.fs as fs
import pytest

from hutong.store.s3 import filesystem
from tests.city.searching import Searcher, everything_in
from tests.conftest import command_environment
from tests.peers import servers
from tests.peers.declared import declare
from tests.stores.seaweed import ACCESS_KEY_ID, SECRET_ACCESS_KEY, running_s3

from .sentinels import RECORDS, Sentinel
from .test_sentinels import SCRIPT, processes

pytestmark = [pytest.mark.xdist_group("s3"), pytest.mark.slow]


def test_neither_login_nor_keys_are_found_anywhere(tmp_path: Path) -> None:
    user, password = Sentinel.made("user{}"), Sentinel.made("{}/+=\"'\\ &%@:?#")
    secrets = {
        "front_user": user.value,
        "front_password": password.value,
        "lake_access_key_id": ACCESS_KEY_ID,
        "lake_secret_access_key": SECRET_ACCESS_KEY,
    }
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    for name, value in secrets.items():
        (folder / name).write_text(value)
        (folder / name).chmod(0o600)
    with servers.postgresql() as database, running_s3(tmp_path / "s3") as store:
        engine = database.admin("front")
        with engine.connect() as admin:
            quoted = password.value.replace("'", "''").replace("%", "%%")
            admin.exec_driver_sql(f"CREATE ROLE {user.value} LOGIN PASSWORD '{quoted}'")
            columns = "no text PRIMARY KEY, name text, lon float, lat float, checked text"
            admin.exec_driver_sql(f"CREATE TABLE facility ({columns})")
            for row in RECORDS:
                admin.exec_driver_sql("INSERT INTO facility VALUES (%s, %s, %s, %s, %s)", tuple(row.values()))
            admin.exec_driver_sql(f"GRANT SELECT ON facility TO {user.value}")
        engine.dispose()
        auth = {"type": "database_login", "username": "front_user", "password": "front_password"}
        root = declare(
            tmp_path / "root",
            "front",
            {"address": database.address("front"), "auth": auth},
            {"endpoint": {"transport": "database", "table": "facility", "key": ["no"]}},
        )
        environment = command_environment({"HUTONG_ROOT": str(root), "HUTONG_SECRETS": str(folder)})
        environment |= {name: value for name, value in store.environment("lake").items() if "SECRET" not in name}
        said, seen = watched(environment)
        lake = store.store("lake")
        copied = tmp_path / "lake"
        copied.mkdir()
        fs.copy_files(
            lake.root.removeprefix("s3://"),
            str(copied),
            source_filesystem=filesystem(lake.options),
            destination_filesystem=fs.LocalFileSystem(),
        )
    places = [("said", said), *seen, *everything_in(copied)]
    assert b"'records': 25" in said
    assert {"landing", "base", "ledger"} <= {path.name for path in copied.iterdir()}
    searcher = Searcher([user.core, password.core, ACCESS_KEY_ID, SECRET_ACCESS_KEY])
    assert len(searcher.found([("control", " ".join(secrets.values()).encode())])) >= 4
    assert searcher.found(places) == set()


def watched(environment: dict[str, str]) -> tuple[bytes, list[tuple[str, bytes]]]:
    """What a sync says, and what its own processes show meanwhile (PostgreSQL's show who has logged in)."""
    seen: list[tuple[str, bytes]] = []
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as child:
        is_over = threading.Event()

        def look() -> None:
            while not is_over.wait(0.2):
                seen.extend(processes(child.pid))

        watcher = threading.Thread(target=look)
        watcher.start()
        said, _ = child.communicate(timeout=120)
        is_over.set()
        watcher.join()
    assert child.returncode == 0, said[-3000:].decode()
    assert seen
    return said, seen
