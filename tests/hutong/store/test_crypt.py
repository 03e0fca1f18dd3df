import pytest

from hutong.errors import SecretMissing, StoreError
from hutong.store.crypt import StoreKey, seal, unseal

KEY = StoreKey(bytes(range(32)))


def test_a_page_comes_back_under_its_own_key_and_place() -> None:
    data_key, wrapped = KEY.new_data_key()
    assert unseal(seal(b"page", data_key, "s#1/0"), KEY.unwrap(wrapped), "s#1/0") == b"page"


@pytest.mark.parametrize("change", ["byte", "place"])
def test_a_changed_page_is_noticed(change: str) -> None:
    data_key, _ = KEY.new_data_key()
    sealed = bytearray(seal(b"page", data_key, "s#1/0"))
    if change == "byte":
        sealed[-1] ^= 1
    with pytest.raises(StoreError, match="changed after it landed"):
        unseal(bytes(sealed), data_key, "s#1/0" if change == "byte" else "s#1/1")


def test_another_store_key_opens_nothing() -> None:
    _, wrapped = KEY.new_data_key()
    with pytest.raises(StoreError, match="another store key"):
        StoreKey(bytes(32)).unwrap(wrapped)


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "00" * 31])
def test_a_key_that_is_none_says_how_to_make_one_and_not_what_was_there(text: str) -> None:
    with pytest.raises(SecretMissing, match="openssl rand -hex 32") as caught:
        StoreKey.from_hex(text)
    assert not text or text not in str(caught.value).replace("openssl rand -hex 32", "")


def test_a_key_does_not_show_itself() -> None:
    assert KEY.raw.hex() not in repr(KEY)
    assert str(KEY.raw) not in repr(KEY)
