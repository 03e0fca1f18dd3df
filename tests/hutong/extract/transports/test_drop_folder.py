import json
import os
import time
from pathlib import Path

import pytest

from hutong.budget import Allowance
from hutong.errors import PlatformGarbled, PlatformRefused
from hutong.extract.folder.beneath import content, folder_at, seen
from hutong.extract.folder.inbox import is_whole, listed
from hutong.model.batch import Page
from hutong.model.endpoint import DropFolder
from hutong.store.landing import mark
from tests.hutong.extract.speaking import pull
from tests.hutong.extract.transports.dropping import SEQUENCE, dripping, drop, gateway
from tests.hutong.pages.formats.reading import zipped


def test_a_file_is_taken_when_its_marker_is_there_and_never_again(tmp_path: Path) -> None:
    here = gateway(tmp_path)
    drop(here.inbox, "a.csv", 1, 2, marked=False)
    assert here.pull().records == 0
    drop(here.inbox, "a.csv", 1, 2)
    landed = here.pull()
    assert (landed.records, landed.completeness, landed.doubt) == (2, "unproven", "increments")
    assert here.pull().first is None
    assert here.numbers() == [1, 2]


def test_a_marker_that_is_older_than_its_file_counts_once_the_file_has_stood_still(tmp_path: Path) -> None:
    here = gateway(tmp_path)
    path = drop(here.inbox, "a.csv", 1)
    os.utime(here.inbox / "a.csv.ok", (100, 100))
    assert here.pull().first is None
    endpoint = here.declared.streams["things"].endpoint
    assert isinstance(endpoint, DropFolder)
    with folder_at(str(here.inbox)) as folder:
        (file,) = listed(folder, endpoint, "500000")
        assert not is_whole(folder, file, endpoint, time.time_ns())
        assert is_whole(folder, file, endpoint, path.stat().st_ctime_ns + 60 * 10**9)


def test_a_file_that_is_not_as_it_was_seen_is_not_read(tmp_path: Path) -> None:
    path = drop(tmp_path, "a.csv", 1)
    with folder_at(str(tmp_path)) as folder:
        file = seen(folder, "a.csv", "a.csv")
        assert file is not None
        assert content(folder, file, 100) == b"no\n1\n"
        path.write_text("no\n2\n")
        assert content(folder, file, 100) is None
        path.unlink()
        assert content(folder, file, 100) is None


def test_what_no_longer_lies_there_is_not_remembered(tmp_path: Path) -> None:
    here = gateway(tmp_path)
    drop(here.inbox, "a.csv", 1)
    here.pull()
    (here.inbox / "a.csv").unlink()
    drop(here.inbox, "c.csv", 2)
    here.pull()
    assert list(json.loads(mark(here.store, SEQUENCE)[1].cursor or "")["taken"]) == ["c.csv"]


def test_files_are_taken_oldest_first(tmp_path: Path) -> None:
    here = gateway(tmp_path)
    for name, number, at in [("c.csv", 1, 100), ("b.csv", 3, 200), ("a.csv", 2, 100), ("d.csv", 4, 50)]:
        drop(here.inbox, name, number, at=at)
    here.pull()
    assert here.numbers() == [4, 2, 1, 3]


def test_a_page_says_the_name_below_the_folder_and_no_path_of_the_machine(tmp_path: Path) -> None:
    here = gateway(tmp_path, pattern="{city}/*.csv")
    drop(here.inbox, "500000/流 量.csv", 1)
    drop(here.inbox, "510100/b.csv", 2)
    (page,) = list[Page](pull(here.declared))
    assert page.url == "500000/%E6%B5%81%20%E9%87%8F.csv"


def test_a_page_of_a_stream_with_personal_fields_names_nobody(tmp_path: Path) -> None:
    here = gateway(tmp_path, {"personal": ["no"]})
    drop(here.inbox, "渝A12345.csv", 1)
    (page,) = list[Page](pull(here.declared))
    assert "12345" not in page.url


def test_a_file_that_was_only_touched_is_not_taken_again_but_one_of_the_same_name_with_other_content_is(
    tmp_path: Path,
) -> None:
    here = gateway(tmp_path)
    path = drop(here.inbox, "a.csv", 1, at=100)
    here.pull()
    os.utime(path, (200, 200))
    assert here.pull().first is None
    drop(here.inbox, "a.csv", 2, at=100)
    here.pull()
    assert here.numbers() == [1, 2]


def test_a_file_without_a_record_is_taken_too(tmp_path: Path) -> None:
    here = gateway(tmp_path, move_to="done")
    drop(here.inbox, "a.csv")
    here.pull()
    here.pull()
    assert here.names() == ["done/a.csv", "done/a.csv.ok"]


