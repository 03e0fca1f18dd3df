"""What pydantic finds wrong in a declared file, in words that help: the nearest key, the possible values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel

from hutong.errors import nearest
from hutong.model.described import described


def said(error: Any, kind: type[BaseModel]) -> str:
    """One of pydantic's errors, met while reading a `kind`, as a sentence."""
    loc: Sequence[str | int] = error["loc"]
    last = str(loc[-1]) if loc else "the file"
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key '{last}'; {nearest(last, _known_keys(kind, loc[:-1]))}"
        case "missing":
            described = _description(kind, loc)
            return f"'{last}' is missing; state it" + (f": {described}" if described else "")
        case "union_tag_not_found":
            return f"{last}: state its {_bare(error['ctx']['discriminator'])}"
        case "union_tag_invalid":
            tag, known = error["ctx"]["tag"], map(_bare, error["ctx"]["expected_tags"].split(", "))
            return f"{last}: there is no {_bare(error['ctx']['discriminator'])} '{tag}'; {nearest(tag, known)}"
        case "literal_error":
            known = map(_bare, error["ctx"]["expected"].replace(" or ", ", ").split(", "))
            return f"{last}: {error['input']!r} is not possible; {nearest(str(error['input']), known)}"
        case _ if loc and loc[0] in ("auth", "tls"):
            # What was written there may be the secret itself.
            reason = "write the name of a secret here: small letters, digits and _"
            is_name = error["type"] == "string_pattern_mismatch"
            return f"{last}: {reason if is_name else error['msg'].removeprefix('Value error, ')}"
        case _:
            reason = error["msg"].removeprefix("Value error, ")
            return f"{last}: {reason[0].lower()}{reason[1:]}, found {error['input']!r}"


def _description(kind: type[BaseModel], loc: Sequence[str | int]) -> str:
    """The first sentence of what the model says of the key at `loc`."""
    for model in _models_along(kind, loc[:-1]):
        for name, info in model.model_fields.items():
            if loc[-1] in (name, info.alias) and (words := described(model, name)):
                return " ".join(words.split()).partition(". ")[0].rstrip(".")
    return ""


def _bare(word: str) -> str:
    return word.strip("'_")


def _known_keys(kind: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Keys that are allowed at `loc` below `kind`."""
    here = _models_along(kind, loc)
    return sorted({info.alias or name for model in here for name, info in model.model_fields.items()})


def _models_along(kind: type[BaseModel], loc: Sequence[str | int]) -> list[type[BaseModel]]:
    """The models that may stand at `loc` below `kind`."""
    here = [kind]
    for part in loc:
        below = [model for parent in here for model in _models_at(parent, part)]
        # pydantic also names the branch of a union, by its tag; that is a step within the same models.
        here = below or [model for model in here if part in _tags(model)] or here
    return here


def _models_at(parent: type[BaseModel], part: str | int) -> list[type[BaseModel]]:
    infos = [info for name, info in parent.model_fields.items() if part in (name, info.alias)]
    return [model for info in infos for model in _models_in(info.annotation)]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    found = [model.model_fields[name] for name in ("rule", "type", "transport", "form") if name in model.model_fields]
    return get_args(found[0].annotation) if found else ()
