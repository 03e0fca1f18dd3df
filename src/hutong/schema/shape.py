"""The fields and types that the JSON Schema of a raw record declares, told apart from everything else it demands.

Source: JSON Schema, draft 2020-12. What it says in several places of one value (`$ref`, `allOf`, `anyOf`, `oneOf`,
`if`, `dependentSchemas`) is put together so that nothing is called undeclared that any of them names, and no type
wrong that some way of reading the schema allows. References to other documents, and of a schema to itself, say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from hutong.model.connector import JsonSchema

JSON_TYPES = frozenset({"object", "array", "string", "boolean", "null", "number", "integer"})
_PYTHON_TYPES = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    type(None): "null",
    int: "integer",
    float: "number",
}


@dataclass(frozen=True)
class Shape:
    """What is declared of one value.

    types: the JSON types it may have; who may be a number may be an integer. fields: those of an object; None where
    nothing is said of them. is_map: names beyond `fields` are declared too, by a pattern or by what they hold.
    first, others: the elements of a list by their place, and those that come behind them. values: the only ones it may
    have; None where any may come. low, high: bounds of a number, as far as they are certain. said: titles and
    descriptions. passes: the Python types of which any value is as declared, so that it need not be looked into.
    """

    types: frozenset[str] = JSON_TYPES
    fields: Mapping[str, Shape] | None = None
    is_map: bool = False
    first: tuple[Shape, ...] = ()
    others: Shape | None = None
    values: tuple[Any, ...] | None = None
    low: float | None = None
    high: float | None = None
    said: tuple[str, ...] = ()
    passes: frozenset[type] = field(init=False)

    def __post_init__(self) -> None:
        looked_into = {"object": self.fields is not None, "array": bool(self.first) or self.others is not None}
        passes = {kind for kind, name in _PYTHON_TYPES.items() if name in self.types and not looked_into.get(name)}
        object.__setattr__(self, "passes", frozenset(passes))

    @property
    def is_open(self) -> bool:
        """Whether an object may have fields that are not in `fields`."""
        return self.fields is None or self.is_map

    def element(self, place: int) -> Shape:
        """What is declared of the element of a list at `place`."""
        return self.first[place] if place < len(self.first) else self.others or ANYTHING

    @cached_property
    def inside(self) -> Shape:
        """What is declared of every element of a list; or of the value itself, which may stand for a list of one."""
        ways = [_either([*self.first, self.others or ANYTHING])] if "array" in self.types else []
        if "object" in self.types and (self.fields is not None or not ways):
            ways.append(self)
        return _either(ways)

    def closed(self) -> JsonSchema:
        """A JSON Schema that refuses fields which are not declared, and nothing else."""
        found: JsonSchema = {}
        if self.fields is not None:
            found["properties"] = {name: shape.closed() for name, shape in self.fields.items()}
        if not self.is_open:
            found["additionalProperties"] = False
        if self.first:
            found["prefixItems"] = [shape.closed() for shape in self.first]
        if self.others is not None:
            found["items"] = self.others.closed()
        return found


ANYTHING = Shape()


def json_type(value: Any) -> str:
    """The JSON type of `value`; 5.0 is an integer, as JSON Schema has it.

    >>> json_type(5.0), json_type(True)
    ('integer', 'boolean')
    """
    return "integer" if type(value) is float and value.is_integer() else _PYTHON_TYPES[type(value)]


def shape_of(schema: JsonSchema) -> Shape:
    """What `schema` declares of a record."""
    return _shape(schema, schema, frozenset({"#"}))


def untyped(shape: Shape) -> Shape:
    """The fields of `shape`, which may hold anything: for XML, where every value is text."""
    return _either([shape, ANYTHING])


def strict(schema: JsonSchema, shape: Shape) -> JsonSchema:
    """A schema that wants what `schema` wants, and refuses fields that it does not declare."""
    # With an id of its own the schema stays a document, in which its references find what they point at.
    return {"allOf": [{"$id": "urn:hutong:record", **schema}, shape.closed()]}


def _shape(schema: Any, root: JsonSchema, above: frozenset[str]) -> Shape:
    """above: references that led here, which may not lead here again."""
    if not isinstance(schema, dict):
        return ANYTHING
    inside = [_own(schema, root, above)]
    reference = schema.get("$ref")
    if reference is not None and reference not in above:
        inside.append(_shape(_target(reference, root), root, above | {reference}))
    inside += [_shape(part, root, above) for part in schema.get("allOf", ())]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            inside.append(_either([_shape(part, root, above) for part in schema[key]]))
    conditional = [schema[key] for key in ("if", "then", "else") if key in schema]
    for part in (*conditional, *schema.get("dependentSchemas", {}).values()):
        # It may hold or not.
        inside.append(untyped(_shape(part, root, above)))
    return _all(inside)


def _own(schema: JsonSchema, root: JsonSchema, above: frozenset[str]) -> Shape:
    """What the schema says itself."""
    named, fields = schema.get("type"), schema.get("properties")
    rest = [schema.get(key) for key in ("additionalProperties", "unevaluatedProperties")]
    types = JSON_TYPES if named is None else frozenset([named] if isinstance(named, str) else named)
    if "number" in types:
        types |= {"integer"}
    return Shape(
        types=types,
        fields=None if fields is None else {name: _shape(part, root, above) for name, part in fields.items()},
        is_map="patternProperties" in schema or any(isinstance(part, dict) and part for part in rest),
        first=tuple(_shape(part, root, above) for part in schema.get("prefixItems", ())),
        others=_shape(schema["items"], root, above) if "items" in schema else None,
        values=_values(schema, types),
        low=_most(max, [schema.get("minimum"), schema.get("exclusiveMinimum")]),
        high=_most(min, [schema.get("maximum"), schema.get("exclusiveMaximum")]),
        said=tuple(schema[word] for word in ("title", "description") if isinstance(schema.get(word), str)),
    )


def _values(schema: JsonSchema, types: frozenset[str]) -> tuple[Any, ...] | None:
    if "const" in schema:
        return (schema["const"],)
    if "enum" in schema:
        return tuple(schema["enum"])
    return (None,) if types == {"null"} else None


def _most(which: Callable[[list[float]], float], bounds: Iterable[Any]) -> float | None:
    numbers = [one for one in bounds if isinstance(one, int | float) and not isinstance(one, bool)]
    return which(numbers) if numbers else None


def _is_among(value: Any, values: Iterable[Any]) -> bool:
    """By type and value: 1 is 1.0, but not true."""
    return any(json_type(value) == json_type(one) and value == one for one in values)


def _target(reference: str, root: JsonSchema) -> Any:
    """What a JSON pointer within the document leads to; None for other references, and where nothing stands."""
    if not reference.startswith("#/"):
        return root if reference == "#" else None
    here: Any = root
    for part in reference[2:].split("/"):
        here = here.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(here, dict) else None
    return here


def _all(shapes: list[Shape]) -> Shape:
    """What `shapes` say together when each of them holds."""
    if len(shapes) == 1:
        return shapes[0]
    described = [shape.fields for shape in shapes if shape.fields is not None]
    fields = {name: _all([each[name] for each in described if name in each]) for name in _names(described)}
    others = [shape.others for shape in shapes if shape.others is not None]
    return Shape(
        types=frozenset.intersection(*(shape.types for shape in shapes)),
        fields=fields if described else None,
        is_map=any(shape.is_map for shape in shapes),
        first=tuple(_all(list(places)) for places in _places(shapes)),
        others=_all(others) if others else None,
        values=_common([shape.values for shape in shapes if shape.values is not None]),
        low=_most(max, [shape.low for shape in shapes]),
        high=_most(min, [shape.high for shape in shapes]),
        said=tuple(dict.fromkeys(text for shape in shapes for text in shape.said)),
    )


def _common(several: list[tuple[Any, ...]]) -> tuple[Any, ...] | None:
    if not several:
        return None
    first, *others = several
    return tuple(value for value in first if all(_is_among(value, values) for values in others))


_SPOKEN_OF = ("object", "array", "integer")


def _either(shapes: list[Shape]) -> Shape:
    """What `shapes` say together when it is not known which of them holds."""
    if len(shapes) == 1 and _says_no_more_than_it_can(shapes[0]):
        # Most often there is one, and below it a whole record.
        return shapes[0]
    # Whoever cannot be an object says nothing of fields, such as the null of an object that may be null.
    objects, lists, numbers = ([shape for shape in shapes if kind in shape.types] for kind in _SPOKEN_OF)
    described = [shape.fields or {} for shape in objects]
    fields = {name: _either([each.get(name, ANYTHING) for each in described]) for name in _names(described)}
    others = [shape.others or ANYTHING for shape in lists]
    named, lows, highs = [shape.values for shape in shapes], [one.low for one in numbers], [one.high for one in numbers]
    return Shape(
        types=frozenset.union(*(shape.types for shape in shapes)),
        fields=fields if any(shape.fields is not None for shape in objects) else None,
        is_map=any(shape.is_map for shape in objects),
        first=tuple(_either(list(places)) for places in _places(lists)),
        others=_either(others) if any(other is not ANYTHING for other in others) else None,
        values=None if None in named else tuple(value for values in named for value in values or ()),
        low=None if None in lows else _most(min, lows),
        high=None if None in highs else _most(max, highs),
        said=tuple(dict.fromkeys(text for shape in shapes for text in shape.said)),
    )


def _says_no_more_than_it_can(shape: Shape) -> bool:
    """Whether nothing is said of fields, elements or bounds of what can have none."""
    is_object, is_list, is_number = (kind in shape.types for kind in _SPOKEN_OF)
    return (
        (is_object or (shape.fields is None and not shape.is_map))
        and (is_list or (not shape.first and shape.others is None))
        and (is_number or (shape.low is None and shape.high is None))
    )


def _names(described: Iterable[Mapping[str, Shape]]) -> list[str]:
    return list(dict.fromkeys(name for each in described for name in each))


def _places(shapes: list[Shape]) -> Iterator[tuple[Shape, ...]]:
    """What each of `shapes` says of the first elements of a list, place by place."""
    longest = max((len(shape.first) for shape in shapes), default=0)
    return zip(*([shape.element(place) for place in range(longest)] for shape in shapes), strict=True)
