"""Dataset gates, judged by Great Expectations.

It is imported only here and only when there are rows, since that takes six seconds. It is given only the columns that
its expectations name, because it hashes every column it gets, whatever the checks are. Gates that look at more than
values become ordinary expectations: of a column that is worked out for them, or with bounds that are.
"""

from __future__ import annotations

import logging
import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from hutong.errors import HutongError
from hutong.model.batch import GateResult
from hutong.model.dataset import Dataset, Gate
from hutong.schema.gates import BEYOND, FRESHNESS, IN_CITY, REFERENCES, VOLUME, columns_of, expected
from hutong.validate.around import Around

FEW = 3
"""With fewer batches before it, nothing can be said of a batch's volume."""

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A gate as an expectation: its type and arguments, and the columns that were worked out for it."""

    gate: Gate
    expectation: str
    kwargs: Mapping[str, Any]
    columns: Mapping[str, pl.Series] = field(default_factory=dict)


def check_gates(frames: Frames, dataset: Dataset, around: Around | None = None) -> list[GateResult]:
    """What each gate of `dataset` says of its frame; nothing for an empty one, nor of a gate that has nothing to
    compare with: no batches before it, no rows in the dataset that it refers to, a backfill that is not to be fresh,
    a city without a box, none of the rows that it is about.

    frames: all that the batch would publish, since it may refer to itself.
    Raises HutongError when Great Expectations is not installed: data is not published unchecked. Raises StoreError.
    """
    frame = frames[dataset.id]
    gates = _of_city(dataset.gates, around)
    if not gates or frame.is_empty():
        return []
    found: dict[str, GateResult] = {}
    asked: list[_Asked] = []
    for gate in gates:
        if (known := _as_it_was(gate, dataset, around)) is not None:
            found[gate.name] = known
        elif (one := _asked(gate, frames, dataset, around)) is not None:
            asked.append(one)
    for one, result in zip(asked, _judged(asked, frame, dataset), strict=True):
        name, severity, passed = one.gate.name, one.gate.severity, bool(result.success)
        observed = _observed(result)
        found[name] = GateResult(dataset.table, name, severity, passed, observed, expected(one.gate), frame.height)
    return [found[gate.name] for gate in gates if gate.name in found]


def write_docs(frames: Frames, dataset: Dataset, around: Around, folder: Path) -> Path | None:
    """The Data Docs of Great Expectations about one dataset of a batch, below `folder`; where they begin, None for a
    dataset without gates or rows. They hold no values of rows. Raises as `check_gates` does.
    """
    frame = frames[dataset.id]
    gates = _of_city(dataset.gates, around)
    asked = [one for gate in gates if (one := _asked(gate, frames, dataset, around)) is not None]
    if not asked or frame.is_empty():
        return None
    gx, context, batch = _context(dataset)
    # Its own site would be left in the folder for temporary files.
    context.delete_data_docs_site("local_site")
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())}
    site = {
        "class_name": "SiteBuilder",
        "store_backend": store,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site(site_name=dataset.id, site_config=site)
    suite = context.suites.add(_suite(gx, asked, dataset))
    judged = context.validation_definitions.add(gx.ValidationDefinition(name=dataset.id, data=batch, suite=suite))
    judged.run(batch_parameters={"dataframe": _columns(asked, frame)}, result_format=_WITHOUT_VALUES)
    context.build_data_docs(site_names=[dataset.id])
    return folder / "index.html"


def _of_city(gates: Iterable[Gate], around: Around | None) -> list[Gate]:
    """`gates`, those of a city's box with the bounds of the batch's city; left out where it has no box."""
    box = None if around is None else around.registry.boxes.get(around.sequence.city)
    found = []
    for gate in gates:
        if gate.expectation == IN_CITY:
            if box is None:
                continue
            least, most = box[gate.kwargs["side"]]
            bounds = {name: value for name, value in gate.kwargs.items() if name != "side"}
            bounds |= {"min_value": least, "max_value": most}
            gate = replace(gate, expectation="expect_column_values_to_be_between", kwargs=bounds)
        found.append(gate)
    return found


def _as_it_was(gate: Gate, dataset: Dataset, around: Around | None) -> GateResult | None:
    """What `gate` said when the batch was published, where only that counts."""
    if around is None or not around.is_again or gate.expectation not in BEYOND:
        return None
    passed = around.said(dataset.table, gate.name)
    return None if passed is None else GateResult(dataset.table, gate.name, gate.severity, passed, "", expected(gate))


def _asked(gate: Gate, frames: Frames, dataset: Dataset, around: Around | None) -> _Asked | None:
    # Of no rows there is no mean, which would fail the gate.
    if any(not frames[dataset.id][column].is_in(values).any() for column, values in _only(gate)):
        return None
    if gate.expectation not in _OWN:
        return _Asked(gate, gate.expectation, gate.kwargs)
    return _OWN[gate.expectation](gate, frames, dataset, around)


def _freshness(gate: Gate, frames: Frames, dataset: Dataset, around: Around | None) -> _Asked | None:
    if around is not None and around.is_of_the_past:
        return None
    age = (pl.col("received_at") - pl.col(gate.kwargs["column"])).dt.total_microseconds() / 1e6
    column = f"{gate.name}_age_s"
    ages = frames[dataset.id].select(age.alias(column))[column]
    if not ages.count():
        return None
    bounds = {"column": column, "max_value": gate.kwargs["max_age_s"]}
    return _Asked(gate, "expect_column_min_to_be_between", bounds, {column: ages})


def _volume(gate: Gate, frames: Frames, dataset: Dataset, around: Around | None) -> _Asked | None:
    if around is None or around.is_again:
        return None
    before = around.recent(dataset.table, gate.kwargs["batches"])
    if len(before) < FEW:
        return None
    usual = statistics.median(before)
    bounds = {
        "min_value": math.ceil(usual * gate.kwargs["min_share"]),
        "max_value": math.floor(usual * gate.kwargs["max_share"]),
    }
    return _Asked(gate, "expect_table_row_count_to_be_between", bounds)


def _references(gate: Gate, frames: Frames, dataset: Dataset, around: Around | None) -> _Asked | None:
    if around is None or around.is_again:
        return None
    own, theirs = gate.kwargs["column_list"], gate.kwargs["reference"]
    rows = frames[dataset.id].select(_meant(gate, pl.col(name)).alias(name) for name in own)
    reference = around.registry.dataset(gate.kwargs["dataset"])
    known = around.known(reference, theirs, rows.drop_nulls().unique())
    if known is None and reference.id not in frames:
        return None
    # What the batch itself brings counts as well: a record may fill both.
    brought = frames[reference.id].select(pl.col(theirs)) if reference.id in frames else rows.clear()
    brought.columns = own
    there = pl.concat([brought, rows.clear() if known is None else known]).unique().with_columns(is_there=pl.lit(True))
    column = f"{gate.name}_is_there"
    is_whole = pl.all_horizontal(pl.col(name).is_not_null() for name in own)
    found = rows.join(there, on=own, how="left", maintain_order="left").select(
        pl.when(is_whole).then(pl.col("is_there").fill_null(False)).alias(column)
    )
    kwargs = {"column": column, "value_set": [True], **{k: v for k, v in gate.kwargs.items() if k == "mostly"}}
    return _Asked(gate, "expect_column_values_to_be_in_set", kwargs, {column: found[column]})


def _only(gate: Gate) -> Iterable[tuple[str, list[str]]]:
    some: Mapping[str, list[str]] = gate.kwargs.get("only", {})
    return some.items()


def _meant(gate: Gate, value: pl.Expr) -> pl.Expr:
    """`value` in the rows that `gate` is about, null in the others."""
    for column, values in _only(gate):
        value = pl.when(pl.col(column).is_in(values)).then(value)
    return value


_OWN: Mapping[str, Callable[[Gate, Frames, Dataset, Around | None], _Asked | None]] = {
    FRESHNESS: _freshness,
    VOLUME: _volume,
    REFERENCES: _references,
}
_WITHOUT_VALUES = {"result_format": "BASIC", "partial_unexpected_count": 0}


def _judged(asked: list[_Asked], frame: pl.DataFrame, dataset: Dataset) -> list[Any]:
    """The result of each expectation."""
    if not asked:
        return []
    gx, _, batch = _context(dataset)
    rows = batch.get_batch(batch_parameters={"dataframe": _columns(asked, frame)})
    result = rows.validate(_suite(gx, asked, dataset), result_format=_WITHOUT_VALUES)
    by_name = {one.expectation_config.meta["gate"]: one for one in result.results if one.expectation_config}
    return [by_name[one.gate.name] for one in asked]


def _context(dataset: Dataset) -> tuple[Any, Any, Any]:
    """Great Expectations, a context in memory, and what stands in it for the rows of a batch."""
    try:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig
    except ImportError:
        raise HutongError(
            f"the contract of {dataset.id} has gates, but Great Expectations is not installed", "install hutong[gates]"
        ) from None
    # This one module of it sets its own logger to INFO, to talk of temporary folders.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset("rows")
    return gx, context, asset.add_batch_definition_whole_dataframe("all")


def _suite(gx: Any, asked: Iterable[_Asked], dataset: Dataset) -> Any:
    return gx.ExpectationSuite(
        name=dataset.id,
        expectations=[
            {"type": one.expectation, "kwargs": _spoken(one.kwargs), "meta": {"gate": one.gate.name}} for one in asked
        ],
    )


def _spoken(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as Great Expectations has them: of which rows, as its own condition."""
    from great_expectations.expectations.row_conditions import Column

    said = dict(kwargs)
    for name, values in said.pop("only", {}).items():
        said["row_condition"] = Column(name).is_in(values)
    return said


def _columns(asked: Iterable[_Asked], frame: pl.DataFrame) -> Any:
    """The columns that the expectations name, for pandas. Never none: rows would not be counted."""
    made = {name: column for one in asked for name, column in one.columns.items()}
    named = [name for one in asked for name in columns_of(one.gate) if one.gate.expectation not in _OWN]
    return frame.select(*dict.fromkeys(named or frame.columns[:1])).with_columns(**made).to_pandas()


def _observed(result: Any) -> str:
    """What was seen, in figures and without values of rows: unexpected rows of all, or what was measured."""
    if result.exception_info and (said := _exception(result.exception_info)):
        return f"could not be judged: {said}"
    found: Mapping[str, Any] = result.result
    if "unexpected_count" in found:
        return f"{found['unexpected_count']}/{found.get('element_count', '?')}"
    value = found.get("observed_value", "")
    return f"{value:g}" if isinstance(value, int | float) else str(value)[:200]


def _exception(info: Mapping[str, Any]) -> str:
    nested = info if "raised_exception" in info else next(iter(info.values()), {})
    return str(nested.get("exception_message") or "")[:200] if nested.get("raised_exception") else ""
