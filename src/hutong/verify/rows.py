"""The second equation, dataset by dataset: the rows that are there are those that batches wrote, each key once."""

from __future__ import annotations

import polars as pl

from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.verify.batches import Lake
from hutong.verify.report import Report


def check_dataset(dataset: Dataset, lake: Lake, report: Report) -> None:
    """Rows that are there against rows that were written, per stream, and keys that stand twice."""
    table = lake.tables.get(dataset.id)
    ledgers = [f"ledger of {platform}" for platform in lake.registry.connectors]
    if table is None or lake.damaged & {dataset.id, *ledgers}:
        return
    rows = pl.scan_delta(table)
    # A digest per key instead of the key, so that memory is eight bytes a row.
    digests = rows.select(pl.struct(dataset.key).hash().alias("digest")).collect(engine="streaming")["digest"]
    report.rows += digests.len()
    doubled = digests.len() - digests.n_unique()
    if doubled:
        some = rows.group_by(dataset.key).len().filter(pl.col("len") > 1).head(3).collect(engine="streaming")
        keys = "; ".join("/".join(map(str, row[:-1])) for row in some.iter_rows())
        report.problems.append(f"{dataset.id}: {doubled} rows have a key that stands already, such as {keys}")
    of_stream = pl.concat_str("source_platform", "source_stream", "city", separator="/").alias("stream")
    there = dict(rows.group_by(of_stream).len().collect(engine="streaming").iter_rows())
    written: dict[str, int] = {}
    for ledger in ledgers:
        wrote = lake.frame(
            ledger,
            "sequence",
            "count",
            where=(pl.col("kind") == "row") & (pl.col("dataset") == dataset.table) & (pl.col("outcome") == "written"),
        )
        for sequence, count in wrote.iter_rows():
            of = Sequence.parse(sequence)
            stream = f"{of.source_platform}/{of.stream}/{of.city}"
            written[stream] = written.get(stream, 0) + count
    for stream in sorted({*there, *written}):
        wrote_rows, stands = written.get(stream, 0), there.get(stream, 0)
        if wrote_rows != stands:
            report.problems.append(
                f"{dataset.id}: the ledger wrote {wrote_rows} rows from {stream}, but {stands} are there;"
                " run `hutong rebuild`"
            )
