"""A process like Airflow's: hard of hearing, renamed, its children in sessions of their own, one of them an orphan.

It writes every number of the family to the file named first, then waits.
"""

import os
import signal
import sys
import time
from pathlib import Path

from setproctitle import setproctitle


def settle(name: str, out: Path) -> None:
    """Wait to be killed, under a name far longer than the command line it replaces."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    setproctitle(f"family: {name} " + "x" * 4000)
    with out.open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(600)
    os._exit(0)


def main() -> None:
    out = Path(sys.argv[1])
    child = os.fork()
    if not child:
        os.setsid()
        if not os.fork():
            os.setsid()
            settle("grandchild", out)
        settle("child", out)
    middle = os.fork()
    if not middle:
        os.setsid()
        if not os.fork():
            settle("orphan", out)
        os._exit(0)
    os.waitpid(middle, 0)
    settle("parent", out)


if __name__ == "__main__":
    main()