def test_a_file_is_moved_only_once_it_lies_in_the_lake(tmp_path: Path) -> None:
    here = gateway(tmp_path, pattern="sub/*.csv", move_to="done")
    drop(here.inbox, "sub/a.csv", 1)
    next(pull(here.declared))  # read, and lost in a crash before it landed
    assert here.pull().records == 1
    assert here.names() == ["sub/a.csv", "sub/a.csv.ok"]
    assert here.pull().records == 0
    assert here.names() == ["done/sub/a.csv", "done/sub/a.csv.ok"]


def test_a_moved_file_overwrites_no_other(tmp_path: Path) -> None:
    here = gateway(tmp_path, move_to="done")
    for number in (1, 2, 3):
        drop(here.inbox, "a.csv", number)
        here.pull()
        here.pull()
    assert here.numbers() == [1, 2, 3]
    assert [(here.inbox / "done" / name).read_text() for name in ("a.csv", "a.2.csv", "a.3.csv")] == [
        "no\n1\n",
        "no\n2\n",
        "no\n3\n",
    ]


def test_what_a_crash_left_between_two_names_is_put_away_or_put_back(tmp_path: Path) -> None:
    here = gateway(tmp_path, move_to="done")
    taken = drop(here.inbox, "a.csv", 1)
    here.pull()
    (here.inbox / "done").mkdir()
    taken.rename(here.inbox / "done" / ".moving-00000000-a.csv")
    new = drop(here.inbox, "b.csv", 2)
    new.rename(here.inbox / "done" / ".moving-00000000-b.csv")
    here.pull()
    assert here.numbers() == [1, 2]
    here.pull()
    assert here.names() == ["a.csv.ok", "done/a.csv", "done/b.csv", "done/b.csv.ok"]


def test_a_pull_that_broke_off_goes_on_behind_what_landed(tmp_path: Path) -> None:
    here = gateway(tmp_path, {"max_records": 1})
    for number in range(6):
        drop(here.inbox, f"{number}.csv", number)
    (here.inbox / "3.csv").unlink()
    os.mkfifo(here.inbox / "3.csv")  # which must not hold the pull

    class Paused(Allowance):
        left = 3

        def take(self) -> None:
            if self.left == 0:
                raise PlatformRefused("testing", "things", "paused", "wait")
            self.left -= 1

    with pytest.raises(PlatformRefused):
        here.pull(Paused())
    assert here.numbers() == [0, 1, 2]
    assert mark(here.store, SEQUENCE)[1].position is not None
    here.pull()
    assert here.numbers() == [0, 1, 2, 4, 5]


def test_links_pipes_folders_and_unfinished_files_are_never_taken(tmp_path: Path) -> None:
    here = gateway(tmp_path, pattern="*/*")
    secret = tmp_path / "secret.csv"
    secret.write_text("no\n666\n")
    outside = tmp_path / "outside"
    drop(outside, "a.csv", 667)
    inner = here.inbox / "in"
    inner.mkdir()
    (inner / "link.csv").symlink_to(secret)
    (here.inbox / "linked").symlink_to(outside)
    os.mkfifo(inner / "pipe.csv")
    (inner / "folder.csv").mkdir()
    for name in ("link.csv", "pipe.csv", "folder.csv"):
        (inner / f"{name}.ok").write_text("")
    for name in (".hidden.csv", "a.csv.part", "b.csv~", "c.tmp"):
        drop(inner, name, 668)
    drop(inner, "good.csv", 1)
    with pytest.raises(PlatformGarbled):  # the markers of what is no file are files that nobody can read
        gateway(tmp_path, pattern="in/*.ok", whole={"type": "stable", "for": "PT0S"}).pull()
    landed = here.pull()
    assert (landed.records, landed.doubt) == (1, "increments")
    assert here.numbers() == [1]


def test_a_file_that_cannot_be_read_stays_and_holds_up_no_other(tmp_path: Path) -> None:
    here = gateway(tmp_path, {"personal": ["plate"]}, move_to="done")
    drop(here.inbox, "1.csv", 1, at=100)
    bad = drop(here.inbox, "渝A12345.csv", 2, at=200)
    bad.write_bytes(b"no\n\xff\n")
    os.utime(bad, (200, 200))
    drop(here.inbox, "3.csv", 3, at=300)
    landed = gateway(tmp_path, move_to="done").pull()
    assert (landed.records, landed.completeness, landed.doubt) == (2, "incomplete", "file_unreadable")
    with pytest.raises(PlatformGarbled, match="not UTF-8 at byte 3") as raised:
        here.pull()
    assert "A12345" not in str(raised.value)
    assert "渝A12345.csv" in here.names()
    drop(here.inbox, "渝A12345.csv", 2)
    here = gateway(tmp_path, move_to="done")
    here.pull()
    assert here.numbers() == [1, 3, 2]


