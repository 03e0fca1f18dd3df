"""Writing a repair, and trying it on what waits before anything is published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hutong.errors import AskedWrongly, RegistryError
from hutong.lake import query
from hutong.meaning import check_meaning
from hutong.model.batch import Sequence
from hutong.model.mapping import Code
from hutong.model.repair import MapCode
from hutong.normalise import compile_source, normalise_records, pseudonymiser
from hutong.normalise.mend import Mender
from hutong.pages import records_of
from hutong.pipeline import store_key
from hutong.registry import Registry, Source, open_registry
from hutong.registry.mended import rows_filled
from hutong.registry.repairs import NAME, folder_of
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.landing import read_batch
from hutong.store.paths import Store
from hutong.store.tables import literal
from hutong.validate.stage import row_findings

HEAD = "# A repair: it acts only on records that a rule in `refused_for` refused. Review it like the mapping.\n"
Places = dict[tuple[Sequence, int], set[int]]
"""Sequence and batch -> records."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What a repair would do. waiting: records that its rules refused, or that hold one of its codes; released: those
    of them that would pass; gone: those whose pages landing no longer holds.
    """

    waiting: int
    released: int
    gone: int


def write_repair(name: str, declared: Mapping[str, Any], source: Source, settings: Settings) -> tuple[Path, Registry]:
    """Write the repair `name` of `source`; the file, and the registry with it.

    declared: what the file is to say. Raises AskedWrongly when it is there already or cannot have that name,
    RegistryError when it would not fit. Whatever is raised, nothing stays written.
    """
    if not NAME.fullmatch(name):
        raise AskedWrongly(f"'{name}' is no name of a repair", "write it with small letters, digits and _")
    path = folder_of(settings.root, source.connector.platform, source.name) / f"{name}.yaml"
    if path.exists():
        raise AskedWrongly(
            f"there is a repair {path.relative_to(settings.root)} already", "edit it, or give this one another name"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + yaml.safe_dump(dict(declared), allow_unicode=True, sort_keys=False), encoding="utf-8")
    try:
        registry = open_registry(settings)
        if problems := check_meaning(registry):
            raise RegistryError(problems)
    except BaseException:
        path.unlink()
        raise
    return path, registry


def try_repair(name: str, source: Source, registry: Registry, store: Store, secrets: Secrets) -> Tried:
    """What the repair `name` would do to what waits now. Nothing is changed.

    Raises SecretMissing when landing is encrypted, or pseudonyms are made, and the key is not to be had.
    """
    pseudonyms = pseudonymiser(source, secrets)
    plan = compile_source(source, pseudonyms)
    mender = Mender(source, plan, pseudonyms, lambda frames: row_findings(frames, source))
    waiting = _waiting(name, source, registry, store)
    released = gone = 0
    for (sequence, batch), numbers in waiting.items():
        pages = read_batch(store, sequence, batch, store_key(source, secrets))
        records = [one for one in records_of(pages, source.stream) if one.number in numbers]
        gone += len(numbers) - len(records)
        normalised = mender.mend(normalise_records(records, sequence, batch, plan), sequence, batch)
        released += sum(name in one.repairs for one in normalised.released)
    return Tried(sum(map(len, waiting.values())), released, gone)


def _waiting(name: str, source: Source, registry: Registry, store: Store) -> Places:
    repair, platform, stream = source.repairs[name], source.connector.platform, source.name
    found: defaultdict[tuple[Sequence, int], set[int]] = defaultdict(set)
    sql = f"""SELECT DISTINCT sequence, batch, record FROM quarantine
              WHERE platform = {literal(platform)} AND stream = {literal(stream)} AND coalesce(status, 'open') = 'open'
              AND rule IN ({", ".join(map(literal, repair.refused_for))})"""
    for row in query(sql, registry, store).to_pylist():
        found[Sequence.parse(row["sequence"]), row["batch"]].add(row["record"])
    if isinstance(repair, MapCode):
        for part, names in rows_filled(repair, source):
            for field in names:
                if isinstance(part.fields[field], Code) and f"{field}_unmapped" in repair.refused_for:
                    codes, cities = (", ".join(map(literal, some)) for some in (repair.codes, source.connector.cities))
                    sql = f"""SELECT DISTINCT city, run, batch, record FROM "{part.dataset}"
                              WHERE source_platform = {literal(source.connector.source_platform)}
                              AND source_stream = {literal(stream)} AND city IN ({cities})
                              AND "{field}" = 'unmapped' AND "{field}_raw" IN ({codes})"""
                    for row in query(sql, registry, store).to_pylist():
                        sequence = Sequence(platform, stream, row["city"], row["run"] or "")
                        found[sequence, row["batch"]].add(row["record"])
    return found
