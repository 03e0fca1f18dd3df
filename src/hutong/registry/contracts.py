"""The contracts in schemas/: one file per major version, `<id>.odcs.yaml` the newest, `<id>.v<major>.odcs.yaml` older.

An older one is a dataset of its own, `<id>_v<major>`, until the end that it declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hutong.errors import RegistryError
from hutong.model.dataset import Dataset
from hutong.registry.check import OPERATIONS, check_count, check_dataset, check_references
from hutong.registry.lookup import CodeLists
from hutong.registry.read import File, Problems, validated
from hutong.schema.contract import Contract, to_dataset

_SUFFIX = ".odcs.yaml"
_OLDER = re.compile(r"(.+)\.v([1-9][0-9]*)")
_TAKEN = re.compile(r".+_v[0-9]+")
_LIVING = ("proposed", "draft", "active")


def contract_of(root: Path, dataset: str) -> Path:
    """Where the newest contract of `dataset` lies."""
    return root / "schemas" / f"{dataset}{_SUFFIX}"


@dataclass(frozen=True, slots=True)
class _Found:
    """A contract file. major: as its name states it; None for the newest."""

    file: File
    contract: Contract
    dataset: Dataset
    major: int | None


def read_contract(path: Path) -> Dataset:
    """The dataset of one contract file. Raises RegistryError with every problem in it."""
    problems = Problems(Path())
    found = _read(path, problems)
    if found is None or problems:
        raise RegistryError(problems)
    return found.dataset


def read_contracts(root: Path, codes: CodeLists, problems: Problems) -> dict[str, Dataset]:
    """Every dataset below `root`, by its id."""
    found = [one for path in sorted((root / "schemas").glob(f"*{_SUFFIX}")) if (one := _read(path, problems))]
    newest = {one.dataset.id: one for one in found if one.major is None}
    older = {(one.dataset.successor, one.major): one for one in found if one.major is not None}
    for one in newest.values():
        _check_newest(one, (major for contract, major in older if contract == one.dataset.id))
    for one in older.values():
        _check_older(one, newest)
    for one in found:
        check_dataset(one.file, one.dataset, codes)
        check_count(one.file, one.dataset, {each.dataset.id: each.dataset for each in found})
        check_references(one.file, one.dataset, {each.dataset.id: each.dataset for each in found})
    return {one.dataset.id: one.dataset for one in found}


def _read(path: Path, problems: Problems) -> _Found | None:
    file = File(path, problems)
    contract: Contract | None = validated(file, Contract)
    if contract is None:
        return None
    try:
        dataset = to_dataset(contract, file.digest)
    except ValueError as wrong:
        file.problem(str(wrong), "schema", 0)
        return None
    older = _OLDER.fullmatch(path.name.removesuffix(_SUFFIX))
    if older is None:
        return _Found(file, contract, dataset, None)
    major = int(older[2])
    return _Found(file, contract, replace(dataset, id=f"{dataset.id}_v{major}", successor=dataset.id), major)


def _check_newest(one: _Found, older: Iterable[int | None]) -> None:
    file, dataset = one.file, one.dataset
    if file.path.name != f"{dataset.id}{_SUFFIX}":
        file.problem(f"the file is called {file.path.name}, but its id is '{dataset.id}'", "id")
    if _TAKEN.fullmatch(dataset.id):
        file.problem(f"'{dataset.id}' is how an older major version of a contract is called; choose another id", "id")
    if one.contract.status not in _LIVING:
        file.problem(
            f"the status is {one.contract.status}, but nothing takes its place; write one of {', '.join(_LIVING)}",
            "status",
        )
    if dataset.ends is not None:
        file.problem("it has an endOfLife, but nothing takes its place; only an older version ends", "slaProperties")
    if dataset.id in OPERATIONS and dataset.major > 1:
        file.problem(f"hutong itself writes {dataset.id}, so its major version stays 1", "version")
        return
    for major in sorted(set(range(1, dataset.major)) - set(older)):
        file.problem(
            f"version {one.contract.version} takes the place of major version {major}; keep that contract as"
            f" schemas/{dataset.id}.v{major}{_SUFFIX} with status deprecated and an endOfLife",
            "version",
        )


def _check_older(one: _Found, newest: Mapping[str, _Found]) -> None:
    file, dataset = one.file, one.dataset
    if file.path.name != f"{dataset.contract}.v{one.major}{_SUFFIX}":
        file.problem(f"the file is called {file.path.name}, but its id is '{dataset.contract}'", "id")
    if dataset.major != one.major:
        file.problem(f"the file is called {file.path.name}, but its version is {dataset.version}", "version")
    successor = newest.get(dataset.contract)
    if successor is None:
        file.problem(f"there is no newer version; write schemas/{dataset.contract}{_SUFFIX}", "id")
    elif successor.dataset.major <= dataset.major:
        file.problem(
            f"version {dataset.version} is not older than {successor.dataset.version} of"
            f" {successor.file.path.name}; raise that one's major version",
            "version",
        )
    if one.contract.status != "deprecated":
        file.problem(f"the status is {one.contract.status}; an older major version is deprecated", "status")
    if dataset.ends is None:
        file.problem(
            "it does not say until when it is served; add to slaProperties"
            " {property: endOfLife, value: '2027-07-01T00:00:00+08:00'}",
            "slaProperties",
        )
