"""How well the gateway did, in the city's own words: a program that alone knows the truth looks at the lake."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from hutong.machine.place import Place
from hutong.model.declared import Words
from hutong.orchestrate.processes import Run
from hutong.report.tables import Cell, Table

SCORE = "score"
TITLE = Words(zh="评分：发布结果与平台实际发出的内容对照", en="The score: what was published against what was served")
_COLUMNS = (
    Words(zh="数据流", en="stream"),
    Words(zh="数据集", en="dataset"),
    Words(zh="发出记录", en="served"),
    Words(zh="召回率", en="recall"),
    Words(zh="精确率", en="precision"),
    Words(zh="位置误差 p95 m", en="p95 m"),
    Words(zh="其中网关自身 m", en="own m"),
    Words(zh="坏记录", en="bad"),
    Words(zh="查出", en="caught"),
    Words(zh="误拒", en="good refused"),
)


def begin(run: Run, place: Place) -> subprocess.Popen[bytes]:
    """Start it; `ready` waits for it."""
    module = ("citysim", SCORE, str(place.lake), "--logs", str(place.served), "--json")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CITYSIM_", "HUTONG_"))}
    return run.start(SCORE, module, variables, place.folder / f"{SCORE}.log", piped=True, stays=False)


def ready(scoring: subprocess.Popen[bytes], place: Place) -> Table:
    """What it found, as a table with a sentence over all; only a sentence when it could not tell."""
    said, _ = scoring.communicate()
    try:
        return told(json.loads(said))
    except (ValueError, KeyError, TypeError):
        log = place.folder / f"{SCORE}.log"
        return Table(TITLE, (Words(zh=f"未能评分，见 {log}", en=f"there is no score; see {log}"),))


def told(scores: list[dict[str, Any]]) -> Table:
    """The answer of `python -m citysim score --json` as a table."""
    accounts = [one["account"] for one in scores]
    bad, caught, refused = (sum(one[name] for one in accounts) for name in ("bad", "bad_caught", "good_refused"))
    missed = [f"{one['stream']} -> {one['dataset']}: {said}" for one in scores for said in one["missed"]]
    perfect = sum(not one["missed"] for one in scores)
    return Table(
        TITLE,
        lines=(
            Words(
                zh=f"{len(scores)} 项（数据流 × 数据集）中 {perfect} 项全部达标；"
                f"{bad} 条人为破坏的记录查出 {caught} 条，误拒 {refused} 条。",
                en=f"{perfect} of {len(scores)} streams by dataset meet every goal; of {bad} records made bad on"
                f" purpose {caught} were caught, and {refused} good ones were refused.",
            ),
            *(Words(zh=said, en=said) for said in missed),
        ),
        columns=_COLUMNS,
        rows=tuple(_row(one) for one in scores),
    )


def _row(one: dict[str, Any]) -> tuple[Cell, ...]:
    account, place = one["account"], one["place"]
    return (
        one["stream"],
        one["dataset"],
        account["served"],
        f"{account['recall']:.4f}",
        f"{one['precision']:.4f}",
        None if place is None else f"{place['p95_error_m']:.2f}",
        None if place is None else f"{place['own_p95_error_m']:.3f}",
        account["bad"],
        account["bad_caught"],
        account["good_refused"],
    )
