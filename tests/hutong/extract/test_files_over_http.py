"""Files over HTTP: every format comes as one answer, and lands so that it reads again as the same records."""

from typing import Any

import pytest

from hutong.errors import PlatformGarbled
from hutong.pages import records
from tests.hutong.extract.speaking import Says, connector, pull, speaking
from tests.hutong.pages.test_never_keep import CASES


@pytest.mark.parametrize(("form", "body"), CASES, ids=lambda case: "" if isinstance(case, bytes) else str(case))
def test_each_format_is_read_from_an_answer(form: Any, body: bytes) -> None:
    asked = {"format": form, "data_selector": "r.i" if "xml" in str(form) else ""}
    with speaking(lambda _: Says(body, content_type="application/octet-stream")) as server:
        at = connector(server.address, asked)
        (page,) = pull(at)
    assert page.body == body
    assert page.records == len(records(page.body, page.content_type, at.streams["things"])) > 0
    assert page.completeness == "unproven"


@pytest.mark.parametrize("form", ["csv", "ndjson", "xml", "parquet", {"type": "gtfs", "table": "stops"}], ids=str)
def test_a_login_page_is_no_file(form: Any) -> None:
    page = b"<!DOCTYPE html>\n<html><body>log in, please</body></html>"
    with speaking(lambda _: Says(page, content_type="text/html")) as server, pytest.raises(PlatformGarbled):
        list(pull(connector(server.address, {"format": form, "data_selector": ""})))
