"""The pages of what this repository declares, gates too, written once; and their links and texts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hutong.dictionary import Written, write
from hutong.registry import Registry, open_registry
from hutong.settings import read
from tests.conftest import ROOT

VOID = frozenset({"meta", "link", "br", "input", "img", "hr"})


@dataclass
class Page(HTMLParser):
    """What a page says and where it leads. open: tags that are not closed yet."""

    text: str
    links: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    lang: str = ""
    words: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attrs)
        self.links += [value for name in ("href", "src") if (value := found.get(name)) is not None]
        self.ids += [value] if (value := found.get("id")) is not None else []
        if tag == "html":
            self.lang = found.get("lang") or ""
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} closes nothing"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(" ".join(data.split()))


@pytest.fixture(scope="session")
def declared_here() -> Registry:
    """What this repository declares, with its gates."""
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Declared files that a test may change."""
    for name in ("connectors", "schemas", "mappings"):
        shutil.copytree(ROOT / name, tmp_path / "root" / name)
    return tmp_path / "root"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, declared_here: Registry) -> Written:
    return write(declared_here, tmp_path_factory.mktemp("dictionary") / "site")


@pytest.fixture(scope="session")
def pages(site: Written) -> Mapping[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.folder.rglob("*.html"))}
