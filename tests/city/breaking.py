"""Mappings with one line that is wrong, as lines are wrong in life, and what becomes of landed pages by them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import polars as pl

from citysim.score.lake import SEQUENCE
from hutong.model import mapping as rules
from hutong.model.batch import Sequence
from hutong.normalise.plan import compile_source, pseudonymiser
from hutong.normalise.stage import normalise
from hutong.pipeline import store_key
from hutong.registry import Source
from hutong.secrets import Secrets
from hutong.store.landing import LandedPage, read_batch
from hutong.store.paths import Store
from hutong.validate.stage import validate

Kind = Literal["unit", "zone", "axes", "crs", "code", "convention"]
KINDS: tuple[Kind, ...] = get_args(Kind)
UNITS = {"km/h": "m/s", "m/s": "km/h", "m": "cm", "cm": "m", "%": "1", "1": "%", "s": "ms", "ms": "s", "deg": "rad"}
AXES = {"lon_lat": "lat_lon", "lat_lon": "lon_lat", "east_north": "north_east", "north_east": "east_north"}
CONVENTIONS = {"north_clockwise": "east_counter_clockwise", "east_counter_clockwise": "north_clockwise",
               "approach_leg": "north_clockwise"}  # fmt: skip


@dataclass(frozen=True)
class Broken:
    """A source with one wrong line in the rows of `dataset`."""

    kind: Kind
    dataset: str
    field: str
    source: Source


def broken(source: Source) -> Iterator[Broken]:
    """`source` with each line of its mapping that can be wrong in one of KINDS wrong, one at a time."""
    for part in source.mapping.rows:
        for field, rule in part.fields.items():
            for kind, changes in _wrong(rule):
                fields = {**part.fields, field: rule.model_copy(update=changes)}
                rows = [part.model_copy(update={"fields": fields}) if one is part else one
                        for one in source.mapping.rows]  # fmt: skip
                mapping = source.mapping.model_copy(update={"rows": rows})
                yield Broken(kind, part.dataset, field, replace(source, mapping=mapping))
            if isinstance(rule, rules.Code):
                walk = source.crosswalks[rule.list_]
                # Another meaning for each code; where there is but one, the table lacks it.
                codes = list(dict.fromkeys(walk.values()))
                turned = dict(zip(codes, [*codes[1:], codes[0]], strict=True))
                wrong = {} if len(codes) == 1 else {raw: turned[code] for raw, code in walk.items()}
                crosswalks = {**source.crosswalks, rule.list_: wrong}
                yield Broken("code", part.dataset, field, replace(source, crosswalks=crosswalks))


def _wrong(rule: Any) -> Iterator[tuple[Kind, dict[str, Any]]]:
    if isinstance(rule, rules.Quantity | rules.Rate | rules.Angle):
        factor, _, name = rule.unit.partition(" ")
        is_step = bool(name) and factor.replace(".", "").isdigit()
        unit = name if is_step else UNITS.get(rule.unit, f"2 {rule.unit}")
        yield "unit", {"unit": unit}
    if isinstance(rule, rules.Angle):
        yield "convention", {"convention": CONVENTIONS[rule.convention]}
    if isinstance(rule, rules.Time):
        if rule.zone is not None:
            yield "zone", {"zone": "UTC" if rule.zone != "UTC" else "Asia/Shanghai"}
        elif rule.form == "epoch_ms":
            yield "unit", {"form": "epoch_s"}
    if isinstance(rule, rules.Point | rules.Line | rules.Area):
        yield "axes", {"axes": AXES[rule.axes]}
        yield "crs", {"crs": _other(rule.crs)}


def _other(crs: str | rules.Crs) -> str | rules.Crs:
    if isinstance(crs, rules.Crs):
        return crs.model_copy(update={"table": {word: _other(one) for word, one in crs.table.items()}})
    if crs in ("EPSG:4326", "EPSG:4490"):
        return "GCJ-02"
    return f"EPSG:{int(crs[5:]) + 1}" if crs.startswith("EPSG:") else "EPSG:4326"


@dataclass(frozen=True)
class Pages:
    """Landed pages of one batch."""

    sequence: Sequence
    batch: int
    pages: tuple[LandedPage, ...]


def first_pages(source: Source, store: Store, secrets: Secrets, records: int = 150) -> Pages:
    """As many pages of the first landed batch of `source` as hold that many records."""
    sequence = source.sequences[0]
    found: list[LandedPage] = []
    for page in read_batch(store, sequence, 1, store_key(source, secrets)):
        found.append(page)
        if sum(one.records for one in found) >= records:
            break
    return Pages(sequence, 1, tuple(found))


@dataclass(frozen=True)
class Made:
    """What `source` makes of `landed`, in the form in which the score reads a lake."""

    source: Source
    landed: Pages
    secrets: Secrets

    def pages(self, stream: str, city: str) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "sequence": self.landed.sequence.id,
                "batch": self.landed.batch,
                "page": [page.number for page in self.landed.pages],
                "records": [page.records for page in self.landed.pages],
                "sha256_received": [page.sha256_received for page in self.landed.pages],
            }
        )

    def rows(self, dataset: str, stream: str, city: str) -> pl.DataFrame:
        return self._validated.frames[dataset].with_columns(sequence=SEQUENCE)

    def refused(self, stream: str, city: str) -> pl.DataFrame:
        numbers = [one.record.number for one in self._validated.refused]
        columns = {"sequence": [self.landed.sequence.id] * len(numbers), "batch": [self.landed.batch] * len(numbers),
                   "record": numbers}  # fmt: skip
        return pl.DataFrame(columns, schema={"sequence": pl.String, "batch": pl.Int64, "record": pl.Int32})

    def __post_init__(self) -> None:
        plan = compile_source(self.source, pseudonymiser(self.source, self.secrets))
        made = normalise(self.landed.pages, self.landed.sequence, self.landed.batch, plan, lambda _: {})
        object.__setattr__(self, "_validated", validate(made, self.source))