def test_a_file_that_is_too_large_is_said_and_not_read(tmp_path: Path) -> None:
    here = gateway(tmp_path)
    here.declared = here.declared.model_copy(
        update={"limits": here.declared.limits.model_copy(update={"answer_bytes": 200})}
    )
    drop(here.inbox, "big.csv", *range(100))
    drop(here.inbox, "small.csv", 1)
    assert here.pull().doubt == "file_unreadable"
    with pytest.raises(PlatformGarbled, match=r"big\.csv: it holds more than 200 bytes"):
        here.pull()


def test_of_whole_files_each_pull_takes_one_and_proves_what_is_there_now(tmp_path: Path) -> None:
    here = gateway(tmp_path, each_file="whole")
    drop(here.inbox, "1.csv", 1, 2, at=100)
    drop(here.inbox, "2.csv", 1, at=200)
    assert [here.pull().completeness, here.pull().completeness, here.pull().first] == ["proven", "proven", None]
    assert here.numbers() == [1, 2, 1]
    drop(here.inbox, "late.csv", 3, at=150)
    late = here.pull()
    assert (late.completeness, late.doubt) == ("unproven", "older_file")


def test_that_a_file_stood_still_proves_nothing(tmp_path: Path) -> None:
    here = gateway(tmp_path, each_file="whole", whole={"type": "stable", "for": "PT0S"})
    drop(here.inbox, "1.csv", 1, marked=False)
    assert here.pull().doubt == "only_still"
    waits = gateway(tmp_path, whole={"type": "stable", "for": "PT1H"}, pattern="*.csv")
    drop(here.inbox, "2.csv", 2, at=100, marked=False)  # an old time of change, but it came only now
    assert waits.pull().first is None


def test_a_folder_that_is_not_there_is_refused_without_saying_where(tmp_path: Path) -> None:
    here = gateway(tmp_path)
    here.inbox.rmdir()
    with pytest.raises(PlatformRefused, match=r"ENOENT.*`address` in connectors/testing/connector\.yaml") as raised:
        here.pull()
    assert str(tmp_path) not in str(raised.value)


def test_zips_in_a_folder_are_read_by_their_members(tmp_path: Path) -> None:
    here = gateway(tmp_path, {"format": {"type": "csv", "member": "*.csv", "encoding": "gbk"}}, pattern="*.zip")
    (here.inbox / "a.zip").write_bytes(zipped({"1.csv": b"no\n1\n", "2.csv": b"no\n2\n"}))
    (here.inbox / "a.zip.ok").write_text("")
    here.pull()
    assert here.numbers() == [1, 2]


def test_the_state_of_a_long_pull_stays_small(tmp_path: Path) -> None:
    here = gateway(tmp_path)
    for number in range(600):
        drop(here.inbox, f"{number:03}.csv", number)
    pages = list(pull(here.declared))
    states = [len(page.resume or "") for page in pages]
    assert (len(pages), states[-1]) == (600, 0)
    assert max(states) < 256 * 100
    assert len({page.cursor for page in pages}) == 4
    assert len(json.loads(pages[-1].cursor or "")["taken"]) == 600
    for name in ("x.csv", "y.csv"):
        drop(here.inbox, name, 0)
    assert len(next(pull(here.declared, cursor=pages[-1].cursor)).resume or "") < 300


@pytest.mark.parametrize("move_to", [None, "done"])
def test_a_folder_that_is_written_while_it_is_read_lands_every_record_exactly_once(
    tmp_path: Path, move_to: str | None
) -> None:
    here = gateway(tmp_path, {"max_records": 15}, move_to=move_to)
    outbox = tmp_path / "outbox"
    for file in range(25):
        drop(outbox, f"{file:02}.csv", *range(file * 5, file * 5 + 5), marked=False)
    writer = dripping(outbox, here.inbox)
    pulls, is_over = 0, False
    while not is_over:
        is_over = writer.poll() is not None
        pulls += here.pull().records > 0
    assert writer.returncode == 0
    assert pulls > 1
    assert sorted(here.numbers()) == list(range(125))
    here.pull()
    left = [name for name in here.names() if not name.startswith("done/")]
    assert len(left) == (0 if move_to else 50)
