"""The pages, written into a folder: the same bytes for the same declared files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hutong.conversions import RULE_KINDS, bounds_of, repair_words
from hutong.dictionary.entries import Entries
from hutong.dictionary.labels import LABELS
from hutong.dictionary.languages import lacking
from hutong.dictionary.raw import raw_fields
from hutong.errors import AskedWrongly, RegistryError
from hutong.meaning import check_meaning
from hutong.model.declared import Words
from hutong.registry import Registry

LANGS = ("zh", "en")
KINDS = ("reference", "dynamic", "operations")
LAYERS = ("车", "路", "云", "网", "图", "安全")
MARK = ".hutong-docs"
"""Lies in a folder of pages, so that no other folder is emptied by mistake."""

Page = tuple[str, str, dict[str, Any]]
"""Path below the language's folder, template, and what the template is given."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. lacking: what is declared in one language only. refused: streams whose example is refused."""

    folder: Path
    pages: int
    lacking: tuple[str, ...]
    refused: tuple[str, ...]


def write(registry: Registry, folder: Path) -> Written:
    """Write the dictionary of `registry` into `folder`, which it may fill anew if it made it.

    Raises AskedWrongly when something else is in there, RegistryError when a line of a mapping means nothing.
    """
    if problems := check_meaning(registry):
        raise RegistryError(problems)
    _make_room(folder)
    entries = Entries(registry)
    environment = Environment(
        loader=PackageLoader("hutong.dictionary"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(shown=shown, pretty=pretty, marked=marked)
    environment.globals.update(
        entries=entries, registry=registry, kinds=KINDS, layers=LAYERS, rule_kinds=RULE_KINDS, bounds=bounds_of,
        raw_fields=raw_fields, repair_words=repair_words, release=version("hutong"),
    )  # fmt: skip
    count = 0
    for lang in LANGS:
        for path, template, given in _pages(entries):
            page = folder / lang / path
            page.parent.mkdir(parents=True, exist_ok=True)
            said = _Language(lang)
            up = "../" * path.count("/")
            text = environment.get_template(template).render(
                given, lang=lang, other=_other(lang), path=path, up=up, t=said.words, label=said.label
            )
            page.write_text(text, encoding="utf-8", newline="\n")
            count += 1
    (folder / "index.html").write_text(
        environment.get_template("start.html").render(labels=LABELS), encoding="utf-8", newline="\n"
    )
    style = environment.get_template("style.css").render()
    (folder / "style.css").write_text(style, encoding="utf-8", newline="\n")
    refused = tuple(name for name, examples in sorted(entries.examples.items()) if any(one.why for one in examples))
    return Written(folder, count + 1, tuple(lacking(registry)), refused)


def _make_room(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise AskedWrongly(f"{folder} is a file", "name a folder with --out")
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARK).is_file():
            raise AskedWrongly(
                f"{folder} holds other files, which would be mixed up with the pages",
                "name a new or an empty folder with --out",
            )
        for lang in LANGS:
            shutil.rmtree(folder / lang, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def _pages(entries: Entries) -> Iterator[Page]:
    registry = entries.registry
    yield "index.html", "index.html", {}
    for name, dataset in sorted(registry.datasets.items()):
        yield f"dataset/{name}.html", "dataset.html", {"dataset": dataset}
    for name in entries.lists:
        yield f"codes/{name}.html", "codes.html", {"name": name, "codes": registry.codes.get(name, {})}
    for name, connector in sorted(registry.connectors.items()):
        yield f"platform/{name}.html", "platform.html", {"connector": connector}
    for name, source in sorted(registry.sources.items()):
        yield f"stream/{name}.html", "stream.html", {"source": source}


@dataclass(frozen=True, slots=True)
class _Language:
    lang: str

    def words(self, words: Words) -> str:
        """In the page's language; where that was not written, in the other one rather than not at all."""
        return (words.zh or words.en) if self.lang == "zh" else (words.en or words.zh)

    def label(self, name: str | None) -> str:
        """The word called `name`; itself where it is the contract's own, and nothing for nothing."""
        if name is None:
            return ""
        return self.words(LABELS[name]) if name in LABELS else name


def _other(lang: str) -> str:
    return "en" if lang == "zh" else "zh"


def shown(value: Any) -> str:
    """A value of a row as the pages have it; nothing for null."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return f"WKB {value.hex()[:24]}…"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def marked(text: str) -> Markup:
    """A text for people, what stands between backticks as code."""
    parts = text.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def pretty(value: Mapping[str, Any]) -> str:
    """A raw record as readable JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1)
