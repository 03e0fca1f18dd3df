"""Where the lake is follows from the environment; what cannot be is refused with the next step."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.errors import AskedWrongly, HutongError, SecretMissing
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store, is_there, open_store

KEYS = {
    "HUTONG_SECRET_LAKE_ACCESS_KEY_ID": "AKPLANTED",
    "HUTONG_SECRET_LAKE_SECRET_ACCESS_KEY": "planted-7f31",
}


def opened(**environ: str) -> Store:
    settings = read(environ)
    return open_store(settings, resolver(settings, environ))


def test_a_folder_asks_for_no_secrets_and_passes_no_options(tmp_path: Path) -> None:
    store = opened(HUTONG_LAKE=str(tmp_path / "lake"), HUTONG_LAKE_ENDPOINT="http://127.0.0.1:9000")
    assert (store.root, dict(store.options)) == (str(tmp_path / "lake"), {})
    assert not is_there(store)
    (tmp_path / "lake").mkdir()
    assert is_there(store)


def test_an_s3_lake_hands_the_secrets_to_the_store_and_shows_them_to_nobody() -> None:
    store = opened(HUTONG_LAKE="s3://lakes/one/", HUTONG_LAKE_ENDPOINT="http://10.0.0.5:9000/", **KEYS)
    assert store.base("junction").uri == "s3://lakes/one/base/junction"
    assert store.options["aws_access_key_id"] == "AKPLANTED"
    assert store.options["aws_secret_access_key"] == "planted-7f31"
    assert store.options["aws_endpoint"] == "http://10.0.0.5:9000"
    assert store.options["aws_allow_http"] == "true"
    # Without it a store would let two writers of one version both win.
    assert store.options["aws_conditional_put"] == "etag"
    assert "planted" not in f"{store} {store!r} {store.base('junction')!r}".lower()


def test_plain_http_is_only_allowed_where_the_endpoint_says_so(tmp_path: Path) -> None:
    store = opened(
        HUTONG_LAKE="s3://lakes/one",
        HUTONG_LAKE_ENDPOINT="https://s3.example",
        HUTONG_LAKE_REGION="cn-north-1",
        HUTONG_SECRETS=str(tmp_path),
    )
    assert "aws_allow_http" not in store.options
    assert store.options["aws_region"] == "cn-north-1"
    # Neither secret is set: the library finds credentials by itself.
    assert "aws_access_key_id" not in store.options


def test_one_secret_without_the_other_is_refused(tmp_path: Path) -> None:
    one = {"HUTONG_SECRET_LAKE_ACCESS_KEY_ID": "AKPLANTED", "HUTONG_SECRETS": str(tmp_path)}
    with pytest.raises(SecretMissing, match="'lake_secret_access_key' is not set, but the other") as refused:
        opened(HUTONG_LAKE="s3://lakes/one", **one)
    assert "AKPLANTED" not in str(refused.value)


def test_a_secret_that_others_can_read_is_refused_not_passed_over(tmp_path: Path) -> None:
    for name in ("lake_access_key_id", "lake_secret_access_key"):
        (tmp_path / name).write_text("planted")
        (tmp_path / name).chmod(0o644)
    with pytest.raises(SecretMissing, match="open to others"):
        opened(HUTONG_LAKE="s3://lakes/one", HUTONG_SECRETS=str(tmp_path))


@pytest.mark.parametrize(
    ("lake", "said"),
    [
        ("s3://", r"no address in an S3 store: 's3://'; write it as s3://bucket/prefix"),
        ("s3://lakes//one", "no address in an S3 store"),
        ("s3://lakes/湖", "no address in an S3 store"),
        ("gs://lakes/one", "a kind of store that is not known: 'gs://lakes/one'"),
        ("/data/湖 1", "the path of the lake holds ' ' '湖': /data/湖 1; set HUTONG_LAKE to a folder"),
    ],
)
def test_an_address_that_cannot_be_one_is_refused(lake: str, said: str) -> None:
    with pytest.raises(AskedWrongly, match=said):
        opened(HUTONG_LAKE=lake, **KEYS)


def test_an_endpoint_without_a_scheme_is_refused() -> None:
    with pytest.raises(HutongError, match=r"no address: '10\.0\.0\.5:9000'; write it as http://host:port"):
        opened(HUTONG_LAKE="s3://lakes/one", HUTONG_LAKE_ENDPOINT="10.0.0.5:9000", **KEYS)
