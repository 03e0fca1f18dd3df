"""What an Airflow needs before it syncs: a Connection per secret, a pool per platform, made over its REST interface."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from hutong.errors import AskedWrongly, SecretMissing, SecretUnset
from hutong.model.mapping import Pseudonym
from hutong.orchestrate.api import Api
from hutong.orchestrate.names import connection
from hutong.orchestrate.whom import targets
from hutong.registry import Registry
from hutong.registry.secrets import secrets_of
from hutong.secrets import Secret, Secrets
from hutong.settings import Settings

PASSWORD = "airflow_password"  # noqa: S105  its name


@dataclass(frozen=True, slots=True)
class Wanted:
    """A secret that somebody names. by: platforms and others. is_here: whether this machine has it; in_airflow:
    whether a Connection of its name is there. problem: why it cannot be had, though it is set.
    """

    name: str
    by: tuple[str, ...]
    is_here: bool
    in_airflow: bool
    problem: str = ""

    @property
    def connection(self) -> str:
        """The id of its Connection."""
        return connection(self.name)


def airflow(settings: Settings, secrets: Secrets) -> Api:
    """The Airflow that HUTONG_AIRFLOW names, logged in. Raises AskedWrongly, SecretMissing and HutongError."""
    parts = urlsplit(settings.airflow)
    is_near = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_near):
        raise AskedWrongly(
            f"HUTONG_AIRFLOW is '{settings.airflow}', and secrets do not travel unencrypted to another machine",
            "write it as https://host:port, or run this on Airflow's own machine with http://127.0.0.1:8080",
        )
    api = Api(settings.airflow, settings.airflow_user, secrets(PASSWORD).reveal())
    api.log_in()
    return api


def named(registry: Registry, settings: Settings) -> dict[str, tuple[str, ...]]:
    """Every secret that tasks may ask for -> who names it."""
    found: dict[str, list[str]] = {}
    for platform, connector in registry.connectors.items():
        for name in secrets_of(connector):
            found.setdefault(name, []).append(platform)
    for source in registry.sources.values():
        if source.is_personal:
            found.setdefault("store_key", []).append(source.id)
        if any(isinstance(rule, Pseudonym) for rows in source.mapping.rows for rule in rows.fields.values()):
            found.setdefault("pseudonym_key", []).append(source.id)
    if settings.lake.startswith("s3://"):
        found |= {name: ["HUTONG_LAKE"] for name in ("lake_access_key_id", "lake_secret_access_key")}
    found |= {name: ["HUTONG_ALERTS"] for name in targets(settings).webhooks}
    return {name: tuple(by) for name, by in found.items()}


def wanted(registry: Registry, settings: Settings, secrets: Secrets, there: set[str]) -> list[Wanted]:
    """Every secret that is named, and where it is. there: ids of Airflow's Connections."""
    return [_looked_for(name, by, secrets, there)[0] for name, by in named(registry, settings).items()]


def make_connections(registry: Registry, settings: Settings, secrets: Secrets, api: Api) -> list[Wanted]:
    """Make a Connection of every secret that this machine has, in place of one that is there.

    Returns all that is wanted, as it is afterwards. Raises HutongError when Airflow does not take them.
    """
    there = api.connections()
    looked = [_looked_for(name, by, secrets, there) for name, by in named(registry, settings).items()]
    api.put_connections({one.connection: secret.reveal() for one, secret in looked if secret is not None})
    return wanted(registry, settings, secrets, api.connections())


def _looked_for(name: str, by: tuple[str, ...], secrets: Secrets, there: set[str]) -> tuple[Wanted, Secret | None]:
    in_airflow = connection(name) in there
    try:
        return Wanted(name, by, True, in_airflow), secrets(name)
    except SecretUnset:
        return Wanted(name, by, False, in_airflow), None
    except SecretMissing as wrong:
        return Wanted(name, by, False, in_airflow, str(wrong)), None
