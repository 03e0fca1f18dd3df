"""The names of the secrets that connectors ask for. What a secret is stands nowhere in the registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_type_hints

from pydantic import BaseModel

from hutong.model.auth import PEM, NameOrPem
from hutong.model.connector import Connector
from hutong.model.declared import SecretName


def secrets_of(connector: Connector) -> list[str]:
    """Every secret that `connector` names, of each of its cities, once."""
    found: dict[str, None] = {}
    for city in connector.cities:
        one = connector.at(city)
        for part in (one.auth, one.tls):
            if part is not None:
                found |= dict.fromkeys(_named_in(part))
    return list(found)


def _named_in(declared: BaseModel) -> Iterator[str]:
    for field, hint in get_type_hints(type(declared), include_extras=True).items():
        kinds, value = (hint, *get_args(hint)), getattr(declared, field, None)
        is_named = SecretName in kinds or (NameOrPem in kinds and PEM not in str(value))
        if is_named and value is not None:
            yield value
