"""How long Airflow waits for our DAG files, beside what it takes to import Airflow's own `airflow.sdk`.

python benchmarks/parse.py [--cities N] [--rounds N]

The declared platforms, each serving N cities (the 24 members of the pilots unless told). Every round is a process of
its own, as the DAG processor has one for every file that it reads: `airflow.sdk` is imported first, then the file, and
both are timed. Nothing of it is kept between rounds but Python's compiled modules. Printed are medians, and the goal is
for each file.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
GOAL_S = 0.3

PLATFORMS = 4

PARSES = """
import importlib.util, json, sys
from time import perf_counter
begun = perf_counter()
import airflow.sdk
imported = perf_counter()
spec = importlib.util.spec_from_file_location("declared", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
parsed = perf_counter()
declared = getattr(module, "declared", None)
cities = [connector.cities for connector in declared.connectors.values()] if declared else []
print(json.dumps({"sdk": imported - begun, "file": parsed - imported, "cities": sum(map(len, cities))}))
"""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cities", type=int, default=24)
    asked.add_argument("--rounds", type=int, default=9)
    args = asked.parse_args()
    with TemporaryDirectory() as folder:
        environment = told(Path(folder), args.cities)
        files = sorted((ROOT / "dags").glob("*.py"))
        rounds = [{file.name: parse(file, environment) for file in files} for _ in range(args.rounds + 1)][1:]
    read = {said["sync.py"]["cities"] for said in rounds}
    if read != {PLATFORMS * args.cities}:
        raise SystemExit(f"the files were to declare {PLATFORMS * args.cities} platforms and cities, not {read}")
    sdk = statistics.median(one["sdk"] for said in rounds for one in said.values())
    print(f"{args.cities} cities a platform, medians of {args.rounds}; airflow.sdk itself takes {sdk:.2f} s")
    for file in files:
        took = statistics.median(said[file.name]["file"] for said in rounds)
        print(f"  dags/{file.name:<12} {took:.3f} s  {took / sdk:.2f} of airflow.sdk")
    together = statistics.median(sum(one["file"] for one in said.values()) for said in rounds)
    print(f"  together          {together:.3f} s  (goal: under {GOAL_S} s each)")


def told(folder: Path, cities: int) -> dict[str, str]:
    """The environment of a process that reads the files, with every platform in so many cities."""
    for name in ("connectors", "mappings", "schemas"):
        shutil.copytree(ROOT / name, folder / name)
    with (ROOT / "schemas" / "city_boxes.csv").open(encoding="utf-8") as boxes:
        codes = json.dumps([row["city"] for row in csv.DictReader(boxes)][:cities])
    for file in (folder / "connectors").glob("*/connector.yaml"):
        declared, many = re.subn(r"(?m)^cities: .*$", f"cities: {codes}", file.read_text())
        assert many == 1, file
        file.write_text(declared)
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "src"),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "HUTONG_ROOT": str(folder),
        "HUTONG_LAKE": str(folder / "lake"),
    }


def parse(file: Path, environment: dict[str, str]) -> dict[str, float]:
    """Seconds to import `airflow.sdk`, and then `file`."""
    done = subprocess.run([sys.executable, "-c", PARSES, str(file)], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
