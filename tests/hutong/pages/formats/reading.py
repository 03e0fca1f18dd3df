"""How tests read bytes: as the only page of a stream of one format."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from hutong.model.bounds import Limits
from hutong.pages import document, records, select
from tests.hutong.making import stream


def read(body: bytes, form: dict[str, Any] | str, content_type: str = "", **limits: int) -> list[dict[str, Any]]:
    """The records of `body` as it comes from a platform, which are the same when it is read again from landing."""
    asked = stream(format=form, data_selector="")
    found = select(document(body, content_type, asked, Limits(**limits)), asked)
    assert found == records(body, content_type, asked)
    json.dumps(found, allow_nan=False)
    return found


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return packed.getvalue()
