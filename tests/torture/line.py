"""Lines and proxies that slow, cut, repack and repeat."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib

from hutong.errors import PlatformBusy, PlatformGarbled
from tests.torture.faults import Doubted, Exact, Fails, fault
from tests.torture.server import ALL, Talk, head, written

BOMB = gzip.compress(b" " * 50_000_000)
LINES = {"format": "ndjson", "data_selector": "", "paginator": {"type": "single_page"}}


def whole(talk: Talk) -> bytes:
    return written(talk.wanted(), total=len(ALL))


def packed(talk: Talk, body: bytes, coding: str = "gzip") -> None:
    talk.answer(body, headers={"Content-Encoding": coding})


@fault("slow drip", Exact())
def drips_but_ends(talk: Talk) -> None:
    body = whole(talk)
    talk.send(head(200, {"Content-Length": str(len(body))}))
    talk.drip((body[at : at + 100] for at in range(0, len(body), 100)), 0.01)
    talk.handed(talk.wanted())


@fault("endless drip", Fails(PlatformBusy, "limits.answer_s"))
def drips_spaces_for_ever(talk: Talk) -> None:
    talk.send(head(200, {}))
    talk.drip(itertools.repeat(b" "), 0.02)


@fault("endless drip", Fails(PlatformBusy, "limits.answer_s"))
def drips_its_header_for_ever(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 So\r\nX: ")
    talk.drip(itertools.repeat(b"x"), 0.02)


@fault("endless drip", Fails(PlatformBusy, "limits.answer_s"))
def announces_for_ever_that_an_answer_will_come(talk: Talk) -> None:
    talk.drip(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.02)


@fault("endless drip", Fails(PlatformBusy, "limits.answer_s"))
def never_ends_its_trailer(talk: Talk) -> None:
    talk.chunked([whole(talk)], end=b"0\r\n")
    talk.drip(itertools.repeat(b"X: x\r\n"), 0.02)


@fault("silence", Fails(PlatformBusy, "does not answer within 0.2 s, 3 tries"))
def says_nothing(talk: Talk) -> None:
    talk.hush()


@fault("silence", Exact())
def falls_silent_once_in_mid_answer(talk: Talk) -> None:
    if talk.nth == 2:
        talk.send(head(200, {"Content-Length": "5000"}) + whole(talk)[:40])
        talk.hush()
    else:
        talk.page()


@fault("resets", Exact())
def resets_now_and_then(talk: Talk) -> None:
    if talk.nth == 1:
        talk.reset()
    elif talk.nth == 3:
        talk.send(head(200, {"Content-Length": "5000"}) + whole(talk)[:40])
        talk.reset()
    else:
        talk.page()


@fault("resets", Fails(PlatformBusy, "cannot be reached .*3 tries"))
def resets_every_time(talk: Talk) -> None:
    talk.reset()


@fault("truncation by length", Exact())
def is_cut_once(talk: Talk) -> None:
    if talk.nth == 2:
        talk.answer(whole(talk)[:100], length=len(whole(talk)))
        talk.close()
    else:
        talk.page()


@fault("truncation by length", Fails(PlatformGarbled, "cut short or damaged, 3 tries"))
def is_always_cut(talk: Talk) -> None:
    talk.answer(whole(talk)[:-30], length=len(whole(talk)))
    talk.close()


@fault("truncation by length", Fails(PlatformGarbled, "longer than it says"))
def says_less_than_it_sends(talk: Talk) -> None:
    # A proxy that counts characters, not bytes. What is left over would else begin the next answer.
    body = b'{"rows": [], "total": 0}'
    talk.answer(body + whole(talk), length=len(body))


@fault("truncation in chunks", Fails(PlatformGarbled, "cut short or damaged"))
def lacks_its_last_chunk(talk: Talk) -> None:
    talk.chunked([whole(talk)], end=b"")
    talk.close()


@fault("truncation in chunks", Fails(PlatformGarbled, "cut short or damaged"))
def ends_within_a_chunk(talk: Talk) -> None:
    talk.chunked([], end=b"ff\r\n" + whole(talk)[:20])
    talk.close()


@fault("truncation in chunks", Fails(PlatformGarbled, "cut short or damaged"))
def counts_its_chunks_in_words(talk: Talk) -> None:
    talk.chunked([], end=b"ten\r\n0123456789\r\n0\r\n\r\n")


@fault("truncation at the end of the connection", Fails(PlatformGarbled, "cut short"))
def closes_too_early(talk: Talk) -> None:
    talk.unframed(whole(talk)[:-30])


@fault("truncation that leaves valid text", Doubted("unproven", "unframed"), stream=LINES)
def closes_at_the_end_of_a_line(talk: Talk) -> None:
    talk.unframed("".join(f"{json.dumps(record)}\n" for record in ALL[:20]).encode())
    talk.handed(ALL[:20])


@fault("truncation that leaves valid text", Fails(PlatformGarbled, "cut short or damaged"), stream=LINES)
def cuts_lines_of_a_known_length(talk: Talk) -> None:
    lines = "".join(f"{json.dumps(record)}\n" for record in ALL).encode()
    talk.answer(lines[: lines.index(b"\n") + 1], length=len(lines))
    talk.close()


@fault("truncation that leaves valid text", Fails(PlatformGarbled, "cut short or damaged"), stream=LINES)
def cuts_packed_lines_where_a_line_ends(talk: Talk) -> None:
    packer = zlib.compressobj(wbits=31)
    lines = [f"{json.dumps(record)}\n".encode() for record in ALL]
    body = packer.compress(b"".join(lines[:10])) + packer.flush(zlib.Z_FULL_FLUSH)
    talk.unframed(body, **{"Content-Encoding": "gzip"})


@fault("broken gzip", Fails(PlatformGarbled, "cut short or damaged"))
def lacks_the_end_of_its_gzip(talk: Talk) -> None:
    packed(talk, gzip.compress(whole(talk))[:-4])


@fault("broken gzip", Fails(PlatformGarbled, "cut short or damaged"))
def has_a_wrong_checksum(talk: Talk) -> None:
    body = bytearray(gzip.compress(whole(talk)))
    body[-6] ^= 1
    packed(talk, bytes(body))


@fault("broken gzip", Fails(PlatformGarbled, "cut short or damaged"))
def calls_plain_text_gzip(talk: Talk) -> None:
    packed(talk, whole(talk))


@fault("broken gzip", Exact())
def packs_in_every_way_that_was_asked_for(talk: Talk) -> None:
    body, raw = whole(talk), zlib.compressobj(wbits=-15)
    ways = [
        (gzip.compress(body[:50]) + gzip.compress(body[50:]) + b"\0" * 9, "gzip"),
        (zlib.compress(body), "deflate"),
        (raw.compress(body) + raw.flush(), "Deflate"),
    ]
    packed(talk, *ways[talk.nth - 1])
    talk.handed(talk.wanted())


@fault("broken gzip", Fails(PlatformGarbled, "not asked for"))
def packs_in_a_way_that_was_not_asked_for(talk: Talk) -> None:
    packed(talk, whole(talk), "br")


@fault("gzip bombs", Fails(PlatformGarbled, "larger than 100000 bytes"))
def unfolds_to_fifty_megabytes(talk: Talk) -> None:
    packed(talk, BOMB)


@fault("body size", Fails(PlatformGarbled, "larger than 100000 bytes"))
def never_stops_sending(talk: Talk) -> None:
    talk.send(head(200, {}))
    talk.drip(itertools.repeat(b" " * 50_000), 0)


@fault("two framings", Fails(PlatformGarbled, "length in two ways"))
def says_its_length_in_two_ways(talk: Talk) -> None:
    body = whole(talk)
    talk.send(head(200, {"Content-Length": "7", "Transfer-Encoding": "chunked"}))
    talk.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


@fault("two framings", Fails(PlatformGarbled, "no proper HTTP"))
def says_two_lengths(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 So\r\nContent-Length: 5\r\nContent-Length: 500\r\n\r\n" + whole(talk))


@fault("no HTTP", Fails(PlatformGarbled, "no proper HTTP"))
def speaks_something_else(talk: Talk) -> None:
    talk.send(b"220 ftp.example ready\r\n")
    talk.close()


@fault("no HTTP", Fails(PlatformGarbled, "no proper HTTP"))
def has_thousands_of_headers(talk: Talk) -> None:
    talk.send(head(200, {f"X-{number}": "x" for number in range(3000)}) + whole(talk))


@fault(
    "total time",
    Fails(PlatformBusy, "limits.pull_s"),
    limits={"pull_s": 0.4},
    stream={"paginator": {"type": "page_number", "page_size": 10}},
)
def has_always_another_page_and_takes_its_time(talk: Talk) -> None:
    talk.drip([b""], 0.05)
    talk.give([{"no": talk.nth * 10 + number} for number in range(10)])
