"""Why a store did not read or write, told from the words of the libraries that met it.

Their texts say it in prose, hold answers of the store with parts of the credentials in them, and sometimes rows. So
they are sorted into kinds, and what is shown of them is one line without any of that.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from enum import Enum

from deltalake.exceptions import CommitFailedError, DeltaError

from hutong.errors import StoreError
from hutong.store import s3
from hutong.store.paths import Place

FAILURES = (DeltaError, OSError)
"""What delta-rs, polars and Arrow raise when a store fails them."""


class Cause(Enum):
    """What a store's failure comes from; who has to act follows from it."""

    OVERTAKEN = "overtaken"
    """Another commit came first."""
    BUSY = "no answer, or an error for an answer"
    FULL = "full"
    READ_ONLY = "read-only"
    DENIED = "access denied"
    NO_BUCKET = "no such bucket"
    FILE_GONE = "a file is gone"
    UNKNOWN = "unknown"


# In this order: an answer of 403 is also an error for an answer, a log that could not be written a failed commit.
_WORDS = {
    Cause.FULL: r"no space left|os error (28|122)\b|quota exceeded|insufficient storage|StorageFull",
    Cause.READ_ONLY: r"read-only file system|os error 30\b",
    Cause.NO_BUCKET: r"NoSuchBucket|NO_SUCH_BUCKET",
    Cause.DENIED: r"necessary privileges|permission denied|os error (1|13)\b|access_?denied|403 Forbidden"
    r"|401 Unauthorized|InvalidAccessKeyId|INVALID_ACCESS_KEY_ID|SignatureDoesNotMatch|SIGNATURE_DOES_NOT_MATCH",
    Cause.BUSY: r"error sending request|HTTP error|non-2xx status code\W+(5\d\d|408|409|429)\b|HTTP status 5\d\d"
    r"|SLOW_DOWN|NETWORK_CONNECTION|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|(?<!retry_)timed? ?out",
    Cause.FILE_GONE: r"no such file|os error 2\b|NoSuchKey|Object at location .* not found|path does not exist",
}
_KINDS = {cause: re.compile(words, re.IGNORECASE) for cause, words in _WORDS.items()}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ANSWER = re.compile(r"<(\?xml|Error)")
_LONGEST = 300


def cause_of(failure: Exception) -> Cause:
    """The kind of `failure`, which came from a library that read or wrote a store."""
    said = _COLOUR.sub("", str(failure))
    for cause, words in _KINDS.items():
        if words.search(said):
            return cause
    return Cause.OVERTAKEN if isinstance(failure, CommitFailedError) else Cause.UNKNOWN


def in_a_line(failure: Exception, place: Place) -> str:
    """What `failure` says, for a log: one line, without what the store answered, rows or credentials.

    >>> in_a_line(OSError("Generic S3 error: PUT http://store/x by AKIA7: 500: <Error>..."), Place("s3://x"))
    'Generic S3 error: PUT http://store/x by AKIA7: 500:'
    """
    lines = [line.strip() for line in _COLOUR.sub("", str(failure)).splitlines()]
    # Further lines are reasons when an arrow begins them; otherwise they may be rows.
    reasons = [line.removeprefix("↳ ") for line in lines[1:] if line.startswith("↳")]
    said = _ANSWER.split(": ".join([*lines[:1], *reasons]))[0].strip()
    for text, name in s3.credentials(place.options).items():
        said = said.replace(text, f"<secret {name}>")
    return said[:_LONGEST]


def store_error(failure: Exception, place: Place) -> StoreError:
    """`failure`, met at `place`, as an error that names its cause and the next step."""
    cause, is_s3 = cause_of(failure), place.uri.startswith(s3.SCHEME)
    again = "then run the same again: nothing is lost and nothing will be doubled"
    what, next_step = {
        Cause.OVERTAKEN: ("other writers kept coming first", "run the same again"),
        Cause.BUSY: (
            "the store does not answer, or answers with errors",
            f"see that it is up{' (HUTONG_LAKE_ENDPOINT)' if is_s3 else ''}, {again}",
        ),
        Cause.FULL: ("the store is full" if is_s3 else "disk full", f"make room, {again}"),
        Cause.READ_ONLY: ("the file system is read-only", f"make it writable, {again}"),
        Cause.DENIED: (
            "access denied",
            "see that the secrets lake_access_key_id and lake_secret_access_key are right and may read and write there"
            if is_s3
            else "give the user that hutong runs as the right to read and write there",
        ),
        Cause.NO_BUCKET: ("there is no such bucket", "make it, or correct HUTONG_LAKE"),
        Cause.FILE_GONE: ("a file of the table is gone", "run `hutong verify`, which names it"),
        Cause.UNKNOWN: (
            f"it cannot be read or written ({in_a_line(failure, place)})",
            "run `hutong verify`, and restore it from a backup",
        ),
    }[cause]
    return StoreError(f"{place.uri}: {what}", next_step)


@contextlib.contextmanager
def told(place: Place) -> Iterator[None]:
    """Raise a StoreError, made by `store_error`, where a library fails to read or write `place`."""
    try:
        yield
    except FAILURES as failure:
        # Not chained: a traceback would show the library's own text.
        raise store_error(failure, place) from None
