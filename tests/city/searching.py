"""Finding a text in bytes, whichever way it was written there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ENCODINGS = ("utf-8", "gbk", "utf-16-le", "utf-16-be")
PIECE = 32 * 1024 * 1024


def forms(text: str) -> dict[str, bytes]:
    """`text` as bytes: in each encoding, and each of those as base64 at three alignments, percent form and hex."""
    found: dict[str, bytes] = {}
    for encoding in ENCODINGS:
        raw = text.encode(encoding)
        found[encoding] = raw
        for shift in range(3):
            found[f"{encoding} base64+{shift}"] = _within_base64(raw, shift)
            found[f"{encoding} base64url+{shift}"] = _within_base64(raw, shift).translate(bytes.maketrans(b"+/", b"-_"))
        found[f"{encoding} hex"], found[f"{encoding} HEX"] = raw.hex().encode(), raw.hex().upper().encode()
        percent = quote_from_bytes(raw, safe="").encode()
        found[f"{encoding} percent"] = percent
        found[f"{encoding} percent, small"] = percent.lower() if text.isdigit() else _small_percent(percent)
    found["json"] = json.dumps(text)[1:-1].encode()
    found["json, large"] = "".join(c if ord(c) < 128 else f"\\u{ord(c):04X}" for c in text).encode()
    found["xml reference"] = text.encode("ascii", "xmlcharrefreplace")
    return found


def _within_base64(raw: bytes, shift: int) -> bytes:
    """What base64 shows of `raw` when it begins `shift` bytes into a group, without what its neighbours decide."""
    first, last = (0, 2, 3)[shift], (shift + len(raw)) * 8 // 6
    return base64.b64encode(b"\0" * shift + raw + b"\0\0")[first:last]


def _small_percent(percent: bytes) -> bytes:
    parts = percent.split(b"%")
    return b"%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


class Searcher:
    """Looks for all forms of many texts at once."""

    def __init__(self, texts: Iterable[str]) -> None:
        # Bytes become text one to one (Latin-1), because the search is over text.
        self._of = {form.decode("latin-1"): (text, name) for text in texts for name, form in forms(text).items()}
        self._patterns = list(self._of)

    def found(self, places: Iterable[tuple[str, bytes]]) -> set[tuple[str, str, str]]:
        """(place, text, form) for everything found in the bytes at the places."""
        hits: set[tuple[str, str, str]] = set()
        waiting: list[tuple[str, str]] = []
        for place, body in places:
            # Pieces overlap by more than the longest form.
            waiting += [
                (place, body[start : start + PIECE + 1024].decode("latin-1")) for start in range(0, len(body), PIECE)
            ]
            if sum(len(piece) for _, piece in waiting) >= PIECE:
                hits |= self._in(waiting)
                waiting = []
        return hits | self._in(waiting)

    def _in(self, pieces: list[tuple[str, str]]) -> set[tuple[str, str, str]]:
        # One call for many pieces, because every call builds the automaton anew.
        found = pl.Series([piece for _, piece in pieces], dtype=pl.String).str.extract_many(
            self._patterns, overlapping=True
        )
        return {
            (place, *self._of[hit]) for (place, _), hits in zip(pieces, found, strict=True) for hit in hits.to_list()
        }


def everything_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below `folder` as it lies there, and of Parquet files every column decoded as well."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        name = str(path.relative_to(folder))
        yield name, name.encode() + b"\0" + path.read_bytes()
        if path.suffix == ".parquet":
            for column, body in _columns(path):
                yield f"{name}:{column}", body


def _columns(path: Path) -> Iterator[tuple[str, bytes]]:
    with pq.ParquetFile(path) as file:
        yield "(metadata)", repr(file.metadata.metadata).encode() + str(file.schema_arrow).encode()
        table = file.read()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_binary(column.type) or pa.types.is_binary_view(column.type):
            yield name, b"\0".join(one for one in column.to_pylist() if one is not None)
        elif pa.types.is_nested(column.type):
            yield name, repr(column.to_pylist()).encode()
        else:
            texts = pc.cast(pc.unique(column), pa.string()).to_pylist()
            yield name, "\0".join(one for one in texts if one is not None).encode()
