"""Dataset gates, judged by Great Expectations.

It is imported only here and only when there are rows, since that takes six seconds. It is given only the columns that
its expectations name, because it hashes every column it gets, whatever the checks are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import polars as pl

from hutong.errors import HutongError
from hutong.model.batch import GateResult
from hutong.model.dataset import Dataset


def check_gates(frame: pl.DataFrame, dataset: Dataset) -> list[GateResult]:
    """What each gate of `dataset` says of `frame`; nothing for an empty one.

    Raises HutongError when Great Expectations is not installed: data is not published unchecked.
    """
    if not dataset.gates or frame.is_empty():
        return []
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
    columns = frame.select(_columns(dataset)).to_pandas()
    batch = (
        context.data_sources.add_pandas("batch").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )
    suite = gx.ExpectationSuite(
        name=dataset.id,
        expectations=[
            {"type": gate.expectation, "kwargs": dict(gate.kwargs), "meta": {"gate": gate.name}}
            for gate in dataset.gates
        ],
    )
    result = batch.get_batch(batch_parameters={"dataframe": columns}).validate(suite, result_format="BASIC")
    by_name = {one.expectation_config.meta["gate"]: one for one in result.results if one.expectation_config}
    return [
        GateResult(
            dataset.table, gate.name, gate.severity, bool(by_name[gate.name].success), _observed(by_name[gate.name])
        )
        for gate in dataset.gates
    ]


def _columns(dataset: Dataset) -> list[str]:
    named: list[str] = []
    for gate in dataset.gates:
        for word, value in gate.kwargs.items():
            if word.startswith("column"):
                named += value if isinstance(value, list) else [value]
    return list(dict.fromkeys(named))


def _observed(result: Any) -> str:
    """What was seen, in a few words and without values of rows."""
    if result.exception_info and (said := _exception(result.exception_info)):
        return f"could not be judged: {said}"
    found: Mapping[str, Any] = result.result
    if "unexpected_count" in found:
        return f"{found['unexpected_count']} of {found.get('element_count', '?')} rows"
    return str(found.get("observed_value", ""))[:200]


def _exception(info: Mapping[str, Any]) -> str:
    nested = info if "raised_exception" in info else next(iter(info.values()), {})
    return str(nested.get("exception_message") or "")[:200] if nested.get("raised_exception") else ""
