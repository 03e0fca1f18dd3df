"""`python -m citysim`: serve the simulated city, or load without end made of it, score what a gateway made of it,
record another one, or verify a recording.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

# Work is done on the loopback of one machine and arrays are small: more threads per array only get in each other's way.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ASKED_WRONGLY = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; returns the exit code."""
    options = _parser().parse_args(arguments)
    return int(options.run(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m citysim",
        description="A simulated city with four platforms that cannot talk to each other. All of it is invented.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="start the four platforms on loopback and print their addresses",
        description="Replays the recording through four HTTP services a city until it is stopped (SIGTERM or Ctrl-C). "
        "A record is visible once city time has passed the moment at which its platform would know it. "
        "Credentials: CITYSIM_CLOUD_USER, CITYSIM_CLOUD_PASSWORD, CITYSIM_POLICE_LICENCE, "
        "CITYSIM_TRANSPORT_APP_KEY, CITYSIM_TRANSPORT_SECRET; each has a default for this city only.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument(
        "--city", type=_cities, default="500000", metavar="CODE[,CODE...]",
        help="division codes of pilot cities, each with four platforms of its own; all but the recorded one "
        "(%(default)s, the default) are derived from it: turned, renamed, thinned, up to 25 minutes earlier",
    )  # fmt: skip
    serve.add_argument(
        "--ports", type=_ports, metavar="A,B,C,D",
        help="ports of cloud control, traffic safety, transport information and CIM, four for each city; 0 is any free "
        "port (the default)",
    )  # fmt: skip
    serve.add_argument(
        "--recording-start", type=_moment, metavar="ISO",
        help="moment of the recording's first second, such as 2026-03-18T08:00:00+08:00; Beijing time when no zone is "
        "given (default: 45 minutes before the clock starts, floored to 5 minutes)",
    )  # fmt: skip
    serve.add_argument("--clock-start", type=_moment, metavar="ISO", help="city time at start (default: now)")
    serve.add_argument("--speed", type=_positive, default=1.0, help="city seconds per real second (default: 1)")
    serve.add_argument(
        "--rsus", choices=("sensing", "all"), default="sensing",
        help="which RSUs see participants: the 40 with sensing (default), or all",
    )  # fmt: skip
    serve.add_argument("--hz", type=int, choices=(1, 10), default=1, help="RSM frames a second (default: 1)")
    serve.add_argument(
        "--log-dir",
        type=Path,
        metavar="DIR",
        help="write <service>.served.jsonl files there; of several cities into a folder each",
    )
    serve.add_argument(
        "--repeat", action="store_true",
        help="begin the recording again whenever it is over, in other minutes and with other numbers of events; an "
        "hour and more is remembered (not with --log-dir, since a score knows one half hour)",
    )  # fmt: skip
    serve.add_argument("--seed", type=int, help="seed of noise and faults (default: the recording's)")
    serve.add_argument(
        "--faults", type=_share, default=0.005, metavar="SHARE",
        help="share of records made bad on purpose, 0 for none (default: %(default)s)",
    )  # fmt: skip
    serve.add_argument(
        "--token-life-s",
        type=_positive,
        default=1800.0,
        metavar="S",
        help="life of a cloud-control token (default: 1800)",
    )
    serve.add_argument(
        "--row-cap", type=_rows, default=10, metavar="N", help="most rows in one police answer (default: %(default)s)"
    )
    serve.add_argument("--recording", type=Path, metavar="DIR", help="another recording (default: the one that ships)")
    serve.add_argument("--json", action="store_true", help="print the addresses as one line of JSON")
    serve.set_defaults(run=_serve)

    score = commands.add_parser(
        "score",
        help="compare a gateway's lake with what the platforms served",
        description="Compares the base datasets of a lake with the truth and with the services' own logs, stream by "
        "stream: recall and precision, positions, speeds, counts, times, codes, and the records that were made bad on "
        "purpose. Only Delta tables are read, as anybody may read them. Exit code 0: every goal is met; 1: some stream "
        "misses one; 2: there is nothing to compare.",
    )
    score.add_argument("lake", type=Path, metavar="LAKE", help="the lake's folder")
    score.add_argument(
        "--logs", type=Path, metavar="DIR",
        help="the folder that was given to serve --log-dir (default: 'served' or 'city-log' beside the lake)",
    )  # fmt: skip
    score.add_argument("--city", metavar="CODE", help="only this city, of those that were served")
    score.add_argument(
        "--recording-start", type=_moment, metavar="ISO", help="another moment than the one in the logs' city.json"
    )
    score.add_argument("--seed", type=int, help="another seed of noise and faults than the one in city.json")
    score.add_argument(
        "--stream", action="append", metavar="PLATFORM.STREAM", help="only this stream; may be given several times"
    )
    score.add_argument("--json", action="store_true", help="print everything measured as JSON")
    score.add_argument("--summary", action="store_true", help="print one sentence only")
    score.set_defaults(run=_score)

    tile = commands.add_parser(
        "tile",
        help="render load: what the city's RSUs see at 10 Hz, as many times over as you like",
        description="Renders some minutes of what all RSUs of the city see, once, and serves them as N tiles from one "
        "address, by login and RSM endpoint of the cloud-control platform; 68 tiles make 8,772 RSUs. Tiles repeat: "
        "each shows the same traffic at the same places. Serial numbers of RSUs, and with them the ids of "
        "participants, are each tile's own, and tile k is k minutes ahead in the recording. Good for load, and for "
        "nothing that traffic means. Rendering takes 3 s and 60 MB a minute; N takes nothing. "
        "Credentials: CITYSIM_CLOUD_USER, CITYSIM_CLOUD_PASSWORD.",
    )
    tile.add_argument("count", type=_rows, metavar="N", help="tiles")
    tile.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the rendered minutes; used again"
    )
    tile.add_argument("--minutes", type=_rows, default=10, help="minutes to render, 30 at most (default: %(default)s)")
    tile.add_argument("--hz", type=int, choices=(1, 10), default=10, help="RSM frames a second (default: %(default)s)")
    tile.add_argument("--first", type=_number, default=0, metavar="K", help="number of the first tile (default: 0)")
    tile.add_argument("--serve", action="store_true", help="serve them until stopped (SIGTERM or Ctrl-C)")
    tile.add_argument(
        "--start", type=_moment, metavar="ISO",
        help="moment of the first frame, a whole minute; Beijing time when no zone is given (default: so that the last "
        "minute has just passed)",
    )  # fmt: skip
    tile.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    tile.add_argument("--port", type=_number, default=0, help="port to listen on; 0 is any free one (the default)")
    tile.add_argument("--json", action="store_true", help="print what there is as one line of JSON")
    tile.set_defaults(run=_tile)

    record = commands.add_parser(
        "record",
        help="make another recording (needs the sim extra)",
        description="Builds a city and its traffic with Eclipse SUMO and packs half an hour of it. "
        "The recording that ships is the normative one; yours may differ from it in the last digit.",
    )
    record.add_argument("--seed", type=int, default=7, help="seed of city and traffic (default: %(default)s)")
    record.add_argument("--minutes", type=_rows, default=30, help="minutes to record (default: %(default)s)")
    record.add_argument("--size", default="12x11", help="junctions across and up (default: %(default)s)")
    record.add_argument("--demand", type=_rows, default=4800, help="trips an hour (default: %(default)s)")
    record.add_argument("--out", type=Path, default=Path("recording"), metavar="DIR", help="(default: ./recording)")
    record.set_defaults(run=_record)

    verify = commands.add_parser("verify", help="compare a recording with the hashes in its manifest")
    verify.add_argument("folder", type=Path, nargs="?", help="(default: the recording that ships)")
    verify.set_defaults(run=_verify)
    return parser


