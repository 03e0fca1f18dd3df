"""Connectors of platforms that speak a dialect in some cities, and of one platform in several cities."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hutong import settings
from hutong.errors import AskedWrongly, RegistryError
from hutong.registry import Registry, open_registry

ROOT = Path(__file__).parents[3]
DIALECT = "cim-zone_prefixed"

Edit = Callable[[str], str]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Registry]:
    """The declared files, with a dialect of cim in Sanya beside it; `edit` changes its connector's text."""

    def make(edit: Edit = str, environ: Mapping[str, str] | None = None) -> Registry:
        for folder in ("schemas", "mappings", "connectors"):
            shutil.copytree(ROOT / folder, tmp_path / folder, dirs_exist_ok=True)
        # All but the connector itself is the platform's.
        (tmp_path / "connectors" / DIALECT).mkdir(exist_ok=True)
        text = (tmp_path / "connectors" / "cim" / "connector.yaml").read_text("utf-8")
        connector = tmp_path / "connectors" / DIALECT / "connector.yaml"
        text = text.replace("platform: cim", f"platform: {DIALECT}")
        connector.write_text(edit(text.replace('cities: ["500000"]', 'cities: ["460200"]')), "utf-8")
        return open_registry(settings.read({"HUTONG_ROOT": str(tmp_path), **(environ or {})}))

    return make


def test_a_dialect_is_a_connector_of_its_own_whose_rows_are_the_platforms(opened: Callable[..., Registry]) -> None:
    registry = opened()
    (sequence,) = registry.source(DIALECT, "junction").sequences
    assert sequence.id == f"{DIALECT}/junction/460200"
    assert sequence.source_platform == registry.connector(DIALECT).source_platform == "cim"


def test_a_dialect_has_files_of_its_own_only_where_it_differs(opened: Callable[..., Registry], tmp_path: Path) -> None:
    codes, lane = tmp_path / "mappings" / DIALECT / "codes", tmp_path / "mappings" / DIALECT / "lane.yaml"
    codes.mkdir(parents=True)
    (codes / "lifecycle.csv").write_text("raw,code,note\n旧,abandoned,\n", "utf-8")
    shared = (ROOT / "mappings" / "cim" / "lane.yaml").read_text("utf-8")
    lane.write_text(shared.replace("stream: cim.", f"stream: {DIALECT}.").replace("version: 1", "version: 7"), "utf-8")
    registry = opened()
    own, platform = registry.source(DIALECT, "lane"), registry.source("cim", "lane")
    assert (own.mapping.version, platform.mapping.version) == (7, 1)
    assert own.crosswalks["lifecycle"] == {"旧": "abandoned"}
    assert platform.crosswalks["lifecycle"] != own.crosswalks["lifecycle"]
    assert own.crosswalks["gbt2260"] == platform.crosswalks["gbt2260"] != {}
    assert own.schema == platform.schema
    assert registry.source(DIALECT, "junction").mapping == registry.source("cim", "junction").mapping


def test_rows_lead_back_to_the_connector_of_their_city(opened: Callable[..., Registry]) -> None:
    registry = opened()
    assert registry.source_of_rows("cim", "junction", "500000").connector.platform == "cim"
    assert registry.source_of_rows("cim", "junction", "460200").connector.platform == DIALECT
    with pytest.raises(AskedWrongly):
        registry.source_of_rows("cim", "lamp", "460200")


def test_two_connectors_of_one_platform_may_not_serve_one_city(opened: Callable[..., Registry]) -> None:
    with pytest.raises(RegistryError, match=r"cim-zone_prefixed/connector.yaml:\d+: 'cim' serves 500000 already"):
        opened(lambda text: text.replace('["460200"]', '["460200", "500000"]'))


def test_each_city_is_asked_at_its_own_address_and_has_the_budget_for_itself(opened: Callable[..., Registry]) -> None:
    def edit(text: str) -> str:
        return text.replace(
            'cities: ["460200"]', 'cities: ["460200", "460100", "469002"]\naddresses: {"460100": http://haikou.example}'
        )

    connector = opened(edit, {"HUTONG_ADDRESS_CIM__ZONE_PREFIXED_469002": "http://qionghai.example"}).connector(DIALECT)
    assert connector.at("460200").address == connector.address
    assert connector.at("460100").address == "http://haikou.example"
    assert connector.at("469002").address == "http://qionghai.example"
    assert connector.desks == [DIALECT, f"{DIALECT}.460100", f"{DIALECT}.469002"]


def test_an_address_from_the_environment_replaces_the_one_of_all_other_cities(opened: Callable[..., Registry]) -> None:
    registry = opened(environ={"HUTONG_ADDRESS_CIM__ZONE_PREFIXED": "http://here.example"})
    assert registry.connector(DIALECT).at("460200").address == "http://here.example"
    assert registry.connector("cim").address != "http://here.example"


def test_the_city_stands_in_the_address_and_in_the_names_of_secrets(opened: Callable[..., Registry]) -> None:
    def edit(text: str) -> str:
        auth = "auth: {type: http_basic, username: 'user_{city}', password: 'password_{city}'}"
        return text.replace("address: http://127.0.0.1:18084", f"address: https://cim.{{city}}.example.cn\n{auth}")

    asked = opened(edit).connector(DIALECT).at("460200")
    assert asked.address == "https://cim.460200.example.cn"
    assert asked.auth.model_dump() == {"type": "http_basic", "username": "user_460200", "password": "password_460200"}


@pytest.mark.parametrize(
    ("addresses", "said"),
    [('{"500000": http://a.example}', "500000 is none of the platform's cities"),
     ('{"460200": "file:///data"}', "the address must begin with http:// or https://")],
)  # fmt: skip
def test_an_address_that_cannot_be_is_named(opened: Callable[..., Registry], addresses: str, said: str) -> None:
    with pytest.raises(RegistryError, match=said):
        opened(lambda text: f"{text}\naddresses: {addresses}\n")


def test_a_certificate_is_shown_at_no_citys_address_without_tls(opened: Callable[..., Registry]) -> None:
    def edit(text: str) -> str:
        text = text.replace("address: http://127.0.0.1:18084", "address: https://cim.example.cn")
        return f'{text}\ntls: {{certificate: cert, key: key}}\naddresses: {{"460200": http://sanya.example.cn}}\n'

    with pytest.raises(RegistryError, match="`tls` is for a database, or for addresses that begin with https://"):
        opened(edit)
