"""The events of one run of a stage. Nothing here raises: what cannot be told is not told."""

from __future__ import annotations

from datetime import UTC, datetime

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    documentation_job,
    error_message_run,
    job_type_job,
    nominal_time_run,
    ownership_job,
    parent_run,
    processing_engine_run,
    tags_run,
)
from openlineage.client.uuid import generate_new_uuid

from hutong.errors import HutongError
from hutong.lineage import facets
from hutong.lineage.configured import namespace
from hutong.lineage.named import of_endpoint, of_table
from hutong.lineage.observe import Receipt, Work
from hutong.lineage.parent import Parent, above
from hutong.lineage.sending import lost, send
from hutong.model.batch import Landed, Published
from hutong.store.paths import Place
from hutong.store.tables import existing

NAMESPACE = "hutong"


class Telling:
    """One run: `started`, then one of the other three."""

    def __init__(self, work: Work) -> None:
        self._work = work
        # A try that died leaves a run without an end, and the next one is another run.
        self._run = str(generate_new_uuid())

    def started(self) -> None:
        """It begins."""
        self._tell(RunState.START)

    def completed(self, receipt: Receipt | None) -> None:
        """It ended well."""
        self._tell(RunState.COMPLETE, receipt)

    def failed(self, wrong: Exception) -> None:
        """It ended with `wrong`. Only errors of ours are repeated: they are made without secrets and values."""
        said = str(wrong) if isinstance(wrong, HutongError) else type(wrong).__name__
        error = error_message_run.ErrorMessageRunFacet(message=said, programmingLanguage="Python")
        self._tell(RunState.FAIL, more={"errorMessage": error})

    def stopped(self) -> None:
        """It was ended from outside."""
        self._tell(RunState.ABORT)

    def _tell(self, state: RunState, receipt: Receipt | None = None, more: dict[str, RunFacet] | None = None) -> None:
        try:
            inputs, outputs = _datasets(self._work, receipt)
            event = RunEvent(
                eventType=state,
                eventTime=datetime.now(UTC).isoformat(),
                run=Run(self._run, _of_run(self._work, receipt) | (more or {})),
                job=_job(self._work),
                inputs=inputs,
                outputs=outputs,
            )
            send(event)
        except Exception as failed:
            lost(type(failed).__name__)


def _job(work: Work) -> Job:
    stream, connector = work.source.stream, work.source.connector
    described: dict[str, JobFacet] = {
        "jobType": job_type_job.JobTypeJobFacet("BATCH", "HUTONG", work.stage.upper()),
        "documentation": documentation_job.DocumentationJobFacet(
            description=f"{connector.title.zh} · {stream.title.zh} {connector.title.en} · {stream.title.en}"
        ),
        "ownership": ownership_job.OwnershipJobFacet([ownership_job.Owner(connector.owner, "OWNER")]),
    }
    return Job(namespace(NAMESPACE), f"{work.source.id}.{work.stage}", described)


def _of_run(work: Work, receipt: Receipt | None) -> dict[str, RunFacet]:
    told: dict[str, RunFacet] = {
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(facets.VERSION, "hutong"),
        "tags": tags_run.TagsRunFacet(
            [tags_run.TagsRunFacetFields(key, str(value), "HUTONG") for key, value in _tags(work, receipt).items()]
        ),
    }
    if work.window is not None:
        bounds = (work.window.start.isoformat(), work.window.end.isoformat())
        told["nominalTime"] = nominal_time_run.NominalTimeRunFacet(*bounds)
    if (parent := above()) is not None:
        told["parent"] = _parent(parent)
    return told


def _tags(work: Work, receipt: Receipt | None) -> dict[str, object]:
    tags: dict[str, object] = {"city": work.sequence.city, "sequence": work.sequence.id}
    if work.batch is not None:
        tags["batch"] = work.batch
    if isinstance(receipt, Landed) and receipt.first is not None:
        tags |= {"first_batch": receipt.first, "last_batch": receipt.last, "completeness": receipt.completeness}
    if isinstance(receipt, Published):
        tags |= {"received": receipt.received} | receipt.fates
    return tags


def _parent(parent: Parent) -> parent_run.ParentRunFacet:
    return parent_run.ParentRunFacet(
        parent_run.Run(parent.run),
        parent_run.Job(parent.namespace, parent.job),
        parent_run.Root(parent_run.RootRun(parent.root_run), parent_run.RootJob(parent.namespace, parent.root_job)),
    )


def _datasets(work: Work, receipt: Receipt | None) -> tuple[list[InputDataset], list[OutputDataset]]:
    """What is read and what is written; with figures and versions when it ended well.

    The store is asked for versions then only: one that has failed would be waited for.
    """
    source, sequence, store = work.source, work.sequence, work.store

    def at(place: Place) -> int | None:
        table = existing(place) if receipt is not None else None
        return None if table is None else table.version()

    place = store.landing(sequence.platform, sequence.stream)
    landing = of_table(place)
    if work.stage == "land":
        landed = receipt if isinstance(receipt, Landed) else None
        platform = of_endpoint(source, sequence.city)
        written = facets.landing_written(landing, source, platform, landed, at(place))
        return [facets.endpoint(platform, source, landed)], [written]
    published = receipt if isinstance(receipt, Published) else None
    outputs = [
        facets.base_written(of_table(base), dataset, source, landing, published, at(base))
        for dataset in source.datasets.values()
        for base in (store.base(dataset.table),)
    ]
    if work.quarantine is not None:
        place_of_refused = store.quarantine(sequence.platform)
        outputs.append(facets.quarantine_written(of_table(place_of_refused), work.quarantine, at(place_of_refused)))
    return [facets.landing_read(landing, source, published, at(place))], outputs
