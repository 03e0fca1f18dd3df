import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from citysim.clock import beijing_text
from citysim.services import RunningCity
from citysim.services.serve import SERVICES
from citysim.views import cim, cloud_control, traffic_safety, transport_info
from citysim.views.city import City

from .asking import bearer, call_police, call_transport, log_in, signed, window


@pytest.fixture(scope="module")
def asked(past: RunningCity, log_dir: Path) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """The lines written while a little of everything was asked for, and all they say as one text."""
    files = {name: log_dir / f"{name}.served.jsonl" for name in SERVICES}
    # Other tests may have asked the same city before.
    before = {name: file.stat().st_size for name, file in files.items()}
    ask_a_little_of_everything(past)
    text = {name: file.read_bytes()[before[name] :].decode() for name, file in files.items()}
    return {name: [json.loads(line) for line in one.splitlines()] for name, one in text.items()}, "".join(text.values())


def ask_a_little_of_everything(city: RunningCity) -> None:
    log_in(city, "guess-0001")
    headers = bearer(city)
    start = int(city.recording_start.timestamp())
    for page in (1, 2):
        requests.get(f"{city.cloud_control}/api/v1/rsus?offset={page}", headers=headers, timeout=10)
    seen = {"from_date": start, "to_date": start + 60, "limit": 2000}
    for page in (1, 2, 3):
        requests.get(f"{city.cloud_control}/api/v1/rsm", params={**seen, "offset": page}, headers=headers, timeout=30)
    requests.get(f"{city.cloud_control}/nowhere?access_token=guess-0001", timeout=10)
    for begin_s in range(0, 3600, 300):
        begin = city.recording_start + timedelta(seconds=begin_s)
        call_police(city, beijing_text(begin), beijing_text(begin + timedelta(seconds=300)))
    call_police(city, "2026-03-18 08:00:00", "2026-03-18 09:00:00", licence="guess-0001")
    for page in range(1, 12):
        call_transport(city, signed({**window(city), "page": page, "size": 100}))
    call_transport(city, signed(window(city), secret="guess-0001"))
    for collection in ("road_segment", "intersection"):
        requests.get(f"{city.cim}/collections/{collection}/items?limit=1000", timeout=10)


def served(lines: list[dict[str, Any]]) -> Counter[str]:
    return Counter(record_id for line in lines for record_id in line["record_ids"])


def test_every_answer_has_a_line(asked: tuple[dict[str, list[dict[str, Any]]], str]) -> None:
    lines, _ = asked
    assert {name: len(found) for name, found in lines.items()} == {
        "cloud_control": 8, "traffic_safety": 13, "transport_info": 12, "cim": 2,
    }  # fmt: skip
    assert [line["status"] for line in lines["cloud_control"]] == [401, 200, 200, 200, 200, 200, 200, 404]
    for line in (line for found in lines.values() for line in found):
        assert set(line) == {
            "city_time", "method", "path", "query", "status", "records", "record_ids", "fault_ids", "sha256",
        }  # fmt: skip
        assert line["records"] == len(line["record_ids"])
        assert line["city_time"].startswith("2026-03-18T01:00:")


def test_the_lines_name_every_record_and_every_fault(
    asked: tuple[dict[str, list[dict[str, Any]]], str], city: City
) -> None:
    lines, _ = asked
    minute = cloud_control.rsm(city, 0)
    of_rsm = [line for line in lines["cloud_control"] if line["path"].endswith("/rsm")]
    assert served(of_rsm) == Counter(one for envelope in minute.envelopes for one in envelope.record_ids)
    assert {one for line in of_rsm for one in line["fault_ids"]} == {fault.record_id for fault in minute.faults}
    views = {
        "transport_info": transport_info.flow(city).shown,
        "cim": cim.road_segment(city).shown + cim.intersection(city).shown,
    }
    for name, shown in views.items():
        assert served(lines[name]) == Counter(one.record_id for one in shown)
        assert {one for line in lines[name] for one in line["fault_ids"]} == {
            one.record_id for one in shown if one.fault is not None
        }
    known = {one.record_id for one in traffic_safety.accidents(city).shown}
    assert len(served(lines["traffic_safety"])) > 0
    assert set(served(lines["traffic_safety"])) <= known


def test_the_lines_say_what_was_asked_for(asked: tuple[dict[str, list[dict[str, Any]]], str]) -> None:
    lines, _ = asked
    assert lines["cloud_control"][2]["query"] == {"offset": "1"}
    assert lines["traffic_safety"][0]["query"] == {
        "jkid": "03C01", "kssj": "2026-03-18 08:00:00", "jssj": "2026-03-18 08:05:00",
    }  # fmt: skip
    assert set(lines["transport_info"][0]["query"]) == {"startTime", "endTime", "page", "size"}


def test_no_credential_and_nothing_personal_is_written_down(
    asked: tuple[dict[str, list[dict[str, Any]]], str], city: City
) -> None:
    _, text = asked
    secrets = ("city-cloud-password", "CITY-LICENCE-0001", "city-transport-secret", "guess-0001", "hutong-city", "sign")
    assert "03C01" in text
    for word in (*secrets, *traffic_safety.plates_shown(city), *traffic_safety.people_shown(city)):
        assert word not in text, word
