from hutong.model.connector import Connector
from hutong.registry.secrets import secrets_of
from tests.hutong.making import stream

PEM = "-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----"


def connector(**changes: object) -> Connector:
    declared = {
        "platform": "safety",
        "title": {"zh": "名", "en": "name"},
        "owner": "owner",
        "cities": ["500000", "460200"],
        "address": "https://{city}.example.cn",
        "streams": {"rows": stream().model_dump(by_alias=True, exclude_defaults=True)},
        **changes,
    }
    return Connector.model_validate(declared)


def test_every_secret_is_named_once_for_each_city_that_has_its_own() -> None:
    auth = {"type": "http_basic", "username": "safety_user", "password": "safety_{city}_password"}
    tls = {"certificate": "safety_certificate", "key": "safety_key", "authority": "city_authority"}
    assert secrets_of(connector(auth=auth, tls=tls)) == [
        "safety_user",
        "safety_500000_password",
        "safety_certificate",
        "safety_key",
        "city_authority",
        "safety_460200_password",
    ]


def test_a_certificate_that_is_written_out_is_no_secret() -> None:
    assert secrets_of(connector(tls={"authority": PEM})) == []


def test_a_platform_that_asks_for_nothing_names_none() -> None:
    assert secrets_of(connector()) == []
