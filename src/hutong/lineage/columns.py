"""Columns: what a table and a raw record are made of, and which field of the record became which column."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from openlineage.client.facet_v2 import column_lineage_dataset as lineage
from openlineage.client.facet_v2 import schema_dataset

from hutong.conversions import conversion_of, filled_by
from hutong.lineage.named import Named
from hutong.model import mapping
from hutong.model.dataset import Dataset, Field
from hutong.model.path import Level, read_each, read_path
from hutong.registry import Source
from hutong.schema.shape import JSON_TYPES, Shape, shape_of
from hutong.store.landing import SCHEMA

Columns = list[schema_dataset.SchemaDatasetFacetFields]

RECORD = "body"
"""The column of landing that holds pages; what a record of a page holds stands below it."""

_ENGINE = {"city": "city", "batch": "batch", "received_at": "fetched_at"}
"""Column that the engine fills -> column of landing that it is copied from."""


def of_dataset(dataset: Dataset) -> Columns:
    """The columns of a base dataset, as its contract has them."""
    return [
        schema_dataset.SchemaDatasetFacetFields(
            name=one.name, type=one.type, description=_said(one), ordinal_position=n
        )
        for n, one in enumerate(dataset.fields, 1)
    ]


def of_record(source: Source, left_out: Collection[str] = frozenset()) -> Columns:
    """The fields of a raw record of the stream, as its JSON Schema declares them, but for those `left_out`."""
    return _within(shape_of(source.schema), left_out)


def of_landing(source: Source) -> Columns:
    """The columns of a landing table; below that of pages what a record may hold there."""
    return [
        schema_dataset.SchemaDatasetFacetFields(
            name=one.name,
            type=str(one.type),
            fields=of_record(source, source.stream.never_keep) if one.name == RECORD else [],
            ordinal_position=place,
        )
        for place, one in enumerate(SCHEMA, 1)
    ]


def landed_from(source: Source, endpoint: Named) -> lineage.ColumnLineageDatasetFacet:
    """What of the platform's answers lies where in landing: every field as it came, but for what is never kept."""
    how = "落地加密 encrypted where it lands" if source.is_personal else "原样落地 as received"
    return lineage.ColumnLineageDatasetFacet(
        fields={
            f"{RECORD}.{one.name}": lineage.Fields([_read(endpoint, one.name, _direct("IDENTITY", how))])
            for one in of_record(source, source.stream.never_keep)
        }
    )


def published_from(dataset: Dataset, source: Source, landing: Named) -> lineage.ColumnLineageDatasetFacet:
    """Which fields of the raw record each column of `dataset` is made of, and by which rule of the mapping."""
    rows = next(rows for rows in source.mapping.rows if rows.dataset == dataset.id)
    levels: list[Level] = [] if rows.each is None else [(*keys, 0) for keys in read_each(rows.each)]
    fields = {
        column: lineage.Fields([_read(landing, of, _direct("IDENTITY", "由互通填写 filled by hutong"))])
        for column, of in _ENGINE.items()
        if column in dataset.names
    }
    for column, rule in rows.fields.items():
        read = [_read(landing, _field(path, levels), _done(column, rule, dataset, source)) for path in _paths(rule)]
        for filled in filled_by(column, rule):
            if read and filled in dataset.names:
                fields[filled] = lineage.Fields(read)
    chosen = [] if rows.when is None else [_read(landing, _field(rows.when.from_, levels), _CHOSEN)]
    return lineage.ColumnLineageDatasetFacet(fields=fields, dataset=chosen)


_CHOSEN = lineage.Transformation(type="INDIRECT", subtype="FILTER", description="按值归入数据集 decides the dataset")


def _done(column: str, rule: mapping.Rule, dataset: Dataset, source: Source) -> lineage.Transformation:
    words = conversion_of(column, rule, dataset, source).words
    is_masked = isinstance(rule, mapping.Pseudonym) or (isinstance(rule, mapping.Text) and rule.mask)
    is_copied = isinstance(rule, mapping.Text | mapping.Number) and not is_masked
    return _direct("IDENTITY" if is_copied else "TRANSFORMATION", f"{rule.rule}: {words.zh} {words.en}", is_masked)


def _direct(subtype: str, description: str, masking: bool = False) -> lineage.Transformation:
    return lineage.Transformation(type="DIRECT", subtype=subtype, description=description, masking=masking)


def _read(of: Named, field: str, how: lineage.Transformation) -> lineage.InputField:
    return lineage.InputField(namespace=of.namespace, name=of.name, field=field, transformations=[how])


def _paths(rule: mapping.Rule) -> Iterator[str]:
    """Each path that `rule` reads, once."""
    return iter(dict.fromkeys(mapping.paths_of(rule)))


def _field(path: str, levels: list[Level]) -> str:
    steps = read_path(path).within(levels)
    return ".".join([RECORD, *(step for step in steps if isinstance(step, str))])


def _within(shape: Shape, left_out: Collection[str]) -> Columns:
    return [
        schema_dataset.SchemaDatasetFacetFields(
            name=name,
            type="any" if one.types == JSON_TYPES else " | ".join(sorted(one.types)),
            description="; ".join(one.said) or None,
            fields=_within(one.inside if "array" in one.types else one, left_out),
        )
        for name, one in (shape.fields or {}).items()
        if name not in left_out
    ]


def _said(field: Field) -> str:
    unit = f" [{field.unit}]" if field.unit else ""
    return f"{field.words.zh} {field.description or field.words.en}{unit}"
