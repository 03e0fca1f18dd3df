"""What a batch was made with, as the ledger says, held against what is declared now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from hutong.decisions import Decision, decisions
from hutong.lake import query
from hutong.model.batch import Sequence, Versions
from hutong.model.dataset import Dataset
from hutong.model.declared import Words
from hutong.redo.accounts import entries
from hutong.registry import Registry, Source
from hutong.store.paths import Store


@dataclass(frozen=True, slots=True)
class Version:
    """One thing that decides what rows become: as it was when the row was made, and as it is now."""

    what: Words
    then: str | None
    now: str | None

    @property
    def is_other(self) -> bool:
        """Whether it has changed since; what release 0.1.0 did not write down counts as unchanged."""
        return self.then is not None and self.then != self.now


@dataclass(frozen=True, slots=True)
class Gate:
    """What a dataset gate said of the batch. observed: what it saw; None where that was not written down."""

    name: str
    words: Words
    is_passed: bool
    observed: str | None


@dataclass(frozen=True, slots=True)
class Made:
    """When and by what a batch was published.

    sequence: that of the last replay that made it anew, or in which it was accepted, else its own. decision: what a
    person decided about it after a gate refused it.
    """

    sequence: str
    published_at: datetime
    completeness: str
    doubt: str | None
    versions: tuple[Version, ...]
    gates: tuple[Gate, ...]
    decision: Decision | None


def made_with(
    sequence: Sequence, batch: int, dataset: Dataset, source: Source, now: Versions, registry: Registry, store: Store
) -> Made | None:
    """What the ledger says of `batch`; None when the ledger does not have it."""
    live = Sequence(sequence.platform, sequence.stream, sequence.city)
    ledger = entries(store.ledger(sequence.platform), live)
    if ledger.is_empty():
        return None
    of_batch = ledger.filter((pl.col("origin") == sequence.id) & (pl.col("batch") == batch))
    of_batch = of_batch.sort("replay", "published_at")
    if of_batch.is_empty():
        return None
    last = of_batch.row(-1, named=True)
    # What is said of records is said under the contract of the deciding dataset.
    states = pl.col("dataset").fill_null(source.deciding.table) == dataset.table
    contract = of_batch.filter(states & pl.col("kind").is_in(["record", "row"]))
    return Made(
        sequence=last["sequence"],
        published_at=last["published_at"],
        completeness=last["completeness"],
        doubt=last["doubt"],
        versions=tuple(_versions(last, contract, dataset, now)),
        gates=tuple(_gates(of_batch, dataset, registry, store)),
        decision=decisions(registry, store).get((sequence.id, batch)),
    )


def _versions(last: dict[str, Any], contract: pl.DataFrame, dataset: Dataset, now: Versions) -> Iterator[Version]:
    mapping = Words(en="mapping", zh="映射版本")
    yield Version(mapping, str(last["mapping_version"]), str(now.mapping))
    text = Words(en="text of the mapping", zh="映射文件摘要")
    yield Version(text, _short(last["mapping_digest"]), _short(now.mapping_digest))
    then = None if contract.is_empty() else contract.row(-1, named=True)["contract_version"]
    yield Version(Words(en=f"contract {dataset.id}", zh=f"契约 {dataset.id}"), then, dataset.version)
    codes = Words(en="code tables", zh="代码表摘要")
    yield Version(codes, _short(last["codes_digest"]), _short(now.codes_digest))
    structure = Words(en="structure of the raw record", zh="来源结构摘要")
    yield Version(structure, _short(last["structure_digest"]), _short(now.structure_digest))
    if last["pseudonym_key"] is not None or now.pseudonym_key is not None:
        key = Words(en="pseudonym key", zh="假名密钥标识")
        yield Version(key, last["pseudonym_key"], now.pseudonym_key)


def _short(digest: str | None) -> str | None:
    return None if digest is None else digest[:12]


def _gates(of_batch: pl.DataFrame, dataset: Dataset, registry: Registry, store: Store) -> Iterator[Gate]:
    """The ledger has every gate of the batch; what it saw stands in a table that batches of release 0.2 lack."""
    told = of_batch.filter((pl.col("kind") == "gate") & (pl.col("dataset") == dataset.table))
    if told.is_empty():
        return
    asked = {"sequence": told["origin"][0], "batch": told["batch"][0], "dataset": dataset.table}
    seen = {row["gate"]: row for row in query(_SEEN, registry, store, asked).to_pylist()}
    declared = {gate.name: gate.words for gate in dataset.gates}
    for row in told.iter_rows(named=True):
        name = row["rule"]
        then = seen.get(name)
        words = declared.get(name, _GONE) if then is None else Words(en=then["title_en"], zh=then["title_zh"])
        yield Gate(name, words, row["outcome"] == "passed", None if then is None else then["observed"])


_SEEN = """SELECT gate, title_zh, title_en, observed FROM gate_result
           WHERE sequence = $sequence AND batch = $batch AND dataset = $dataset ORDER BY judged_at"""
_GONE = Words(en="no longer in the contract", zh="契约中已没有")
