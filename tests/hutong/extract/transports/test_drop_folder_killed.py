"""Gateways that are killed at any moment while they read a folder, two at a time: nothing is lost or comes twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hutong.extract.transports.dropping import Gateway, dripping, drop, gateway

ROUNDS, FILES = 4, 40


def reading(place: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", __name__, str(place)], cwd=ROOT, stdout=subprocess.PIPE)


def opened(place: Path) -> Gateway:
    return gateway(place, {"max_records": 7}, move_to="done")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_readers_land_every_record_exactly_once(tmp_path: Path, seed: int) -> None:
    chance, here = random.Random(seed), opened(tmp_path)
    for turn in range(ROUNDS):
        readers = [reading(tmp_path), reading(tmp_path)]
        for reader in readers:
            assert reader.stdout is not None
            reader.stdout.readline()  # it has begun
        outbox = tmp_path / f"outbox_{turn}"
        for number in range(turn * FILES, turn * FILES + FILES):
            drop(outbox, f"{number:03}.csv", number, marked=False)
        writer = dripping(outbox, here.inbox)
        time.sleep(chance.random())
        for reader in readers:
            assert reader.poll() is None
            os.kill(reader.pid, signal.SIGKILL)
            reader.communicate()
        writer.wait()
    while here.pull().records or [name for name in here.names() if not name.startswith("done/")]:
        pass
    assert sorted(here.numbers()) == list(range(ROUNDS * FILES))
    # A marker may have been left behind by a kill between file and marker.
    moved = {path.name: path.read_text() for path in (here.inbox / "done").glob("*.csv")}
    assert moved == {path.name: path.read_text() for path in tmp_path.glob("outbox_*/*.csv")}
    assert not list((here.inbox / "done").glob(".moving-*"))


if __name__ == "__main__":
    opened(Path(sys.argv[1])).pull()
    print("begun", flush=True)
    while True:
        opened(Path(sys.argv[1])).pull()
