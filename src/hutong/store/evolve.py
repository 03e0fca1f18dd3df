"""A table brought up to a newer version of what it holds, in place: its files stay, and read on.

Each step is a commit of its own and leaves out what is done already, so whoever dies in between is finished by the
next. The properties come last: they say under which contract the table is, so they are true only once all else is.
A commit that came in between makes a step fail (CommitFailedError); look again then.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Schema

_ALONE = CommitProperties(max_commit_retries=0)


def is_as_declared(snapshot: DeltaTable, schema: pa.Schema, properties: Mapping[str, str]) -> bool:
    """Whether `snapshot` has exactly the columns of `schema`, in any order, and at least `properties`."""
    kept = snapshot.metadata().configuration
    if any(kept.get(name) != value for name, value in properties.items()):
        return False
    return {field.name for field in snapshot.schema().fields} == set(schema.names)


def evolve(snapshot: DeltaTable, schema: pa.Schema, description: str, properties: Mapping[str, str]) -> None:
    """Add to `snapshot` the columns, comments, description and properties that it lacks, and drop NOT NULL where
    `schema` allows null. `snapshot` is up to date afterwards.

    schema: every column of the table, with its type there; further ones are nullable.
    """
    kept = {field.name: field for field in snapshot.schema().fields}
    declared = Schema.from_arrow(schema).fields
    further = [field for field in declared if field.name not in kept]
    if further:
        snapshot.alter.add_columns(further, commit_properties=_ALONE)
    for field in declared:
        if field.name not in kept:
            continue
        if field.nullable and not kept[field.name].nullable:
            snapshot.alter.drop_column_not_null(field.name, commit_properties=_ALONE)
        if not field.metadata.items() <= kept[field.name].metadata.items():
            snapshot.alter.set_column_metadata(field.name, field.metadata, commit_properties=_ALONE)
    if snapshot.metadata().description != description:
        snapshot.alter.set_table_description(description, commit_properties=_ALONE)
    changed = {
        name: value for name, value in properties.items() if snapshot.metadata().configuration.get(name) != value
    }
    if changed:
        snapshot.alter.set_table_properties(changed, raise_if_not_exists=False, commit_properties=_ALONE)
