"""How Airflow shows that a gate refused a batch: in the name of the task that published, and by a task that fails.

The publishing task itself ends well: it did all that there is to do, later batches went on, and trying again would
change nothing. A person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

Receipt = Mapping[str, Any]
"""As `tasks.summed` makes them."""


def mark(receipt: Receipt) -> str:
    """What the name of a publishing task gets behind it; empty where nothing was refused."""
    gates = sorted({gate for failed in receipt["refused"].values() for gate in failed})
    return f" · 拒绝 refused: {', '.join(gates)}" if gates else ""


def tell(receipts: Iterable[Receipt | None]) -> None:
    """Raise AirflowFailException, after which nothing is tried again, when a batch was refused: which, by which gate,
    and the next step.
    """
    lines: list[str] = []
    for receipt in receipts:
        if not receipt:
            continue
        lines += [f"{name} by {', '.join(gates)}" for name, gates in receipt["refused"].items()]
        if (more := receipt["refused_batches"] - len(receipt["refused"])) > 0:
            lines.append(f"{more} more of {receipt['sequence']}")
    if lines:
        raise AirflowFailException(
            f"refused: {'; '.join(lines)}. Their records are kept and later batches went on; `hutong gates` lists them,"
            " `hutong gates accept|reject BATCH --reason ...` ends it"
        )
