"""`hutong contract`: what contracts say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hutong.cli.show import json_option, show
from hutong.cli.words import LANG, say
from hutong.errors import AskedWrongly, RegistryError

if TYPE_CHECKING:
    from hutong.model.dataset import Dataset
    from hutong.schema.compare import Difference, Effect

EFFECTS = {
    "breaking": say("breaking", "破坏性"),
    "additive": say("additive", "增补"),
    "documentation": say("documentation", "仅说明"),
}
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(help=say("What contracts say (reads files).", "查看数据契约（读取文件）。"))
def contract() -> None:
    """Group the commands about contracts."""


@contract.command(
    help=say(
        "Say field by field what the contract NEW changes in OLD, and which version it needs. Exit code: 0 when nothing"
        " breaks, 1 when something does.",
        "逐字段说明契约 NEW 相对 OLD 的变化，以及所需的版本号。退出码：无破坏性变化为 0，有则为 1。",
    )
)
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@json_option
def diff(old: Path, new: Path, as_json: bool) -> None:
    """Compare two versions of a contract."""
    from hutong.schema.compare import compare, effect_of

    before, after = _read(old), _read(new)
    if before.contract != after.contract:
        raise AskedWrongly(
            f"{old} is the contract of {before.contract}, {new} that of {after.contract}",
            "name two versions of one contract",
        )
    differences = compare(before, after)
    effect = effect_of(differences)
    if differences or as_json:
        columns = ["place", "change", "before", "after", "effect", "why"]
        if as_json:
            # Names for programs: the same in every language.
            show([*columns, "kind"], ([*_row(one, one.effect), one.name] for one in differences), as_json)
        else:
            show(columns, (_row(one, EFFECTS[one.effect]) for one in differences))
    click.echo(_verdict(effect, before, after), err=True)
    if effect == "breaking":
        raise SystemExit(1)


def _read(path: Path) -> Dataset:
    from hutong.registry.contracts import read_contract

    try:
        return read_contract(path)
    except RegistryError as wrong:
        raise AskedWrongly(str(wrong), "mend the file, or name another") from None


def _row(one: Difference, effect: str) -> list[str | None]:
    what, why = (one.kind.what.zh, one.kind.why.zh) if LANG == "zh" else (one.kind.what.en, one.kind.why.en)
    return [one.place, what, one.before, one.after, effect, why]


def _verdict(effect: Effect | None, before: Dataset, after: Dataset) -> str:
    from hutong.schema.compare import next_version, order

    if effect is None:
        return say("the two say the same", "两份契约含义相同")
    needed = next_version(before.version, effect)
    if order(after.version) >= order(needed):
        return say(
            f"{EFFECTS[effect]}; {before.version} -> {after.version} says so",
            f"{EFFECTS[effect]}；版本号 {before.version} → {after.version} 与之相符",
        )
    return say(
        f"{EFFECTS[effect]}; raise the version from {before.version} to {needed}, it is {after.version}",
        f"{EFFECTS[effect]}；版本号应由 {before.version} 升为 {needed}，现为 {after.version}",
    )
