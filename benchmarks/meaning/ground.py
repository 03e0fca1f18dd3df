"""What is made before anything is timed: a registry of the benchmark's own, landed lakes, and files for the peers."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from benchmarks.meaning import records

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
PLATFORM, CITY, DATASET = "roadside", "500000", "participant_sighting"
FORMS: dict[str, records.Form] = {
    "sighting": "json",
    "sighting_choosy": "json",
    "sighting_xml": "xml",
    "sighting_csv": "csv",
}
CONTENT: dict[records.Form, str] = {"json": "application/json", "xml": "text/xml", "csv": "text/csv; charset=utf-8"}
FETCHED = datetime(2026, 3, 22, 0, 10, tzinfo=UTC)
Of = Literal["lake", "files", "both"]
WARM = records.PAGE
"""Records of the small job that every run does first, so that nothing is imported while the clock runs."""


@dataclass(frozen=True)
class Ground:
    """A folder with everything that `rows` records of `stream` need."""

    folder: Path
    stream: str
    rows: int

    @property
    def place(self) -> Path:
        return self.folder / f"{self.stream}-{self.rows}"

    @property
    def root(self) -> Path:
        """Of the registry."""
        return self.folder / "registry"

    @property
    def lake(self) -> Path:
        """A lake with the landed pages, and nothing else in it."""
        return self.place / "lake"

    @property
    def pages(self) -> Path:
        """The pages as they came, one a line."""
        return self.place / "pages.ndjson"

    @property
    def good_pages(self) -> Path:
        """The pages without the spoiled records, one a line, for tools that stop at the first."""
        return self.place / "good_pages.ndjson"

    @property
    def lines(self) -> Path:
        """The good records, one a line."""
        return self.place / "records.ndjson"

    @property
    def rows_file(self) -> Path:
        """The rows that come of them."""
        return self.place / "rows.parquet"

    @property
    def planted(self) -> dict[int, str]:
        """Number of a spoiled record -> where it is wrong."""
        found = json.loads((self.place / "planted.json").read_text())
        return {int(number): place for number, place in found.items()}

    def copied(self, into: Path) -> Path:
        """The landed lake, its files linked, for one run to publish in."""
        return Path(shutil.copytree(self.lake, into, copy_function=os.link))


def prepare(folder: Path, stream: str, rows: int, of: Of = "lake") -> Ground:
    """The ground of `rows` records of `stream`; what is there from an earlier run is used."""
    ground = Ground(folder, stream, rows)
    registry_in(ground.root)
    done = ground.place / f"{of}.done"
    if done.exists():
        return ground
    ground.place.mkdir(parents=True, exist_ok=True)
    planted: dict[int, str] = {}

    def made() -> Iterator[records.Page]:
        for page in records.pages(rows, FORMS[stream]):
            planted.update(page.planted)
            yield page

    with ground.pages.open("wb") as pages, ground.good_pages.open("w") as good, ground.lines.open("w") as lines:

        def filed() -> Iterator[records.Page]:
            for page in made():
                pages.write(page.body + b"\n")
                good.write(f'{{"code":0,"msg":"ok","data":{{"list":[{",".join(page.lines)}],"next":"c"}}}}\n')
                lines.write("".join(f"{line}\n" for line in page.lines))
                yield page

        source = made() if of == "lake" else filed()
        if of == "files":
            for _ in source:
                pass
        else:
            land(ground, source)
    (ground.place / "planted.json").write_text(json.dumps(planted))
    done.touch()
    return ground


def land(ground: Ground, pages: Iterator[records.Page]) -> None:
    """Land `pages` as a pull of the stream lands them."""
    from hutong.land.stage import land as landing
    from hutong.model.batch import Page, Sequence
    from hutong.registry import open_registry
    from hutong.settings import read
    from hutong.store.paths import Store

    shutil.rmtree(ground.lake, ignore_errors=True)
    source = open_registry(read({"HUTONG_ROOT": str(ground.root)})).source(PLATFORM, ground.stream)

    def answers() -> Iterator[Page]:
        for page in pages:
            yield Page(
                url=f"http://127.0.0.1:18090/{ground.stream}",
                status=200,
                content_type=CONTENT[FORMS[ground.stream]],
                body=page.body,
                fetched_at=FETCHED,
                elapsed_s=0.05,
                attempts=1,
                records=page.records,
                cursor=None,
                resume=None,
                completeness="proven",
            )

    landing(Sequence(PLATFORM, ground.stream, CITY), source.stream, answers(), Store(str(ground.lake)), None)


def registry_in(root: Path) -> None:
    """The benchmark's connector, mappings and contract, beside the operational contracts and the shared code lists."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(HERE / "registry", root)
    shutil.copytree(REPOSITORY / "mappings" / "codes", root / "mappings" / "codes")
    for name in ("ledger", "quarantine", "operations", "platform_service", "releases"):
        shutil.copy(REPOSITORY / "schemas" / f"{name}.odcs.yaml", root / "schemas")


if __name__ == "__main__":
    # In a process of its own: what makes four million records must not be what memory is measured in.
    prepare(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "lake")
