"""What a rule is compiled for: a column of a dataset, and the tables beside the mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hutong.model.dataset import Dataset, Field
from hutong.normalise.pseudonym import Pseudonymiser


class MisfitRule(ValueError):
    """A rule that cannot fill the column it stands at. The registry finds these before any data is read."""


@dataclass(frozen=True, slots=True)
class Context:
    """column: the key in the mapping's `fields`. crosswalks: list -> raw value -> shared code."""

    dataset: Dataset
    column: str
    crosswalks: Mapping[str, Mapping[str, str]]
    pseudonymiser: Pseudonymiser | None = None

    @property
    def field(self) -> Field:
        """The contract's field. Raises MisfitRule."""
        return self.field_called(self.column)

    def field_called(self, name: str) -> Field:
        """Another field that the rule fills. Raises MisfitRule."""
        try:
            return self.dataset.field(name)
        except KeyError:
            raise MisfitRule(f"{self.dataset.id} has no field '{name}'") from None

    def need(self, *types: str) -> Field:
        """The contract's field, which must be of one of `types`. Raises MisfitRule."""
        if self.field.type not in types:
            raise MisfitRule(
                f"{self.dataset.id}.{self.column} is a {self.field.type}, the rule makes a {' or '.join(types)}"
            )
        return self.field

    def unit(self) -> str:
        """The contract's unit. Raises MisfitRule."""
        unit = self.field.unit
        if unit is None:
            raise MisfitRule(f"{self.dataset.id}.{self.column} has no unit")
        return unit

    def crosswalk(self, name: str) -> Mapping[str, str]:
        """Raw value -> code of the list `name`. Raises MisfitRule."""
        if name not in self.crosswalks:
            raise MisfitRule(f"there is no crosswalk for the list '{name}'")
        return self.crosswalks[name]
