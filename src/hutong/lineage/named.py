"""What things are called in OpenLineage: by the addresses at which they lie, so that others call them the same.

Source: OpenLineage's naming conventions, by the classes of openlineage-python.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from openlineage.client.naming.dataset import S3, DatasetNaming, LocalFileSystem, RemoteFileSystem

from hutong.model.connector import Connector
from hutong.model.endpoint import Database, DropFolder, Http, Soap
from hutong.registry import Source
from hutong.store.paths import Place
from hutong.store.s3 import SCHEME


class Named(NamedTuple):
    """A dataset's two names, and the address that they are made of; none of them holds a secret."""

    namespace: str
    name: str
    uri: str


def of_table(place: Place) -> Named:
    """The table at `place`, by its own address in the store."""
    if place.uri.startswith(SCHEME):
        bucket, _, key = place.uri.removeprefix(SCHEME).partition("/")
        return _named(S3(bucket, key), place.uri)
    path = Path(place.uri).absolute()
    return _named(LocalFileSystem(str(path)), path.as_uri())


def of_endpoint(source: Source, city: str) -> Named:
    """What the stream asks of the platform of `city`: host and path, a folder, or a table of a database.

    Questions that several streams put to one path differ in their parameters, which may hold keys; these endpoints have
    the stream's name behind a `#`.
    """
    connector, endpoint = source.connector.at(city), source.stream.endpoint
    at = urlsplit(connector.address)
    # Whoever the address lets in is not part of where it is.
    host = f"{at.hostname}:{at.port}" if at.port else at.hostname or ""
    if isinstance(endpoint, DropFolder):
        path = f"{at.path.rstrip('/')}/{endpoint.pattern}".replace("{city}", city)
        return _named(RemoteFileSystem(host, path) if host else LocalFileSystem(path), f"file://{host}{path}")
    if isinstance(endpoint, Database):
        scheme = "postgres" if at.scheme == "postgresql" else at.scheme
        namespace, name = f"{scheme}://{host}", f"{at.path.strip('/')}.{endpoint.table}"
        return Named(namespace, name, f"{namespace}/{name}")
    asked = endpoint.path.replace("{city}", city)
    if not asked.startswith(("http://", "https://")):
        asked = f"{at.scheme}://{host}{at.path.rstrip('/')}/{asked.lstrip('/')}"
    # A declared path may be a full address of its own.
    whole = urlsplit(asked)
    namespace = f"{whole.scheme}://{whole.hostname}" + (f":{whole.port}" if whole.port else "")
    name = whole.path + (f"#{source.name}" if _asked(connector)[endpoint.path] > 1 else "")
    return Named(namespace, name, namespace + name)


def _asked(connector: Connector) -> Counter[str]:
    """Path -> how many streams ask it."""
    endpoints = [stream.endpoint for stream in connector.streams.values()]
    return Counter(endpoint.path for endpoint in endpoints if isinstance(endpoint, Http | Soap))


def _named(naming: DatasetNaming, uri: str) -> Named:
    return Named(naming.get_namespace(), naming.get_name(), uri)
