"""One declared file as a model, with the line of every problem.

YAML is read by its nodes, which know their lines. A key that stands twice is a problem, because YAML would silently
keep the last.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from hutong.registry.saying import said

Place = tuple[str | int, ...]

_SCALARS = yaml.SafeLoader("")
_TEXT = "tag:yaml.org,2002:str"
_MOST = 200_000
"""Places in one file, aliases followed."""


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """It asks for the kind of a scalar only where its first letter leaves a choice: Airflow waits for every parse."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and value and implicit[0] and value[0] not in self.yaml_implicit_resolvers:
            return _TEXT
        return super().resolve(kind, value, implicit)


class Problems(list[str]):
    """Problems met so far, each `path:line: message`."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def add(self, path: Path, line: int, said: str) -> None:
        """Note that `path` is wrong at `line` (from 1)."""
        self.append(f"{path.relative_to(self.root) if path.is_relative_to(self.root) else path}:{line}: {said}")


class File:
    """A YAML file: its data, its digest, and the line of each place in it."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path, self.problems = path, problems
        self.lines: dict[Place, int] = {}
        content = path.read_bytes()
        self.digest = hashlib.sha256(content).hexdigest()
        self.data: Any = None
        try:
            node = yaml.compose(content.decode("utf-8"), Loader=_Quick)
            self.data = None if node is None else self._value(node, ())
        except UnicodeDecodeError as wrong:
            problems.add(path, content[: wrong.start].count(b"\n") + 1, "the file is not UTF-8; save it as UTF-8")
        except RecursionError:
            problems.add(path, 1, "it is nested too deep, or holds itself; write fewer levels")
        except yaml.YAMLError as wrong:
            mark = getattr(wrong, "problem_mark", None)
            said = getattr(wrong, "problem", None) or str(wrong).splitlines()[0]
            problems.add(path, mark.line + 1 if mark else 1, f"not YAML: {said}")

    def _value(self, node: yaml.Node, place: Place) -> Any:
        if len(self.lines) > _MOST:
            raise yaml.MarkedYAMLError(problem="its aliases stand for more than a person can read; write them out")
        self.lines[place] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            found: dict[Any, Any] = {}
            for key_node, value_node in node.value:
                if not isinstance(key_node, yaml.ScalarNode):
                    raise yaml.MarkedYAMLError(problem="a key is no text", problem_mark=key_node.start_mark)
                # Only the key's text counts: YAML 1.1 reads a bare `on` or `no` as a truth value.
                key = key_node.value
                if key in found:
                    self.problems.add(
                        self.path, key_node.start_mark.line + 1, f"the key '{key}' stands twice; keep one of them"
                    )
                found[key] = self._value(value_node, (*place, key))
                self.lines[(*place, key)] = key_node.start_mark.line + 1
            return found
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*place, index)) for index, child in enumerate(node.value)]
        if node.tag == _TEXT:
            return node.value
        try:
            return _SCALARS.construct_object(node)
        except ValueError as wrong:
            raise yaml.MarkedYAMLError(
                problem=f"'{node.value[:40]}' cannot be read: {str(wrong)[:80]}", problem_mark=node.start_mark
            ) from None
        finally:
            _SCALARS.constructed_objects.clear()

    def line(self, *place: str | int) -> int:
        """Line of `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, said: str, *place: str | int) -> None:
        """Note a problem at `place`."""
        self.problems.add(self.path, self.line(*place), said)


def validated(file: File, kind: type[BaseModel]) -> Any:
    """The data of `file` as a `kind`; None, with the problems noted, if it is not one."""
    if file.data is None:
        if not any(str(file.path.name) in said for said in file.problems):
            file.problem("the file is empty")
        return None
    try:
        return kind.model_validate(file.data)
    except ValidationError as wrong:
        for error in wrong.errors(include_url=False):
            place = _inside(file, error["loc"])
            file.problem(said(error, kind), *place)
        return None


def _inside(file: File, loc: Sequence[str | int]) -> Place:
    """pydantic's place without the names of union branches, which stand in no file."""
    place: Place = ()
    for part in loc:
        if (*place, part) in file.lines:
            place = (*place, part)
    return place


def rows_of(path: Path, columns: Sequence[str], problems: Problems) -> list[dict[str, str]]:
    """The rows of a CSV table with exactly `columns`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            if list(reader.fieldnames or []) != list(columns):
                problems.add(
                    path, 1, f"the columns are {', '.join(reader.fieldnames or [])}; they must be {', '.join(columns)}"
                )
                return []
            found = []
            for row in reader:
                if None in row or None in row.values():
                    problems.add(path, reader.line_num, f"the row does not have {len(columns)} cells")
                else:
                    found.append(row)
            return found
    except UnicodeDecodeError:
        problems.add(path, 1, "the file is not UTF-8; save it as UTF-8")
        return []
