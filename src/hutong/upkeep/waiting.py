"""Batches that are begun and not closed: their commits carry what the ledger has still to copy."""

from __future__ import annotations

from dataclasses import dataclass, field

from deltalake import DeltaTable

from hutong.decisions import RefusedBatch, refused
from hutong.model.batch import Sequence
from hutong.registry import Registry
from hutong.store.paths import Store
from hutong.store.tables import BATCH, SEQUENCE, existing


@dataclass(slots=True)
class Waiting:
    """How far the ledgers have got, and which commits of tables are ahead of them.

    replayed: (platform, stream, city) of those with a replay under way. is_sure: whether every log could be read.
    """

    registry: Registry
    store: Store
    replayed: set[tuple[str, str, str]] = field(default_factory=set)
    is_sure: bool = True
    _ledgers: dict[str, DeltaTable | None] = field(default_factory=dict)
    _undecided: dict[str, list[RefusedBatch]] = field(default_factory=dict)

    def closed(self, sequence: str) -> int:
        """The newest batch of `sequence` that its ledger closes; 0 if none."""
        platform = Sequence.parse(sequence).platform
        if platform not in self._ledgers:
            self._ledgers[platform] = existing(self.store.ledger(platform))
        ledger = self._ledgers[platform]
        return 0 if ledger is None else ledger.transaction_version(sequence) or 0

    def may_expire(self, sequence: str) -> int:
        """The newest batch of `sequence` whose pages nobody waits for.

        Call it after every log was asked: a replay under way reads all that its stream has landed, and a table that
        cannot be read may have to be rebuilt from it.
        """
        one = Sequence.parse(sequence)
        if not self.is_sure or (one.platform, one.stream, one.city) in self.replayed:
            return 0
        # What a gate refused is published from its pages when somebody accepts it.
        undecided = [batch.batch for batch in self._refused(one.platform) if batch.sequence == one]
        return min([self.closed(sequence), *(batch - 1 for batch in undecided)])

    def _refused(self, platform: str) -> list[RefusedBatch]:
        if platform not in self._undecided:
            found = refused(platform, self.registry, self.store)
            self._undecided[platform] = [batch for batch in found if batch.needs_pages]
        return self._undecided[platform]

    def oldest_begun(self, table: DeltaTable) -> int | None:
        """The oldest version of `table` that committed a batch which its ledger does not close; None if all are closed.

        Only sequences of declared platforms are asked for: others close nothing, such as an entry of `operations`.
        """
        oldest: int | None = None
        for entry in table.history():
            name = str(entry.get(SEQUENCE, ""))
            if name.partition("/")[0] not in self.registry.connectors or int(entry[BATCH]) <= self.closed(name):
                continue
            oldest = int(entry["version"])
            begun = Sequence.parse(name)
            if begun.is_replay:
                self.replayed.add((begun.platform, begun.stream, begun.city))
        return oldest
