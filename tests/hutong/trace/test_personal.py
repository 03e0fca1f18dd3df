"""A row of a stream with personal fields: its page lies encrypted, and nothing personal is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hutong.cli.trace import trace as command
from hutong.errors import SecretMissing
from hutong.land.stage import land
from hutong.model.batch import Page
from hutong.pipeline import publish_waiting, store_key
from hutong.registry import Registry
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from hutong.trace.columns import shown
from tests.hutong.making import START
from tests.hutong.trace.conftest import column, traced

PLATE, PHONE, LICENCE = "渝A12345", "13800138000", "500101199001011234"
ITEM = {
    "sgbh": "5001012026000001", "xzqh": "500101", "sgfssj": "2026-03-18 08:05:00", "lm": "学府大道",
    "jyaq": f"张三驾驶{PLATE}追尾，电话{PHONE}", "tq": "1", "sgxt": "11", "swrs": "0", "ssrs": "1", "zjccss": "3200",
    "hphm": PLATE, "hpzl": "02", "jszh": LICENCE, "dzzb": "0,0,106.5551,29.5602", "gxsj": "2026-03-18 08:06:00",
    "gls": "1", "ms": "430",
}  # fmt: skip


def _page() -> Page:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in ITEM.items())
    document = f"<root><head><code>1</code></head><body><item>{inner}</item></body></root>"
    escaped = document.replace("&", "&amp;").replace("<", "&lt;")
    envelope = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        '<ns1:queryObjectOutResponse xmlns:ns1="http://ws.trffweb.qy.com">'
        f"<queryObjectOutReturn>{escaped}</queryObjectOutReturn></ns1:queryObjectOutResponse></soapenv:Body>"
        "</soapenv:Envelope>"
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?>{envelope}'.encode()
    url = "http://127.0.0.1/services"
    return Page(url, 200, "text/xml; charset=utf-8", body, START, 0.1, 1, 1, None, None, "proven")


@pytest.fixture
def settings(declared: Path, tmp_path: Path) -> Settings:
    """A lake whose secrets are set."""
    (tmp_path / "secrets").mkdir()
    for name, digits in (("store_key", "ab"), ("pseudonym_key", "cd")):
        (tmp_path / "secrets" / name).write_text(digits * 32)
        (tmp_path / "secrets" / name).chmod(0o600)
    places = {"HUTONG_LAKE": str(tmp_path / "lake"), "HUTONG_SECRETS": str(tmp_path / "secrets")}
    return read({"HUTONG_ROOT": str(declared), **places})


@pytest.fixture
def secrets(settings: Settings) -> Secrets:
    return resolver(settings)


@pytest.fixture
def registry(declared: Path) -> Registry:
    from hutong.registry import open_registry

    return open_registry(read({"HUTONG_ROOT": str(declared)}))


@pytest.fixture
def store(settings: Settings, registry: Registry, secrets: Secrets) -> Store:
    """One accident, landed and published."""
    lake, source = Store(settings.lake), registry.source("traffic_safety", "accident")
    land(source.sequences[0], source.stream, [_page()], lake, store_key(source, secrets))
    (published,) = publish_waiting(source, source.sequences[0], registry, lake, secrets)
    assert published.fates == {"published": 1}
    return lake


def test_the_row_is_reproduced_and_its_pseudonym_is_known_by_its_key_alone(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    found = traced("traffic_event", ITEM["sgbh"], registry, store, secrets)
    assert found.verdict == "reproduced"
    plate = column(found, "plate_key")
    assert (plate.again, dict(plate.raw)) == ("same", {"hphm": "(personal)", "hpzl": '"02"'})
    assert plate.value.endswith(":(personal)")
    assert "domain accident_plate" in plate.how.en
    assert found.came is not None
    assert found.came.sha256_received != found.came.sha256_stored
    lon = column(found, "lon")
    assert "GCJ-02" in lon.how.en
    assert dict(lon.raw) == {"dzzb": '"0,0,106.5551,29.5602"'}


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_nothing_personal_is_shown_on_the_screen_or_to_programs(
    form: list[str],
    settings: Settings,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in (("ROOT", settings.root), ("LAKE", settings.lake), ("SECRETS", settings.secrets)):
        monkeypatch.setenv(f"HUTONG_{name}", str(value))
    command.main(["traffic_event", ITEM["sgbh"], *form], standalone_mode=False)
    said = capsys.readouterr().out
    assert "张三" not in said
    for personal in (PLATE, PHONE, LICENCE, "cd" * 32):
        assert personal not in said
    assert "学府大道" in said
    if form:
        raw = json.loads(said)["raw"]
        assert (raw["hphm"], raw["jyaq"], raw["hpzl"]) == ("(personal)", "(personal)", "02")


def test_without_the_store_s_key_the_secret_to_set_is_named(registry: Registry, store: Store, declared: Path) -> None:
    with pytest.raises(SecretMissing, match="store_key"):
        traced("traffic_event", ITEM["sgbh"], registry, store, resolver(read({"HUTONG_ROOT": str(declared)})))


def test_of_a_personal_column_only_the_key_of_a_pseudonym_is_shown(registry: Registry) -> None:
    dataset = registry.dataset("traffic_event")
    plate, description = dataset.field("plate_key"), dataset.field("description")
    assert shown(f"{'ab' * 4}:{'cd' * 32}", plate) == "abababab:(personal)"
    # Eight characters in front of a colon do not make a pseudonym.
    assert shown("张三驾驶小客车说: 追尾", description) == "(personal)"
    assert shown(None, description) is None
