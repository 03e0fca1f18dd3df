"""Everything in a lake, checked: first each table by itself, then the batches, then the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deltalake import DeltaTable

from hutong.decisions import refused
from hutong.errors import HutongError
from hutong.lake import dataset_places
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Place, Store
from hutong.store.tables import existing
from hutong.verify.batches import Lake, check_stream
from hutong.verify.report import Report
from hutong.verify.rows import check_dataset
from hutong.verify.tables import Log, missing_files, read_log


def verify(registry: Registry, store: Store, secrets: Secrets) -> Report:
    """Everything in `store`, checked. Nothing is changed."""
    report = Report()
    tables: dict[str, DeltaTable] = {}
    logs: dict[str, Log] = {}
    damaged: set[str] = set()
    for name, place in _places(registry, store).items():
        try:
            table = existing(place)
            if table is None:
                continue
            logs[name] = read_log(name, table)
            report.problems += logs[name].problems
            tables[name] = table
            # A table that lacks a file cannot be read further; that is said once, here.
            if not _has_its_files(name, table, place, report):
                damaged.add(name)
        except HutongError as wrong:
            report.problems.append(f"{name}: {wrong}")
    lake = Lake(registry, store, secrets, tables, damaged, logs)
    for source in registry.sources.values():
        for city in source.connector.cities:
            check_stream(source, city, lake, report)
    for platform in registry.connectors:
        if f"ledger of {platform}" in tables.keys() - damaged:
            report.problems += _half_accepted(platform, registry, store)
    for dataset in registry.base_datasets:
        check_dataset(dataset, lake, report)
    return report


def _half_accepted(platform: str, registry: Registry, store: Store) -> Iterator[str]:
    for one in refused(platform, registry, store):
        if one.decision is not None and one.decision.verdict == "accept":
            yield (
                f"{one.name} was accepted, but its {one.records} records still count as refused;"
                f" end it with `hutong gates accept {one.name} --reason ...`"
            )


def _has_its_files(name: str, table: DeltaTable, place: Place, report: Report) -> bool:
    found = list(missing_files(name, table, place))
    report.files += len(found)
    problems = [said for said in found if said is not None]
    report.problems += problems
    return not problems


def _places(registry: Registry, store: Store) -> Mapping[str, Place]:
    """Every table by the name it goes by in what is said about it."""
    found: dict[str, Place] = {}
    for source in registry.sources.values():
        found[f"landing of {source.id}"] = store.landing(source.connector.platform, source.name)
    return found | dataset_places(registry, store)
