"""Secrets out of Airflow's Connections, and Airflow's masking for all of them.

A secret called `x` is the password of the Connection `hutong_x`. Airflow looks for that in its secrets backend (Vault,
a cloud's secret manager), then in its environment (AIRFLOW_CONN_HUTONG_X), then in its database.
"""

from __future__ import annotations

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from hutong.errors import SecretMissing, SecretUnset
from hutong.orchestrate.names import connection
from hutong.secrets import Secret, Secrets, first_of, resolver
from hutong.settings import Settings

UNMASKED = frozenset({"hutong"})
"""A user's name that many choose. Masked, it would be struck out of every line's logger; Airflow spares its own too."""


def secrets_of_task(settings: Settings) -> Secrets:
    """What a task of Airflow resolves secrets with: environment, file, then Connection.

    In this order a task finds what `hutong` on the same machine finds, and a Connection is asked for only when neither
    holds a secret: each question is a round trip to Airflow's API server. Airflow masks every one in the task's log.
    """
    resolve = first_of(resolver(settings), from_connection)

    def masked(name: str) -> Secret:
        secret = resolve(name)
        if secret.reveal() not in UNMASKED:
            mask_secret(secret.reveal())
        return secret

    return masked


def from_connection(name: str) -> Secret:
    """The password of the Connection `hutong_<name>`.

    Raises SecretUnset when there is no such Connection, and SecretMissing when it has no password or is not to be had.
    """
    id_ = connection(name)
    step = f"make the Connection '{id_}' in Airflow with the secret as its password"
    try:
        password = Connection.get(id_).password
    except AirflowNotFoundException:
        raise SecretUnset(f"the secret '{name}' is not set", step) from None
    except Exception as wrong:
        # Whatever a backend raises; its text may hold what it was sent.
        raise SecretMissing(f"the Connection '{id_}' is not to be had ({type(wrong).__name__})", step) from None
    if not password:
        raise SecretMissing(f"the Connection '{id_}' has no password", step)
    return Secret(name, password)