def _serve(options: argparse.Namespace) -> int:
    from citysim.city_file import write
    from citysim.clock import BEIJING, CityClock, default_recording_start
    from citysim.derived import city
    from citysim.services.serve import SERVICES, Options, PortTaken, Served, listening, serve
    from citysim.truth import RecordingUnreadable

    codes: list[str] = options.city
    ports = options.ports or (0,) * (len(SERVICES) * len(codes))
    if len(ports) != len(SERVICES) * len(codes):
        return _refuse(f"--ports: {len(SERVICES)} for each city are needed, {len(SERVICES) * len(codes)} in all")
    clock_start = options.clock_start or datetime.now(UTC)
    start = options.recording_start or default_recording_start(clock_start)
    if start.microsecond:
        return _refuse("--recording-start must fall on a whole second")
    if options.repeat and options.log_dir is not None:
        return _refuse("--repeat: a score knows one half hour only; leave out --log-dir")
    try:
        # Ports first: a busy one should be known before a second is spent on reading the recording.
        sockets = listening(options.host, ports)
        cities = [
            city(
                code,
                start,
                recording=options.recording,
                seed=options.seed,
                fault_share=options.faults,
                is_all_sensing=options.rsus == "all",
                hz=options.hz,
            )
            for code in codes
        ]
    except (PortTaken, RecordingUnreadable) as problem:
        return _refuse(str(problem))
    served: list[Served] = []
    for one in cities:
        folder: Path | None = options.log_dir
        if folder is not None:
            folder = folder if len(cities) == 1 else folder / one.code
            write(one, options.recording, folder)
        clock = CityClock(one.recording_start, clock_start, options.speed)
        served.append(Served(one, clock, Options(folder, options.token_life_s, options.row_cap, options.repeat)))

    def announce(addresses: Sequence[Mapping[str, str]]) -> None:
        told = {
            one.code: {"recording_start": one.recording_start.astimezone(BEIJING).isoformat(), **own}
            for one, own in zip(cities, addresses, strict=True)
        }
        if options.json:
            lines = [json.dumps({"cities": told} if len(told) > 1 else told[codes[0]])]
        else:
            lines = [
                f"{name:<16} {value}" if len(told) == 1 else f"{code} {name:<16} {value}"
                for code, own in told.items()
                for name, value in own.items()
            ]
        print("\n".join(lines), flush=True)

    serve(served, sockets, announce)
    # A worker thread may be computing an answer that nobody waits for any more. Python would wait for it, at 10 Hz
    # for minutes; there is nothing left to save, so the process ends here.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _tile(options: argparse.Namespace) -> int:
    from citysim.clock import BEIJING
    from citysim.derived import city
    from citysim.services.credentials import credentials
    from citysim.services.serve import PortTaken, address_of, answer_until_stopped, listening
    from citysim.services.tiles import tiled
    from citysim.tiles import MOST_TILES, Tiles, render
    from citysim.truth import RecordingUnreadable

    count, first, minutes = options.count, options.first, options.minutes
    if first + count > MOST_TILES:
        return _refuse(f"tiles have numbers from 0 to {MOST_TILES - 1}: {count} of them from {first} on are too many")
    start = options.start or datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes)
    if start.second or start.microsecond:
        return _refuse("--start must fall on a whole minute")
    try:
        sockets = listening(options.host, [options.port]) if options.serve else []
        # Its date is that of nothing: each tile has its own time when it is laid out.
        recorded = city("500000", start, is_all_sensing=True, hz=options.hz)
        if minutes > recorded.truth.duration_s // 60:
            return _refuse(f"--minutes: the recording has {recorded.truth.duration_s // 60}")

        def progress(minute: int) -> None:
            print(f"citysim: rendered minute {minute + 1} of {minutes}", file=sys.stderr)

        one = render(recorded, minutes, options.out, progress)
    except (PortTaken, RecordingUnreadable) as problem:
        return _refuse(str(problem))
    told = {
        "tiles": count,
        "repeat": count > 1,
        "rsus": count * one.rsus,
        "participants_per_s": round(count * one.participants_per_s),
        "participants": count * one.participants,
        "start": start.astimezone(BEIJING).isoformat(),
        "minutes": minutes,
        "rendered_bytes": one.size,
    }

    def announce(**more: str) -> None:
        if options.json:
            print(json.dumps({**told, **more}), flush=True)
            return
        print(
            f"{count} tiles from number {first} on, {minutes} minutes at {one.hz} Hz from {told['start']}: "
            f"{told['rsus']:,} RSUs, {told['participants_per_s']:,} participants a second. Tiles repeat: the same "
            f"traffic at the same places, under ids of their own, each a minute ahead of the one before.\n"
            + (f"{'cloud_control':<16} {more['cloud_control']}" if more else "serve them with --serve"),
            flush=True,
        )

    if not options.serve:
        announce()
        return 0
    tiles = Tiles(options.out, count, start, first)
    answer_until_stopped([tiled(tiles, credentials())], sockets, lambda: announce(cloud_control=address_of(sockets[0])))
    return 0


