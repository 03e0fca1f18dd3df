"""Datasets with what is declared of them, and with what a stage did to them."""

from __future__ import annotations

from importlib.metadata import version

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    OutputDatasetFacet,
    data_quality_assertions_dataset,
    dataset_type_dataset,
    dataset_version_dataset,
    datasource_dataset,
    documentation_dataset,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    ownership_dataset,
    schema_dataset,
    set_producer,
    tags_dataset,
)

from hutong.lineage import columns
from hutong.lineage.named import Named
from hutong.model.batch import GateResult, Landed, Published
from hutong.model.dataset import Dataset
from hutong.model.declared import Words
from hutong.registry import Source

VERSION = version("hutong")
set_producer(f"urn:hutong:{VERSION}")

WRITTEN = ("written", "corrected", "tombstoned")
"""What may become of a row so that it is written."""

_SEVERITY = {"critical": "error", "warning": "warn"}
"""OpenLineage's words for those of gates, where it has one."""


def endpoint(named: Named, source: Source, landed: Landed | None) -> InputDataset:
    """What the platform serves. landed: what came of it, once that is known."""
    facets = {
        "schema": schema_dataset.SchemaDatasetFacet(fields=columns.of_record(source)),
        "ownership": _owned(source.connector.owner, "OWNER"),
    }
    return InputDataset(
        named.namespace,
        named.name,
        facets=_facets(named, source.stream.title, "", "STREAM") | facets,
        inputFacets={}
        if landed is None
        else {
            "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                rowCount=landed.records, size=landed.size
            )
        },
    )


def _landing(named: Named, source: Source, at: int | None) -> dict[str, DatasetFacet]:
    schema = schema_dataset.SchemaDatasetFacet(fields=columns.of_landing(source))
    title = Words(zh=f"{source.stream.title.zh}（落地）", en=f"{source.stream.title.en}, as received")
    return _facets(named, title, "", "TABLE") | _at(at) | {"schema": schema}


def landing_written(
    named: Named, source: Source, platform: Named, landed: Landed | None, at: int | None
) -> OutputDataset:
    """The landing table of a stream, with what a pull added. at: its version, once that is known."""
    facets = _landing(named, source, at) | {"columnLineage": columns.landed_from(source, platform)}
    return OutputDataset(named.namespace, named.name, facets=facets, outputFacets=_statistics(None, landed))


def landing_read(named: Named, source: Source, published: Published | None, at: int | None) -> InputDataset:
    """The landing table of a stream, with what the gates said of the batch that was read."""
    gates = () if published is None else published.gates
    asserted = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
        assertions=[_assertion(gate, source) for gate in gates]
    )
    inputs: dict[str, InputDatasetFacet] = {"dataQualityAssertions": asserted} if gates else {}
    return InputDataset(named.namespace, named.name, facets=_landing(named, source, at), inputFacets=inputs)


def base_written(
    named: Named, dataset: Dataset, source: Source, landing: Named, published: Published | None, at: int | None
) -> OutputDataset:
    """A base dataset's table, with the rows that a batch wrote."""
    facets = _declared(named, dataset) | _at(at)
    facets["columnLineage"] = columns.published_from(dataset, source, landing)
    rows = None
    if published is not None:
        counts = published.rows.get(dataset.table, {})
        rows = sum(counts.get(outcome, 0) for outcome in WRITTEN)
    return OutputDataset(named.namespace, named.name, facets=facets, outputFacets=_statistics(rows, None))


def quarantine_written(named: Named, dataset: Dataset, at: int | None) -> OutputDataset:
    """The quarantine of a platform, which takes what may not pass."""
    return OutputDataset(named.namespace, named.name, facets=_declared(named, dataset) | _at(at))


def _declared(named: Named, dataset: Dataset) -> dict[str, DatasetFacet]:
    """What the contract of `dataset` says to people."""
    tags = [
        tags_dataset.TagsDatasetFacetFields(key=key, value=str(dataset.properties[key]), source="CONTRACT")
        for key in ("layer", "sharing", "dataLevel", "authority")
        if dataset.properties.get(key)
    ]
    tags += [
        tags_dataset.TagsDatasetFacetFields(key="personal", value=one.personal, source="CONTRACT", field=one.name)
        for one in dataset.fields
        if one.personal != "none"
    ]
    facets = _facets(named, dataset.words, dataset.description, "TABLE")
    facets["schema"] = schema_dataset.SchemaDatasetFacet(fields=columns.of_dataset(dataset))
    if tags:
        facets["tags"] = tags_dataset.TagsDatasetFacet(tags=tags)
    if dataset.about is not None and dataset.about.provider.zh:
        facets["ownership"] = _owned(dataset.about.provider.zh, "PROVIDER")
    return facets


def _facets(named: Named, title: Words, description: str, kind: str) -> dict[str, DatasetFacet]:
    return {
        "dataSource": datasource_dataset.DatasourceDatasetFacet(name=named.namespace, uri=named.uri),
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet(datasetType=kind),
        "documentation": documentation_dataset.DocumentationDatasetFacet(
            description=". ".join(filter(None, (f"{title.zh} {title.en}", description)))
        ),
    }


def _owned(name: str, kind: str) -> ownership_dataset.OwnershipDatasetFacet:
    return ownership_dataset.OwnershipDatasetFacet(owners=[ownership_dataset.Owner(name=name, type=kind)])


def _at(at: int | None) -> dict[str, DatasetFacet]:
    if at is None:
        return {}
    return {"version": dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=str(at))}


def _statistics(rows: int | None, landed: Landed | None) -> dict[str, OutputDatasetFacet]:
    if rows is None and landed is None:
        return {}
    size = None if landed is None else landed.size
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows, size=size)
    return {"outputStatistics": statistics}


def _assertion(gate: GateResult, source: Source) -> data_quality_assertions_dataset.Assertion:
    declared = [
        one
        for dataset in source.datasets.values()
        if dataset.table == gate.dataset
        for one in dataset.gates
        if one.name == gate.gate
    ]
    # A batch that an older release began may name gates that are declared no longer.
    expectation = declared[0].expectation if declared else gate.gate
    return data_quality_assertions_dataset.Assertion(
        assertion=expectation,
        name=f"{gate.dataset}.{gate.gate}",
        description=f"{declared[0].words.zh} {declared[0].words.en}" if declared else None,
        success=gate.passed,
        severity=_SEVERITY.get(gate.severity, gate.severity),
        column=declared[0].kwargs.get("column") if declared else None,
        expected=gate.expected or None,
        actual=gate.observed,
    )
