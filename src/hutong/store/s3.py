"""What an S3-compatible store wants to be opened with, by delta-rs, by polars and by Arrow."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from hutong.errors import AskedWrongly, SecretMissing, SecretUnset
from hutong.secrets import Secrets
from hutong.settings import Settings

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

SCHEME = "s3://"

# The names are object_store's, which delta-rs and polars share.
_ID, _KEY, _ENDPOINT, _REGION = "aws_access_key_id", "aws_secret_access_key", "aws_endpoint", "aws_region"
_SECRETS = {_ID: "lake_access_key_id", _KEY: "lake_secret_access_key"}


def options(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """How delta-rs and polars reach the store that `settings` name.

    Where neither of the two secrets is set, both find credentials as Amazon's tools do: AWS_ACCESS_KEY_ID and its
    kin, then the machine's role.
    Raises SecretMissing when one of the two is set alone or unusable, AskedWrongly when the endpoint is no address.
    """
    found = {
        _REGION: settings.lake_region or "us-east-1",
        # Two writers of one version: the store itself must refuse the second (If-None-Match).
        "aws_conditional_put": "etag",
        # A store that is silent is given up after a minute. The library's own tries, with growing pauses, lie within.
        "retry_timeout": "60s",
        **_credentials(secrets),
    }
    endpoint = settings.lake_endpoint
    if endpoint is not None:
        if not endpoint.startswith(("http://", "https://")):
            raise AskedWrongly(
                f"HUTONG_LAKE_ENDPOINT is no address: '{endpoint}'", "write it as http://host:port or https://host"
            )
        found[_ENDPOINT] = endpoint.rstrip("/")
        if endpoint.startswith("http://"):
            found["aws_allow_http"] = "true"
    return found


def credentials(options: Mapping[str, str]) -> dict[str, str]:
    """The texts in `options` that nobody may read -> the names of the secrets that they are."""
    return {options[option]: name for option, name in _SECRETS.items() if option in options}


def holds_anything(address: str, options: Mapping[str, str]) -> bool:
    """Whether any object lies under `address`."""
    from pyarrow.fs import FileSelector

    return bool(filesystem(options).get_file_info(FileSelector(address.removeprefix(SCHEME), allow_not_found=True)))


def filesystem(options: Mapping[str, str]) -> S3FileSystem:
    """The same store as a native filesystem of Arrow's; its paths begin with the bucket."""
    from pyarrow.fs import S3FileSystem

    return S3FileSystem(
        access_key=options.get(_ID),
        secret_key=options.get(_KEY),
        endpoint_override=options.get(_ENDPOINT),
        region=options[_REGION],
        connect_timeout=5,
        request_timeout=30,
    )


def _credentials(secrets: Secrets) -> dict[str, str]:
    found: dict[str, str] = {}
    for option, name in _SECRETS.items():
        with contextlib.suppress(SecretUnset):
            found[option] = secrets(name).reveal()
    if len(found) == 1:
        missing = next(name for option, name in _SECRETS.items() if option not in found)
        raise SecretMissing(
            f"the secret '{missing}' is not set, but the other one of the lake's two is",
            "set both, or neither where AWS_ACCESS_KEY_ID or the machine's role gives access",
        )
    return found
