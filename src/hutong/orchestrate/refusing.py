"""How Airflow shows that a gate refused a batch: in the name of the task that published, and by a task that fails.

The publishing task itself ends well: it did all that there is to do, later batches went on, and trying again would
change nothing. A person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from hutong.orchestrate.alerts import AlreadyTold

SHOWN = 2
"""So many gates are named there: Airflow keeps 250 characters of a name."""

Receipt = Mapping[str, Any]
"""As `tasks.summed` makes them."""


def mark(receipt: Receipt) -> str:
    """What the name of a publishing task gets behind it; empty where nothing was refused."""
    gates = sorted({gate for failed in receipt["refused"].values() for gate in failed})
    more = f" +{len(gates) - SHOWN}" if len(gates) > SHOWN else ""
    return f" · 拒绝 refused: {', '.join(gates[:SHOWN])}{more}" if gates else ""


def all_came(planned: Sized | None, came: Iterable[object]) -> bool:
    """Whether there is a receipt for everything `planned`, which is None where the plan itself failed."""
    return planned is not None and sum(one is not None for one in came) == len(planned)


def tell(receipts: Iterable[Receipt | None], *, is_whole: bool) -> None:
    """Raise AirflowFailException, after which nothing is tried again, when a batch was refused: which, by which gate,
    and the next step. Raise AlreadyTold when none was and they are not whole: this task is the last, so its state is
    the run's.
    """
    lines: list[str] = []
    for receipt in filter(None, receipts):
        lines += [f"{name} by {', '.join(gates)}" for name, gates in receipt["refused"].items()]
        if (more := receipt["refused_batches"] - len(receipt["refused"])) > 0:
            lines.append(f"{more} more of {receipt['sequence']}")
    if lines:
        raise AirflowFailException(
            f"refused: {'; '.join(lines)}. Their records are kept and later batches went on; `hutong gates` lists them,"
            " `hutong gates accept|reject BATCH --reason ...` ends it"
        )
    if not is_whole:
        raise AlreadyTold("no gate refused anything, but a task before this one failed; its log says why")
