"""The repairs beside a mapping: `mappings/<platform>/repairs/<stream>/<name>.yaml`, read and checked against it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path as FilePath

from hutong.errors import nearest
from hutong.model.mapping import Code, Rule, paths_of
from hutong.model.path import Path, read_path
from hutong.model.repair import KINDS, MapCode, Missing, Repair, Strip, Swap, Zone
from hutong.registry.lookup import Source
from hutong.registry.mended import acts_on
from hutong.registry.read import File, Place, Problems, validated

REPAIRS = "repairs"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_READ_BY = {
    MapCode: "code, or quantity with a list",
    Zone: "time, in a form without an offset of its own",
    Swap: "point",
}


def folder_of(root: FilePath, platform: str, stream: str) -> FilePath:
    """Where the repairs of a stream lie."""
    return root / "mappings" / platform / REPAIRS / stream


def with_repairs(source: Source, root: FilePath, problems: Problems) -> Source:
    """`source` with its repairs, which count as part of its mapping: its digest changes with theirs."""
    found: dict[str, Repair] = {}
    digests: list[tuple[str, str]] = []
    for path in sorted(folder_of(root, source.connector.platform, source.name).glob("*.yaml")):
        file = File(path, problems)
        repair = _repair(file)
        if repair is None:
            continue
        for place, said in _problems(path.stem, repair, source, found):
            file.problem(said, *place)
        found[path.stem] = repair
        digests.append((path.stem, file.digest))
    if not found:
        return source
    text = json.dumps([source.mapping_digest, digests])
    return replace(source, repairs=found, mapping_digest=hashlib.sha256(text.encode()).hexdigest())


def _repair(file: File) -> Repair | None:
    if isinstance(file.data, dict) and file.data.get("repair") not in KINDS:
        kind = file.data.get("repair")
        said = f"there is no repair '{kind}'; {nearest(str(kind), KINDS)}" if kind else "state its `repair`"
        file.problem(said if kind else f"{said}: {', '.join(KINDS)}", "repair")
        return None
    kind = KINDS[file.data["repair"]] if isinstance(file.data, dict) else MapCode
    found: Repair | None = validated(file, kind)
    return found


def _problems(name: str, repair: Repair, source: Source, others: Mapping[str, Repair]) -> Iterator[tuple[Place, str]]:
    """What does not fit: the place in the file, and the sentence."""
    if not NAME.fullmatch(name):
        yield (), f"the file is called {name}.yaml; a repair's name is of small letters, digits and _"
    if repair.stream != source.id:
        yield ("stream",), f"the file lies with the repairs of '{source.id}', but says stream '{repair.stream}'"
    rules = [rule for rows in source.mapping.rows for rule in rows.fields.values()]
    paths = {path for rule in rules for path in paths_of(rule)}
    if repair.from_ not in paths:
        yield ("from",), f"the mapping reads no '{repair.from_}'; {nearest(repair.from_, paths)}"
    elif type(repair) in _READ_BY and not any(acts_on(repair, rule) for rule in rules):
        yield ("from",), f"no rule reads '{repair.from_}' as {repair.repair} needs it: {_READ_BY[type(repair)]}"
    path = read_path(repair.from_)
    if path.keys[0] in source.stream.personal and isinstance(repair, Strip | Missing | MapCode):
        yield ("from",), f"'{repair.from_}' is personal: a repair would write its values into a file"
    for city in repair.cities or ():
        if city not in source.connector.cities:
            yield ("cities",), f"the platform does not serve {city}; {nearest(city, source.connector.cities)}"
    start, end = repair.received.from_, repair.received.to
    if start is not None and end is not None and start >= end:
        yield ("received",), "`from` is not before `to`, so no record was received in between"
    yield from _own_problems(repair, path, rules, source, others)


def _own_problems(
    repair: Repair, path: Path, rules: list[Rule], source: Source, others: Mapping[str, Repair]
) -> Iterator[tuple[Place, str]]:
    match repair:
        case MapCode():
            yield from _code_problems(repair, rules, source, others)
        case Zone():
            if any(acts_on(repair, rule) and getattr(rule, "zone", None) == repair.zone for rule in rules):
                yield ("zone",), f"the mapping reads '{repair.from_}' in {repair.zone} already; remove the repair"
        case Strip() | Missing():
            if isinstance(repair, Strip) and not repair.prefix and not repair.suffix:
                yield (), "state what is cut off: `prefix`, `suffix` or both"
            if path.climbs or any(rows.each is not None for rows in source.mapping.rows):
                yield ("from",), f"{repair.repair} changes a value of the record itself, not one of a list's elements"


def _code_problems(
    repair: MapCode, rules: list[Rule], source: Source, others: Mapping[str, Repair]
) -> Iterator[tuple[Place, str]]:
    for raw, code in repair.codes.items():
        place: Place = ("codes", raw)
        for rule in rules:
            if not acts_on(repair, rule):
                continue
            listed = str(getattr(rule, "list_", ""))
            if raw in source.crosswalks.get(listed, {}):
                yield place, f"the crosswalk codes/{listed}.csv maps '{raw}' already; remove it here"
            if isinstance(rule, Code) and code not in source.codes.get(listed, {}):
                yield place, f"'{code}' is not in the code list {listed}; {nearest(code, source.codes.get(listed, {}))}"
        for name, other in others.items():
            if isinstance(other, MapCode) and other.from_ == repair.from_ and raw in other.codes:
                yield place, f"the repair {name} maps '{raw}' of '{repair.from_}' already; keep one of them"
