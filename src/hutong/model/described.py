"""What stands below a field of a model, in its source: for the reference pages, and for whoever left the field out.

pydantic can read it too, but does so for every model when it is imported, and Airflow waits for that at each parse.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from itertools import pairwise
from textwrap import dedent

from pydantic import BaseModel


def described(model: type[BaseModel], name: str) -> str:
    """The words below the field `name` of `model`, or of the model that it takes the field from; empty if none are."""
    families = (one for one in model.__mro__ if issubclass(one, BaseModel) and one is not BaseModel)
    return next((words[name] for one in families if name in (words := _below_fields(one))), "")


@cache
def _below_fields(model: type[BaseModel]) -> dict[str, str]:
    (declared,) = ast.parse(dedent(inspect.getsource(model))).body
    assert isinstance(declared, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(declared.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
