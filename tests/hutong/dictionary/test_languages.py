"""Whatever is declared is said in Chinese and in English: a dictionary with holes is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.cli.docs import docs
from hutong.dictionary import lacking
from hutong.registry import Registry, open_registry
from hutong.settings import read

FLOW = "schemas/traffic_flow.odcs.yaml"


def test_everything_declared_here_is_said_in_both_languages(declared_here: Registry) -> None:
    assert lacking(declared_here) == []


def test_an_english_name_is_a_name_and_stands_once_in_its_dataset(declared_here: Registry) -> None:
    for dataset in declared_here.datasets.values():
        names = [field.words.en for field in dataset.fields]
        assert [name for name in names if "_" in name or not name[0].isupper()] == []
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (FLOW, "nameEn, value: Occupancy", "nameEn, value: 占有率", "occupancy has no English name"),
        (FLOW, "businessName: 时间占有率", "businessName: Share", "occupancy has no Chinese name"),
        ("schemas/junction.odcs.yaml", "grainZh", "grainXx", "grain of junction has no Chinese text"),
        ("mappings/codes/weather.csv", "clear,晴,", "clear,clear,", "clear has no Chinese name"),
        ("connectors/cim/connector.yaml", "zh: 城市信息模型平台", "zh: CIM", "cim has no Chinese name"),
    ],
)
def test_what_lacks_a_language_is_named_with_its_file(file: str, old: str, new: str, said: str, root: Path) -> None:
    text = (root / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (root / file).write_text(text.replace(old, new), encoding="utf-8")
    assert lacking(open_registry(read({"HUTONG_ROOT": str(root)}))) == [f"{file}: {said}"]


def test_the_command_writes_all_the_same_and_ends_with_one(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (root / FLOW).read_text(encoding="utf-8")
    (root / FLOW).write_text(text.replace("businessName: 时间占有率", "businessName: Share"), encoding="utf-8")
    monkeypatch.setenv("HUTONG_ROOT", str(root))
    with pytest.raises(SystemExit, match="1"):
        docs.main(["--out", str(tmp_path / "out")], standalone_mode=False)
    told = capsys.readouterr()
    assert f"{FLOW}: occupancy has no Chinese name" in told.err
    assert "pages, begin at" in told.out
    assert (tmp_path / "out" / "zh" / "index.html").is_file()
