"""Records within a document: `data[].rsms[].participants[]`, and the fields of their parents that they carry.

A path is dotted names; `[]` behind a name opens the list there, and may be left out at the end. The empty path is the
document itself. `^` in a carried path climbs from the record to the
element that encloses it, one `^` for each `[]` that is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hutong.model.connector import Stream
from hutong.pages.collector import without_collector
from hutong.pages.document import document
from hutong.pages.garbled import Garbled

USUAL = {"geojson": "features", "cityjson": "CityObjects"}
"""Where a format keeps its records."""


def look(found: Any, path: str) -> Any:
    """What stands at the dotted `path` in `found`; None if a part of it is absent.

    >>> look({"data": {"total": 3}}, "data.total")
    3
    """
    for name in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def records(body: bytes, content_type: str, stream: Stream) -> list[dict[str, Any]]:
    """The records of one page, in its order, each with the fields that it carries.

    A page without a byte lands only where the platform said that it has no content (HTTP 204).
    Raises Garbled when the page cannot be read or the records are not where the connector says.
    """
    return select(document(body, content_type, stream), stream) if body else []


@without_collector()
def select(found: Any, stream: Stream, at: str | None = None) -> list[dict[str, Any]]:
    """The records of `stream` in the document `found`; or, without carried fields, what lies at the path `at`."""
    path = stream.data_selector or USUAL.get(stream.format.type, "")
    documents = found if stream.format.holds_several else [found]
    return [
        record
        for one in documents
        for record in (elements(one, path, stream.carry) if at is None else elements(one, at))
    ]


def elements(found: Any, path: str, carry: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The elements of the list at `path`, with carried fields. A list of one that came as an object counts as a list.

    >>> elements({"at": 7, "rows": [{"a": 1}]}, "rows", {"at": "^.at"})
    [{'a': 1, 'at': 7}]
    """
    steps = [step.strip(".") for step in path.removesuffix("[]").split("[]")]
    climbs = {name: (len(where) - len(where.lstrip("^")), where.lstrip("^.")) for name, where in (carry or {}).items()}
    selected: list[dict[str, Any]] = []
    _walk(found, steps, [], climbs, selected)
    return selected


def _walk(
    here: Any, steps: list[str], parents: list[Any], climbs: dict[str, tuple[int, str]], selected: list[dict[str, Any]]
) -> None:
    found = _list_at(here, steps[0], is_root=not parents)
    enclosing = [*parents, here]
    if len(steps) > 1:
        for element in found:
            _walk(element, steps[1:], enclosing, climbs, selected)
        return
    # The same for all elements of one list.
    carried = {name: look(enclosing[-up], path) for name, (up, path) in climbs.items()} if found else {}
    for element in found:
        # What is no object is kept as a record of its own, so that it is counted and refused instead of vanishing.
        record = element if isinstance(element, dict) else {"value": element}
        selected.append({**record, **carried} if carried else record)


def _list_at(here: Any, path: str, is_root: bool) -> list[Any]:
    """The list at `path`. Null and absent count as empty, but not where the answer has another shape than declared."""
    for name in path.split(".") if path else ():
        if here is None or here == "":
            return []
        if not isinstance(here, dict) or (is_root and name not in here):
            has = ", ".join(sorted(here)[:8]) if isinstance(here, dict) else "no names at all"
            raise Garbled(f"the answer has no '{name}'; it has {has or 'nothing'}")
        here, is_root = here.get(name), False
    if here is None or here == "":
        return []
    return here if isinstance(here, list) else [here]
