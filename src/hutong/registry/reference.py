"""The reference page of what a connector may declare, made from the models' own docstrings.

python -m hutong.registry.reference > docs/connector-reference.md
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hutong.model.connector import Connector

HEAD = """# What a connector may declare

Made from the models by `make docs`. How to write one: [connectors.md](connectors.md). A key in **bold** must be stated.
"""


def reference() -> str:
    """The page, as Markdown."""
    return "\n".join([HEAD, *(_section(model) for model in _reachable(Connector, []))])


def _reachable(model: type[BaseModel], known: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """`model` and every model below it, each once, in the order in which a reader meets them."""
    if model in known:
        return known
    known.append(model)
    for info in model.model_fields.values():
        for below in _models(info.annotation):
            _reachable(below, known)
    return known


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _section(model: type[BaseModel]) -> str:
    lines = [f"## {_heading(model)}", "", _plain(model.__doc__ or ""), ""]
    for name, info in model.model_fields.items():
        if _is_kind(name, info):
            continue
        key = info.alias or name
        said = f"**`{key}`**" if info.is_required() else f"`{key}` ({_default(info)})"
        lines.append(f"- {said}: {_plain(info.description)}" if info.description else f"- {said}")
    return "\n".join([*lines, ""])


def _heading(model: type[BaseModel]) -> str:
    """What it is and the kind by which it is chosen, or else its name."""
    for name, info in model.model_fields.items():
        if _is_kind(name, info):
            return f"{model.__module__.rpartition('.')[2]} · `{name}: {get_args(info.annotation)[0]}`"
    return model.__name__


def _is_kind(name: str, info: FieldInfo) -> bool:
    return name in ("type", "transport") and len(get_args(info.annotation)) == 1


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    return f"`{json.dumps(to_jsonable_python(value), ensure_ascii=False)}`"


def _plain(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split())


if __name__ == "__main__":
    sys.stdout.write(reference())
