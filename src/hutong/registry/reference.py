"""The reference pages of what connectors and mappings may declare, made from the models' own docstrings.

python -m hutong.registry.reference connector > docs/connector-reference.md
python -m hutong.registry.reference mapping > docs/mapping.md
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent
from types import ModuleType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from hutong.model import mapping, path
from hutong.model.connector import Connector
from hutong.model.described import described
from hutong.model.mapping import Mapping, Reads

CONNECTOR = """# What a connector may declare

Made from the models by `make docs`. How to write one: [connectors.md](connectors.md). A key in **bold** must be stated.
"""

MAPPING = """# The mapping language 映射语言

{language}

`hutong check` holds a mapping against the schema of the raw record, the contracts and the code tables before any data
is read, and names file, line and next step: paths and types, units, coordinate systems, zones, codes, columns that
nothing fills or two rules fill, parts that leave records nowhere, marks for "unavailable" that look like measurements.

Made from the models by `make docs`. A key in **bold** must be stated. In the examples `contract` holds type and unit of
the columns, `crosswalks` the tables beside the mapping, `record` what a platform sent, and `row` or `made` what becomes
of it.

## Paths 路径

{paths}

## Every rule 每条规则

{common}
"""

_WORDS = {
    "Mapping": "映射",
    "Rows": "数据集的行",
    "When": "分流条件",
    "Crs": "记录自述的坐标系",
    "text": "文本",
    "number": "数值",
    "quantity": "物理量",
    "rate": "比率",
    "time": "时刻",
    "elapsed": "时间差",
    "angle": "方向角",
    "point": "点",
    "line": "线",
    "area": "面",
    "code": "代码",
    "id": "标识",
    "flag": "是否",
    "bit": "状态位",
    "const": "常量",
    "stake": "桩号",
    "duration": "时长",
    "pseudonym": "假名",
}
"""Chinese beside the headings of the mapping language."""
_KINDS = ("type", "transport", "rule")
"""Keys by which a model is chosen from several."""
_EXAMPLE = re.compile(r"^Example:(.*)\n((?:[ ]{4}.*\n?|\n)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """An example in a docstring: what it shows, and its YAML."""

    title: str
    text: str


def connector_reference() -> str:
    """The page of connectors, as Markdown."""
    return _page(CONNECTOR, Connector)


def mapping_reference() -> str:
    """The page of mappings, as Markdown."""
    common = "\n".join(_key(Reads, name, info) for name, info in Reads.model_fields.items())
    return _page(MAPPING.format(language=_body(mapping), paths=_body(path), common=common), Mapping)


PAGES = {"connector": connector_reference, "mapping": mapping_reference}


def reachable(model: type[BaseModel]) -> list[type[BaseModel]]:
    """`model` and every model below it, each once, in the order in which a reader meets them."""
    return _reachable(model, [])


def examples(model: type[BaseModel]) -> list[Example]:
    """The examples in the docstring of `model`."""
    return [Example(found[1].strip(), dedent(found[2]).strip()) for found in _EXAMPLE.finditer(_docstring(model))]


def _page(head: str, root: type[BaseModel]) -> str:
    return "\n".join([head, *(_section(model) for model in reachable(root))])


def _reachable(model: type[BaseModel], known: list[type[BaseModel]]) -> list[type[BaseModel]]:
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
    lines = [f"## {_heading(model)}", "", *_paragraphs(_EXAMPLE.sub("", _docstring(model))), ""]
    for name, info in model.model_fields.items():
        if not _is_kind(name, info) and not (issubclass(model, Reads) and name in Reads.model_fields):
            lines.append(_key(model, name, info))
    for example in examples(model):
        lines += ["", f"For example, {example.title}:" if example.title else "For example:", ""]
        lines += ["```yaml", example.text, "```"]
    return "\n".join([*lines, ""])


def _key(model: type[BaseModel], name: str, info: FieldInfo) -> str:
    key = info.alias or name
    said = f"**`{key}`**" if info.is_required() else f"`{key}` ({_default(info)})"
    words = described(model, name)
    return f"- {said}: {_plain(words)}" if words else f"- {said}"


def _heading(model: type[BaseModel]) -> str:
    """What it is and the kind by which it is chosen, or else its name."""
    for name, info in model.model_fields.items():
        if _is_kind(name, info):
            (kind,) = get_args(info.annotation)
            if name == "rule":
                return f"`rule: {kind}` {_WORDS[kind]}"
            return f"{model.__module__.rpartition('.')[2]} · `{name}: {kind}`"
    return f"{model.__name__} {_WORDS[model.__name__]}" if model.__module__ == mapping.__name__ else model.__name__


def _is_kind(name: str, info: FieldInfo) -> bool:
    return name in _KINDS and len(get_args(info.annotation)) == 1


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    return f"`{json.dumps(to_jsonable_python(value), ensure_ascii=False)}`"


def _docstring(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "")


def _body(module: ModuleType) -> str:
    """The docstring of `module` without its first line."""
    return inspect.cleandoc(module.__doc__ or "").partition("\n\n")[2]


def _paragraphs(text: str) -> list[str]:
    """The paragraphs of `text`, each on one line, with empty lines between."""
    found = [_plain(part) for part in re.split(r"\n\s*\n", text.strip())]
    return [line for part in found for line in (part, "")][:-1]


def _plain(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split())


if __name__ == "__main__":
    sys.stdout.write(PAGES[sys.argv[1]]())
