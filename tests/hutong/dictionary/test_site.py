"""The pages: whole, in both languages, the same every time, and without anything that does not belong there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

import pytest

from hutong.dictionary import Written, write
from hutong.errors import AskedWrongly, RegistryError
from hutong.registry import Registry, open_registry
from hutong.settings import read
from tests.hutong.dictionary.conftest import Page
from tests.hutong.trace.test_repaired import REPAIR


def opened(root: Path) -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(root)}))


def test_every_link_leads_to_a_page_and_to_a_place_on_it(pages: Mapping[Path, Page], site: Written) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links:
            to, _, place = unquote(link).partition("#")
            target = (path.parent / to).resolve() if to else path
            if not target.is_file() or (place and place not in pages[target].ids):
                broken.append(f"{path.relative_to(site.folder)}: {link}")
    assert broken == []


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_run(pages: Mapping[Path, Page], site: Written) -> None:
    for page in pages.values():
        assert not any(re.match(r"[a-z]+:|//", link) for link in page.links)
        assert "<script" not in page.text
    assert not re.search(r"@import|url\(", (site.folder / "style.css").read_text(encoding="utf-8"))


def test_every_page_stands_in_both_languages_and_leads_to_the_other(pages: Mapping[Path, Page], site: Written) -> None:
    for path, page in pages.items():
        lang, *rest = path.relative_to(site.folder).parts
        if not rest:
            continue
        other = site.folder.joinpath({"zh": "en", "en": "zh"}[lang], *rest)
        assert other in pages
        assert any((path.parent / link).resolve() == other for link in page.links)
        assert page.lang == {"zh": "zh-CN", "en": "en"}[lang]


def test_headings_are_in_order_and_ids_stand_once(pages: Mapping[Path, Page]) -> None:
    for page in pages.values():
        assert page.headings[0] == 1
        assert page.headings.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in zip(page.headings, page.headings[1:], strict=False))
        assert len(set(page.ids)) == len(page.ids)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_dataset_begins_with_its_grain_and_names_every_field_in_both_languages(
    lang: str, pages: Mapping[Path, Page], site: Written, declared_here: Registry
) -> None:
    for dataset in declared_here.datasets.values():
        page = pages[site.folder / lang / "dataset" / f"{dataset.id}.html"]
        assert dataset.about is not None
        grain = (dataset.about.grain.zh if lang == "zh" else dataset.about.grain.en).split("`")[0].strip()
        assert grain in re.findall(r'<p class="lead">([^<]*)', page.text)[0].replace("&#39;", "'")
        said = set(page.words)
        for field in dataset.fields:
            assert {field.words.zh, field.words.en} <= said
            assert f"field-{field.name}" in page.ids
        assert {rule.id for rule in dataset.rules} | {gate.name for gate in dataset.gates} <= said


def test_a_conversion_is_said_with_its_factor_line_and_unavailable_values(
    pages: Mapping[Path, Page], site: Written, declared_here: Registry
) -> None:
    page = pages[site.folder / "en" / "dataset" / "participant_observation.html"]
    at = page.words.index("steps of 0.02 m/s, × 1/50 → m/s")
    field, path, _, unavailable, line = page.words[at - 2 : at + 3]
    assert (field, path, unavailable) == ("speed_mps", "speed", "8191")
    mapping = (declared_here.root / "mappings" / "cloud_control" / "rsm.yaml").read_text(encoding="utf-8")
    assert mapping.splitlines()[int(line) - 1].lstrip().startswith("speed_mps:")


def test_a_rule_says_what_passes_and_what_does_not(pages: Mapping[Path, Page], site: Written) -> None:
    words = pages[site.folder / "en" / "dataset" / "traffic_flow.html"].words
    at = words.index("occupancy_range")
    assert words[at + 1 : at + 5] == ["occupancy", "within bounds", "0 … 1", "occupancy = 0.0"]
    assert "occupancy = 31.0" in words[at + 5 : at + 9]


def test_a_repair_stands_on_the_page_of_its_stream(root: Path, tmp_path: Path) -> None:
    folder = root / "mappings" / "transport_info" / "repairs" / "section_flow"
    folder.mkdir(parents=True)
    (folder / "nine_is_free.yaml").write_text(REPAIR, encoding="utf-8")
    written = write(opened(root), tmp_path / "out")
    page = Page((written.folder / "en" / "stream" / "transport_info.section_flow.html").read_text(encoding="utf-8"))
    assert {"nine_is_free", "codes of status: 9 → free", "congestion_level_unmapped"} <= set(page.words)


def test_a_code_list_says_what_each_platform_sends(pages: Mapping[Path, Page], site: Written) -> None:
    words = pages[site.folder / "zh" / "codes" / "congestion_level.html"].words
    at = words.index("源代码")
    assert words[words.index("1", at) : words.index("1", at) + 3] == ["1", "free", "畅通"]


def test_the_example_row_is_what_the_reference_path_makes_of_the_example_record(
    pages: Mapping[Path, Page], site: Written
) -> None:
    assert site.refused == ()
    words = pages[site.folder / "en" / "dataset" / "traffic_flow.html"].words
    # One row for each stream that fills it.
    speeds = [words[index + 1] for index, word in enumerate(words) if word == "speed_mps"]
    assert "6.52777778 m/s" in speeds


def test_nothing_personal_and_no_address_is_on_a_page(pages: Mapping[Path, Page], declared_here: Registry) -> None:
    (example,) = declared_here.source("traffic_safety", "accident").schema["examples"]
    for page in pages.values():
        assert example["hphm"] not in page.text
        assert example["jyaq"] not in page.text
        for connector in declared_here.connectors.values():
            assert connector.address not in page.text
    assert any("(personal)" in page.text for page in pages.values())


def test_the_same_files_give_the_same_bytes_and_what_is_no_longer_declared_leaves_no_page_behind(
    tmp_path: Path, site: Written, declared_here: Registry
) -> None:
    shutil.copytree(site.folder, tmp_path / "again")
    (tmp_path / "again" / "en" / "dataset" / "gone.html").write_text("stale")
    again = write(declared_here, tmp_path / "again")
    before, after = ({path.relative_to(one.folder): path.read_bytes() for path in one.folder.rglob("*.*")
                      if path.is_file()} for one in (site, again))  # fmt: skip
    assert before == after


def test_a_folder_with_other_files_is_left_alone(root: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "en").write_text("years of work")
    with pytest.raises(AskedWrongly, match="holds other files"):
        write(opened(root), tmp_path / "thesis")
    assert (tmp_path / "thesis" / "en").read_text() == "years of work"


def test_what_a_file_says_is_text_and_no_markup(root: Path, tmp_path: Path) -> None:
    path = root / "schemas" / "junction.odcs.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Crossings of the road network.", "<script>alert(1)</script> `<b>`"),
        encoding="utf-8",
    )
    written = write(opened(root), tmp_path / "out")
    text = (written.folder / "en" / "dataset" / "junction.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <code>&lt;b&gt;</code>" in text


def test_an_example_that_is_refused_is_told_with_the_reason(root: Path, tmp_path: Path) -> None:
    path = root / "connectors" / "transport_info" / "section_flow.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["examples"][0]["speed"] = "fast"
    path.write_text(json.dumps(schema), encoding="utf-8")
    written = write(opened(root), tmp_path / "out")
    assert written.refused == ("transport_info.section_flow",)
    page = (written.folder / "en" / "dataset" / "traffic_flow.html").read_text(encoding="utf-8")
    assert "$.speed" in page


def test_a_line_that_means_nothing_is_told_with_its_place_and_nothing_is_written(root: Path, tmp_path: Path) -> None:
    path = root / "mappings" / "cloud_control" / "rsm.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("unit: 0.02 m/s", "unit: 0.02 kg"), encoding="utf-8")
    with pytest.raises(RegistryError, match=r"mappings/cloud_control/rsm.yaml:\d+: speed_mps: .*different kinds"):
        write(opened(root), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_contract_that_says_less_and_that_no_platform_fills_has_a_page_all_the_same(
    root: Path, tmp_path: Path
) -> None:
    text = (root / "schemas" / "junction.odcs.yaml").read_text(encoding="utf-8")
    for word in ("sharing", "dataLevel", "layer", "authority", "provider", "updateCycle"):
        text = re.sub(rf"      - {{property: {word}, .*\n", "", text)
    (root / "schemas" / "crossing.odcs.yaml").write_text(text.replace("id: junction", "id: crossing"), encoding="utf-8")
    written = write(opened(root), tmp_path / "out")
    page = (written.folder / "en" / "dataset" / "crossing.html").read_text(encoding="utf-8")
    assert "No platform fills it." in page
    index = (written.folder / "en" / "index.html").read_text(encoding="utf-8")
    assert "crossing" in index.split('id="reference"')[1].split('id="dynamic"')[0]
