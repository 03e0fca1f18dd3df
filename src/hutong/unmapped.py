"""Codes that platforms send and their crosswalks lack: what was met, and a person's word for what it means."""

from __future__ import annotations

import csv
import getpass
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from hutong.decisions import name_of
from hutong.errors import AskedWrongly, HutongError, nearest
from hutong.lake import query, served
from hutong.model.mapping import Code
from hutong.operations import write_down
from hutong.registry import Registry, open_registry
from hutong.registry.files import crosswalk_of
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.store.tables import literal

UNMAPPED = "unmapped"
_CITY = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Met:
    """A code without a match, in one field of what one stream published. rows: those that say `unmapped` for it.

    first_batch, last_batch: of these rows, by the time of receipt, as `<sequence>#<number>`.
    """

    list: str
    platform: str
    stream: str
    dataset: str
    field: str
    raw: str
    rows: int
    first_batch: str
    last_batch: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A code that means something now. path: the crosswalk's file. streams: (platform, stream) of those that use it."""

    path: Path
    streams: tuple[tuple[str, str], ...]


def review(registry: Registry, store: Store) -> list[Met]:
    """Every code that stands in the base datasets as `unmapped`, those of most rows first. Raises StoreError."""
    readable = {dataset.id for dataset in served(registry)}
    asked = [
        _ASKED.format(
            list=literal(rule.list_),
            platform=literal(source.connector.platform),
            source_platform=literal(source.connector.source_platform),
            cities=", ".join(map(literal, source.connector.cities)),
            stream=literal(source.name),
            dataset=rows.dataset,
            field=field,
        )
        for source in registry.sources.values()
        for rows in source.mapping.rows
        for field, rule in rows.fields.items()
        if isinstance(rule, Code) and rows.dataset in readable
    ]
    if not asked:
        return []
    sql = f"{' UNION ALL '.join(asked)} ORDER BY rows DESC, list, platform, stream, dataset, field, raw"
    return [
        Met(
            **{name: row[name] for name in ("list", "platform", "stream", "dataset", "field", "raw", "rows")},
            first_batch=name_of(row["first"]["sequence"], row["first"]["batch"]),
            last_batch=name_of(row["last"]["sequence"], row["last"]["batch"]),
        )
        for row in query(sql, registry, store).to_pylist()
    ]


_BATCH = "struct_pack(sequence := concat_ws('/', {platform}, source_stream, city, run), batch := batch)"
_ASKED = f"""
    SELECT {{list}} AS list, {{platform}} AS platform, {{stream}} AS stream, '{{dataset}}' AS dataset,
           '{{field}}' AS field, "{{field}}_raw" AS raw, count(*) AS rows,
           arg_min({_BATCH}, (received_at, batch)) AS first, arg_max({_BATCH}, (received_at, batch)) AS last
    FROM "{{dataset}}"
    WHERE source_platform = {{source_platform}} AND source_stream = {{stream}} AND city IN ({{cities}})
    AND "{{field}}" = '{UNMAPPED}'
    GROUP BY "{{field}}_raw\""""


def accept(
    code_list: str,
    raw: str,
    code: str,
    reason: str,
    platform: str | None,
    registry: Registry,
    store: Store,
    settings: Settings,
) -> Accepted:
    """Add to a platform's crosswalk that its `raw` is `code` of `code_list`; what is published changes by a replay.

    platform: may be left out where the code was met on one platform only.
    Raises AskedWrongly when the list, the code or the platform is unknown or the crosswalk has `raw` already, and
    RegistryError or StoreError, with the file as it was, when the line does not fit or cannot be written down.
    """
    if code_list not in registry.codes:
        raise AskedWrongly.unknown("code list", code_list, registry.codes)
    known = registry.codes[code_list]
    if code not in known or code == UNMAPPED:
        raise AskedWrongly(
            f"'{code}' is no code of {code_list}", nearest(code, [one for one in known if one != UNMAPPED])
        )
    if not reason.strip():
        raise AskedWrongly("a decision needs its reason", 'write --reason "..."')
    platform = platform or _only_platform(code_list, raw, review(registry, store), registry)
    streams = _streams(code_list, platform, registry)
    path = crosswalk_of(registry.root, platform, code_list)
    before = path.read_bytes()
    if any(raw == row[0] for row in csv.reader(io.StringIO(before.decode("utf-8-sig"))) if row):
        raise AskedWrongly(f"{path.relative_to(registry.root)} says already what '{raw}' is", "edit that line")
    today = datetime.now(UTC).astimezone(_CITY).date().isoformat()
    path.write_bytes(_with_line(before, [raw, code, f"accepted {today} by {getpass.getuser()}: {reason.strip()}"]))
    try:
        open_registry(settings)
        write_down("accept_code", f"{platform}/{code_list}: {raw} -> {code}", reason.strip(), registry, store)
    except HutongError:
        path.write_bytes(before)
        raise
    return Accepted(path, streams)


def _only_platform(code_list: str, raw: str, met: Sequence[Met], registry: Registry) -> str:
    found = sorted({one.platform for one in met if (one.list, one.raw) == (code_list, raw)})
    # A platform and its dialects may share one crosswalk.
    if len({crosswalk_of(registry.root, platform, code_list) for platform in found}) == 1:
        return found[0]
    where = f"on {', '.join(found)}" if found else "nowhere in the published data"
    raise AskedWrongly(f"'{raw}' of {code_list} was met {where}", "say whose it is by --platform")


def _streams(code_list: str, platform: str, registry: Registry) -> tuple[tuple[str, str], ...]:
    """The streams that look something up in the crosswalk of `platform` to `code_list`, which dialects may share."""
    path = crosswalk_of(registry.root, registry.connector(platform).platform, code_list)
    found = tuple(
        (source.connector.platform, source.name)
        for source in registry.sources.values()
        if crosswalk_of(registry.root, source.connector.platform, code_list) == path
        and any(
            isinstance(rule, Code) and rule.list_ == code_list
            for rows in source.mapping.rows
            for rule in rows.fields.values()
        )
    )
    if not found:
        raise AskedWrongly(
            f"no stream of {platform} uses {code_list}", "`hutong codes review` says where codes were met"
        )
    return found


def _with_line(before: bytes, cells: list[str]) -> bytes:
    """`before` with one more line, ended as its others are."""
    end = "\r\n" if b"\r\n" in before else "\n"
    line = io.StringIO()
    csv.writer(line, lineterminator=end).writerow(cells)
    gap = b"" if before.endswith(b"\n") else end.encode()
    return before + gap + line.getvalue().encode()
