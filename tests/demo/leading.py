"""Leads a run in the folder named first: starts the family that writes to the file named second, and waits."""

import os
import sys
import time
from pathlib import Path

from hutong.orchestrate.processes import only_run


def main() -> None:
    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    with only_run(folder, "HUTONG_DEMO") as run:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
        run.start("family", ("family", str(out)), environment, folder / "family.log")
        time.sleep(600)


if __name__ == "__main__":
    main()
