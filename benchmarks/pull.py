"""How fast a platform is pulled over one connection, and in how much memory, beside a bare `requests` loop.

python benchmarks/pull.py [--pages N] [--rounds N]

A platform on loopback serves pages of 100 records (25 KB of JSON). Ours is `extract` and `land`: every page is asked
for within limits and the owner's budget as it is by default (a look at the pauses, the breaker and a slot, in files
that all processes share; no requests per minute), read strictly, counted, digested and kept in a lake on disk. Bare is
`requests.Session().get` and `.json()`, which keeps nothing. Each run has a process of its own; imports are not timed.
Ours and bare take turns; pages per second and peak resident memory are medians.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[1]
RECORDS, DISTINCT = 100, 64
GOAL_SPEED, GOAL_MEMORY = 0.7, 1.2


def record(number: int) -> dict[str, object]:
    """One record of about 250 bytes, nested as platforms do."""
    return {
        "id": f"R{number:08d}",
        "name": f"金开大道{number % 97}号断面",
        "at": f"2026-03-18 {number % 24:02}:{number % 60:02}:00",
        "position": {"lon": 106.5 + number % 1000 / 1e4, "lat": 29.5 + number % 777 / 1e4},
        "measured": {"speed": number % 120 / 2, "flow": number % 300, "occupancy": None, "valid": True},
        "lanes": [1, 2, 3],
    }


def serve(pages: int) -> None:
    """Serve on a port that is printed, until standard input ends."""
    total = json.dumps(pages * RECORDS)
    bodies = [
        json.dumps([record(page * RECORDS + at) for at in range(RECORDS)], ensure_ascii=False).encode()
        for page in range(DISTINCT)
    ]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            page = int(parse_qs(urlsplit(self.path).query)["page"][0])
            body = b'{"code":0,"total":%s,"rows":%s}' % (total.encode(), bodies[page % DISTINCT])
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


def bare(address: str, pages: int) -> float:
    """Seconds of a loop that asks for every page and parses it."""
    import requests

    session = requests.Session()
    began = perf_counter()
    for page in range(1, pages + 1):
        answer = session.get(f"{address}/rows", params={"page": page, "size": RECORDS}, timeout=60)
        answer.raise_for_status()
        assert len(answer.json()["rows"]) == RECORDS
    return perf_counter() - began


def ours(address: str, pages: int, *, lands: bool = True) -> float:
    """Seconds of a pull, which lands every page or only reads it."""
    # These are loaded when they are first needed, and imports are not timed.
    import hutong.extract.transports.http
    import hutong.store.landing  # noqa: F401
    from hutong.budget import owned
    from hutong.extract.stage import extract
    from hutong.land.stage import land
    from hutong.model.batch import Resume, Sequence
    from hutong.model.connector import Connector
    from hutong.pauses import paused
    from hutong.registry import open_registry
    from hutong.secrets import Secret
    from hutong.settings import read
    from hutong.store.paths import Store

    declared = {
        "platform": "bench",
        "title": {"zh": "基准", "en": "Benchmark"},
        "owner": "nobody",
        "cities": ["500000"],
        "address": address,
        "streams": {
            "rows": {
                "title": {"zh": "行", "en": "Rows"},
                "endpoint": "/rows",
                "success": {"path": "code", "values": ["0"]},
                "data_selector": "rows",
                "paginator": {"type": "page_number", "page_size": RECORDS, "total_path": "total"},
            }
        },
    }
    connector = Connector.model_validate(declared)
    stream, sequence = connector.streams["rows"], Sequence("bench", "rows", "500000")
    with TemporaryDirectory() as folder:
        settings = read(
            {"HUTONG_ROOT": str(ROOT), "HUTONG_LAKE": f"{folder}/lake", "HUTONG_BUDGET": f"{folder}/budget"}
        )
        registry, store = open_registry(settings), Store(settings.lake)
        began = perf_counter()
        with closing(owned(connector, "rows", settings, paused("bench", registry, store))) as allowance:
            since, now = Resume(), datetime.now(UTC)
            answers = extract(
                sequence, connector, stream, lambda name: Secret(name, ""), since, now, allowance=allowance
            )
            if lands:
                landed = land(sequence, stream, answers, store, None)
                came, end = landed.records, landed.completeness
            else:
                came = 0
                for page in answers:
                    came, end = came + page.records, page.completeness
        took = perf_counter() - began
    assert (came, end) == (pages * RECORDS, "proven"), (came, end)
    return took


def reading(address: str, pages: int) -> float:
    """Seconds of a pull whose pages are read and not landed."""
    return ours(address, pages, lands=False)


ROUTES = {"ours": ours, "reading": reading, "bare": bare}


def run(route: str, pages: int) -> tuple[float, float]:
    """Pages per second and peak MiB of one run in a process of its own."""
    this = [sys.executable, str(Path(__file__).resolve())]
    with subprocess.Popen([*this, "--serve", str(pages)], stdin=-1, stdout=-1, text=True) as server:
        assert server.stdout is not None
        address = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        done = subprocess.run([*this, "--run", route, address, str(pages)], stdout=-1, text=True, check=True)
        server.communicate()
    took, peak = json.loads(done.stdout.splitlines()[-1])
    return pages / took, peak


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--pages", type=int, default=2000)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    asked.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    args = asked.parse_args()
    if args.serve:
        serve(args.serve)
        return
    if args.run:
        route, address, pages = args.run
        took = ROUTES[route](address, int(pages))
        print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    few = args.pages // 100
    runs = {"ours": args.pages, "bare": args.pages, "reading": args.pages, "few": few}
    found = [
        {name: run("ours" if name == "few" else name, pages) for name, pages in runs.items()}
        for _ in range(args.rounds)
    ]
    speed = {name: statistics.median(round_[name][0] for round_ in found) for name in runs}
    peak = {name: statistics.median(round_[name][1] for round_ in found) for name in runs}
    for name, said in (("ours", "pulled and landed"), ("reading", "pulled, not landed")):
        ratio = statistics.median(round_[name][0] / round_["bare"][0] for round_ in found)
        print(f"{args.pages} pages {said}: {ratio:.2f} of bare's pages per second (goal {GOAL_SPEED} or more)")
        print(f"  {speed[name]:.0f} pages/s beside {speed['bare']:.0f}; {peak[name]:.0f} MiB beside {peak['bare']:.0f}")
    growth = peak["ours"] / peak["few"]
    print(f"{args.pages} pages beside {few}: {growth:.2f} of the peak memory (goal {GOAL_MEMORY} or less)")
    print(f"  {peak['ours']:.0f} MiB beside {peak['few']:.0f} MiB")


if __name__ == "__main__":
    main()
