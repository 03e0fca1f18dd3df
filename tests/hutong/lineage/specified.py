"""The JSON Schema of OpenLineage's events, from the classes that openlineage-python generates from its specification.

Stricter than the specification where that leaves room: a facet holds nothing that its class does not know, and stands
under the key and in the place that the specification gives it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import attr
from jsonschema import Draft202012Validator, FormatChecker
from openlineage.client import generated
from openlineage.client.generated import base

FORMATS = {"runId": "uuid", "eventTime": "date-time", "nominalStartTime": "date-time", "nominalEndTime": "date-time"}
FORMATS |= {"producer": "uri", "schemaURL": "uri", "_producer": "uri", "_schemaURL": "uri", "uri": "uri"}
VALUES = {"eventType": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]}
# In the specification as texts whose description lists what may stand there.
VALUES |= {"Transformation.type": ["DIRECT", "INDIRECT"], "processingType": ["BATCH", "STREAMING", "SERVICE"]}
SUBTYPES = {
    "DIRECT": ["IDENTITY", "TRANSFORMATION", "AGGREGATION"],
    "INDIRECT": ["JOIN", "GROUP_BY", "FILTER", "SORT", "WINDOW", "CONDITIONAL"],
}
KEYS = {"Datasource": "dataSource", "DatasetVersion": "version", "ProcessingEngine": "processing_engine"}
"""Facets that stand under another key than the name of their class."""
PLACES = {
    "facets": {
        "Run": base.RunFacet,
        "Job": base.JobFacet,
        "InputDataset": base.DatasetFacet,
        "OutputDataset": base.DatasetFacet,
    },
    "inputFacets": {"InputDataset": base.InputDatasetFacet},
    "outputFacets": {"OutputDataset": base.OutputDatasetFacet},
}


def _facets(of: type) -> dict[str, type]:
    found = {}
    for module in pkgutil.iter_modules(generated.__path__):
        inside = importlib.import_module(f"{generated.__name__}.{module.name}")
        for _, kind in inspect.getmembers(inside, inspect.isclass):
            if issubclass(kind, of) and kind is not of and kind.__module__ == inside.__name__:
                name = kind.__name__.removesuffix("Facet")
                for end in ("InputDataset", "OutputDataset", "Dataset", "Run", "Job"):
                    name = name.removesuffix(end)
                found[KEYS.get(name, name[0].lower() + name[1:])] = kind
    return found


class _Schemas:
    def __init__(self) -> None:
        self.defs: dict[str, Any] = {}

    def of(self, kind: Any, name: str, owner: str) -> dict[str, Any]:
        if f"{owner}.{name}" in VALUES or name in VALUES:
            return {"enum": VALUES.get(f"{owner}.{name}") or VALUES[name]}
        origin, inside = typing.get_origin(kind), typing.get_args(kind)
        if origin in (types.UnionType, typing.Union):
            return self.of(next(one for one in inside if one is not type(None)), name, owner)
        if name in PLACES and owner in PLACES[name]:
            known = _facets(PLACES[name][owner])
            properties = {key: self.ref(facet) for key, facet in known.items()}
            return {"type": "object", "properties": properties, "additionalProperties": False}
        if origin is list:
            return {"type": "array", "items": self.of(inside[0], name, owner)}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(inside[1], name, owner)}
        if attr.has(kind):
            return self.ref(kind)
        plain = {str: "string", bool: "boolean", int: "integer", float: "number"}.get(kind)
        found = {"type": plain} if plain else {}
        return found | ({"format": FORMATS[name]} if name in FORMATS else {})

    def ref(self, kind: type) -> dict[str, Any]:
        key = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
        if key not in self.defs:
            self.defs[key] = {}  # for those within themselves
            self.defs[key] = self.made(kind)
        return {"$ref": f"#/$defs/{key}"}

    def made(self, kind: type) -> dict[str, Any]:
        hints = typing.get_type_hints(kind)
        fields = attr.fields(kind)
        properties = {one.name: self.of(hints[one.name], one.name, kind.__name__) for one in fields}
        required = [one.name for one in fields if one.default is attr.NOTHING]
        required += [name for name in ("_producer", "_schemaURL", "producer", "schemaURL") if name in properties]
        if "_schemaURL" in properties:
            properties["_schemaURL"] = {"const": kind._get_schema()}
        if kind.__name__ == "Transformation":
            ways = [{"properties": {"type": {"const": one}, "subtype": {"enum": sub}}} for one, sub in SUBTYPES.items()]
            return {"type": "object", "properties": properties, "required": ["type", "subtype"], "anyOf": ways}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def specification() -> Draft202012Validator:
    """What an event must be."""
    schemas = _Schemas()
    top = schemas.ref(base.RunEvent)
    checker = FormatChecker()

    @checker.checks("date-time", raises=ValueError)
    def _instant(value: Any) -> bool:
        return datetime.fromisoformat(value).tzinfo is not None

    @checker.checks("uri")
    def _uri(value: Any) -> bool:
        return bool(urlsplit(value).scheme)

    return Draft202012Validator({**top, "$defs": schemas.defs}, format_checker=checker)
