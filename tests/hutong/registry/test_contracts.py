"""Major versions of a contract beside one another: what the files must say, and what is made of them."""

import re
from pathlib import Path

import pytest

from hutong.errors import RegistryError
from hutong.registry import Registry, open_registry
from hutong.settings import read
from tests.city.copied import change, registry_copy

NEWEST, OLDER = "schemas/traffic_flow.odcs.yaml", "schemas/traffic_flow.v1.odcs.yaml"
END = "  - {property: endOfLife, value: '2099-01-01T00:00:00+08:00'}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Declared files in which traffic_flow has two major versions."""
    root = registry_copy(tmp_path)
    text = (root / NEWEST).read_text(encoding="utf-8")
    (root / OLDER).write_text(text.replace("status: active", "status: deprecated") + END, encoding="utf-8")
    change(root / NEWEST, "version: 1.3.0", "version: 2.0.0")
    return root


def opened(root: Path) -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(root), "HUTONG_LAKE": str(root / "lake")}))


def problems_of(root: Path) -> str:
    with pytest.raises(RegistryError) as wrong:
        opened(root)
    return "\n".join(wrong.value.problems)


def test_the_newest_keeps_the_id_and_each_major_version_has_a_table_of_its_own(root: Path) -> None:
    registry = opened(root)
    newest, older = registry.dataset("traffic_flow"), registry.dataset("traffic_flow_v1")
    assert (newest.version, newest.table, newest.successor) == ("2.0.0", "traffic_flow.v2", None)
    assert (older.version, older.table, older.successor) == ("1.3.0", "traffic_flow", "traffic_flow")
    assert newest.contract == older.contract == "traffic_flow"
    assert older.ends is not None
    assert older.ends.isoformat() == "2099-01-01T00:00:00+08:00"
    assert older in registry.base_datasets


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        (OLDER, END, "", r"v1.*: it does not say until when it is served; add to slaProperties"),
        (OLDER, "'2099-01-01T00:00:00+08:00'", "'2099-01-01'", r"v1.*: endOfLife is '2099-01-01'; state an instant"),
        (OLDER, "status: deprecated", "status: active", r"v1.*:6: the status is active; an older .* is deprecated"),
        (OLDER, "version: 1.3.0", "version: 3.0.0", r"v1.*:5: the file is called .*, but its version is 3\.0\.0"),
        (OLDER, "id: traffic_flow\n", "id: traffic_flows\n", r"v1.*:3: .* but its id is 'traffic_flows'"),
        (NEWEST, "version: 2.0.0", "version: 1.4.0", r"v1.*:5: version 1\.3\.0 is not older than 1\.4\.0"),
        (NEWEST, "version: 2.0.0", "version: 3.0.0", r"takes the place of major version 2; keep .*\.v2\.odcs\.yaml"),
        (NEWEST, "version: 2.0.0", "version: 0.9.0", r"traffic_flow\.odcs\.yaml:5: version: "),
        (NEWEST, "status: active", "status: retired", r"yaml:6: the status is retired, but nothing takes its place"),
        (NEWEST, "slaProperties:\n", f"slaProperties:\n{END}", r"it has an endOfLife, but nothing takes its place"),
    ],
)
def test_check_names_what_does_not_fit(path: str, old: str, new: str, said: str, root: Path) -> None:
    change(root / path, old, new)
    assert re.search(said, problems_of(root))


def test_an_older_version_without_a_newer_one_is_named(root: Path) -> None:
    (root / NEWEST).rename(root / "schemas" / "elsewhere.txt")
    assert "there is no newer version; write schemas/traffic_flow.odcs.yaml" in problems_of(root)


def test_no_contract_may_be_called_like_an_older_version_of_another(root: Path) -> None:
    text = (root / "schemas" / "junction.odcs.yaml").read_text(encoding="utf-8")
    (root / "schemas" / "junction_v1.odcs.yaml").write_text(text.replace("id: junction\n", "id: junction_v1\n"))
    assert "'junction_v1' is how an older major version of a contract is called" in problems_of(root)


def test_tables_that_hutong_writes_itself_stay_at_major_version_1(root: Path) -> None:
    change(root / "schemas" / "ledger.odcs.yaml", "version: 1.2.0", "version: 2.0.0")
    assert "hutong itself writes ledger, so its major version stays 1" in problems_of(root)


COUNT = "schemas/violation_count.odcs.yaml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dataset: violation,", "dataset: violations,", "there is no dataset 'violations' with rows; did you mean"),
        ("dataset: violation,", "dataset: violation_count,", "there is no dataset 'violation_count' with rows"),
        ("hour: period_start", "hour: started_at", "countOf names 'started_at', which is no column"),
        ("into: violation_count", "into: date", "countOf fills 'date', which is date; make it int"),
        ("atLeast: 5", "atLeast: 0", "countOf: atLeast: Input should be greater than or equal to 1"),
        ("atLeast: 5", "atLeast: 4", "violation is about persons, whom a count under 5 may tell"),
        ("dataset: violation,", "dataset: ledger,", "ledger does not say when a row was observed"),
        ("      - name: place_code\n", "      - name: plate_key\n", "'plate_key' is personal in violation"),
        ("      - name: place_code\n", "      - name: place\n", "violation has no column 'place' to be counted by"),
        ("value: ga408_1", "value: ga_vehicle", "'violation_code' has another type or code list in violation"),
    ],
)
def test_check_names_what_cannot_be_counted(old: str, new: str, said: str, tmp_path: Path) -> None:
    root = registry_copy(tmp_path)
    change(root / COUNT, old, new)
    assert said in problems_of(root)


def test_no_mapping_fills_what_is_counted(tmp_path: Path) -> None:
    root = registry_copy(tmp_path)
    change(root / "mappings" / "cim" / "junction.yaml", "dataset: junction\n", "dataset: violation_count\n")
    assert "there is no dataset 'violation_count'" in problems_of(root)


def test_what_ends_is_not_counted(root: Path) -> None:
    change(root / COUNT, "dataset: violation,", "dataset: traffic_flow_v1,")
    assert "traffic_flow_v1 ends at 2099-01-01T00:00:00+08:00; count one that stays" in problems_of(root)


def test_a_gate_is_about_some_texts_only(root: Path) -> None:
    change(root / NEWEST, "only: {target_kind: [detector]}", "only: {flow_vph: [detector]}")
    assert "is only about some texts of 'flow_vph', which is double" in problems_of(root)