def _score(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from citysim.city_file import CityUnreadable, folders, read
    from citysim.score.lake import Lake, LakeUnreadable
    from citysim.score.logs import LogMissing
    from citysim.score.stage import STREAMS, Score, score
    from citysim.score.tell import as_data, as_text, summary

    wanted = options.stream or [one.stream for one in STREAMS]
    if unknown := set(wanted) - {one.stream for one in STREAMS}:
        known = ", ".join(dict.fromkeys(one.stream for one in STREAMS))
        return _refuse(f"no such stream: {', '.join(sorted(unknown))}; there are {known}")
    changes = {"recording_start": options.recording_start, "seed": options.seed}
    scores: list[Score] = []
    try:
        lake = Lake(options.lake)
        for folder in folders(options.logs or _logs_beside(options.lake), options.city):
            city = replace(read(folder), **{name: value for name, value in changes.items() if value is not None})
            scores += score(lake, folder, city, [one for one in STREAMS if one.stream in wanted])
    except (LakeUnreadable, LogMissing, CityUnreadable) as problem:
        return _refuse(str(problem))
    if options.json:
        print(json.dumps(as_data(scores), ensure_ascii=False, indent=1))
    else:
        print(summary(scores) if options.summary else "\n".join(as_text(scores)))
    return 1 if any(said for one in scores for said in one.missed()) else 0


def _logs_beside(lake: Path) -> Path:
    """Where a demo, or somebody who keeps things tidy, has the logs."""
    beside = [lake.absolute().parent / name for name in ("served", "city-log")]
    return next((folder for folder in beside if folder.is_dir()), beside[0])


def _record(options: argparse.Namespace) -> int:
    from citysim.record import Gridlocked, SumoFailed, SumoMissing, make

    try:
        manifest = make(options.seed, options.minutes, options.size, options.demand, options.out)
    except (SumoMissing, ValueError) as problem:
        return _refuse(str(problem))
    except (SumoFailed, Gridlocked) as problem:
        print(f"citysim: {problem}", file=sys.stderr)
        return 1
    rows = sum(int(table["rows"]) for table in manifest["tables"].values())
    print(f"recorded {rows} rows in {options.out}; look at it with: python -m citysim verify {options.out}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from citysim.truth import RECORDING, verify

    problems = verify(options.folder or RECORDING)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def _number(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("a whole number from 0 on is needed")
    return value


def _refuse(said: str) -> int:
    print(f"citysim: {said}", file=sys.stderr)
    return ASKED_WRONGLY


def _moment(text: str) -> datetime:
    from citysim.clock import BEIJING

    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)


def _ports(text: str) -> tuple[int, ...]:
    ports = tuple(int(part) for part in text.split(","))
    if len(ports) % 4 or not all(0 <= port <= 65535 for port in ports):
        raise argparse.ArgumentTypeError("four ports from 0 to 65535, joined by commas, are needed for each city")
    return ports


def _cities(text: str) -> list[str]:
    from citysim.cities import UnknownCity, member

    codes = text.split(",")
    if len(set(codes)) < len(codes):
        raise argparse.ArgumentTypeError("each city can be served once")
    try:
        return [member(code).code for code in codes]
    except UnknownCity as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("a number above 0 is needed")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a share from 0 to 1 is needed")
    return value


def _rows(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 on is needed")
    return value


if __name__ == "__main__":
    sys.exit(main())
