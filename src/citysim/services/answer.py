"""Turns a service's plain answers into HTTP, and writes down what each of them served."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from citysim.services.served import ServedLog

log = logging.getLogger(__name__)

EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, with its body read."""

    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    """Scheme, host and port under which the client reached the service."""
    path_params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, and what the log may say about it."""

    body: bytes
    media_type: str = "application/json"
    status: int = 200
    record_ids: Sequence[str] = ()
    """Ids of the records in it, a planted duplicate twice."""
    fault_ids: Sequence[str] = ()
    """Those of them that were made bad, each once."""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    """What was asked for, without credentials; for services that are not asked in the URL."""


Handler = Callable[[Asked], Answer]


def application(
    handlers: Mapping[tuple[str, str], Handler],
    *,
    served: ServedLog,
    logged_params: frozenset[str],
    not_found: Handler,
    broken: Answer,
) -> Starlette:
    """The service that answers `handlers`, by (method, path), and everything else with `not_found`.

    logged_params: the URL parameters that may be written down; no other ever is.
    broken: what a client reads when a handler raised; the trace goes to this process' own log.
    """

    def endpoint(handler: Handler) -> Callable[[Request], object]:
        async def answered(request: Request) -> Response:
            body = await request.body()
            asked = Asked(
                path=request.url.path,
                params=dict(request.query_params),
                headers=request.headers,
                body=body,
                base_url=str(request.base_url).rstrip("/"),
                path_params=request.path_params,
            )
            try:
                # In a thread, because computing a view takes a while and the other services go on answering.
                answer = await run_in_threadpool(handler, asked)
            except Exception:
                log.exception("the service failed on %s %s", request.method, asked.path)
                answer = broken
            query = {name: value for name, value in asked.params.items() if name in logged_params}
            served.write(
                method=request.method,
                path=asked.path,
                query={**query, **answer.query},
                status=answer.status,
                record_ids=answer.record_ids,
                fault_ids=answer.fault_ids,
                body=answer.body,
            )
            # The content type goes in as a header: Starlette would add charset=utf-8 to text types on its own.
            headers = {"content-type": answer.media_type, **answer.headers}
            return Response(answer.body, status_code=answer.status, headers=headers)

        return answered

    routes = [Route(path, endpoint(handler), methods=[method]) for (method, path), handler in handlers.items()]
    routes.append(Route("/{rest:path}", endpoint(not_found), methods=EVERY_METHOD))
    return Starlette(routes=routes)
