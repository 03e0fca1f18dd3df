"""What takes few bytes on the way may take much of this machine: such answers are refused before they do."""

import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read, zipped


@pytest.mark.parametrize(
    ("form", "body", "said"),
    [
        ("csv", b"a\n" + b"1\n" * 50_000, "more than 15625 rows"),
        ("ndjson", b"{}\n" * 50_000, "more than 15625 lines"),
        ("xml", b"<a>" + b"<b/>" * 150_000 + b"</a>", "more than 125000 tags"),
        ({"type": "csv", "member": "*.csv"}, zipped({"a.csv": b"a\n" + b"1\n" * 400_000}), "more than 15625 rows"),
    ],
    ids=["csv", "ndjson", "xml", "zip"],
)
def test_more_records_than_the_bytes_allow_are_refused(form: object, body: bytes, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        read(body, form, answer_bytes=1_000_000)  # type: ignore[arg-type]
