"""`POST /graphql`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import structlog
from anyio import to_thread
from graphql import ExecutionResult, GraphQLError, execute
from litestar import MediaType, Request, Response, post

from kiseki_server.domain.accounts.credentials import Credentials
from kiseki_server.domain.accounts.fresh_keys import FreshKeys
from kiseki_server.domain.accounts.service import AccountService
from kiseki_server.domain.accounts.teams import TeamService
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.console.store import ConsoleStore
from kiseki_server.domain.exports.exporter import Exporter
from kiseki_server.domain.exports.service import ExportService
from kiseki_server.domain.files.service import FileService
from kiseki_server.domain.files.tickets import Tickets
from kiseki_server.domain.history.branching import Branching
from kiseki_server.domain.history.store import HistoryStore
from kiseki_server.domain.projects.members import ProjectMembers
from kiseki_server.domain.projects.service import ProjectService
from kiseki_server.domain.registry.search import RegistrySearch
from kiseki_server.domain.registry.service import RegistryService
from kiseki_server.domain.runs.alerts import AlertService
from kiseki_server.domain.runs.events import LiveSource
from kiseki_server.domain.runs.service import RunService
from kiseki_server.kit import json
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Forbidden, KisekiError, Unavailable, message_of
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.addresses import base_url
from kiseki_server.protocols.wandb import beforehand, json_lines, on_the_way
from kiseki_server.protocols.wandb import exports as exports_of_runs
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.documents import Document, Documents, writes
from kiseki_server.protocols.wandb.errors import HANDLERS, status_of
from kiseki_server.protocols.wandb.executable import load_schema, resolve
from kiseki_server.protocols.wandb.histories import Histories
from kiseki_server.protocols.wandb.roots import MutationRoot, QueryRoot
from kiseki_server.protocols.wandb.scans import Scans

BODY_LIMIT = 16 << 20
MESSAGE_LIMIT = 1_000
"""Characters of a message of the GraphQL library, which may repeat a variable's value."""

_log = structlog.get_logger("kiseki.wandb")
_schema = load_schema()
_documents = Documents(_schema)


class Call(msgspec.Struct, rename="camel"):
    """The body of a request. An empty operation name is none."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(Call)


@post(
    "/graphql",
    status_code=200,
    opt={"body_limit": BODY_LIMIT},
    exception_handlers=HANDLERS,
    include_in_schema=False,
)
async def graphql(
    request: Request[Any, Any, Any],
    body: bytes,
    actor: Actor,
    accounts: AccountService,
    alerts: AlertService,
    artifacts: ArtifactService,
    branching: Branching,
    clock: Clock,
    console_store: ConsoleStore,
    credentials: Credentials,
    database: UnitOfWork,
    exporter: Exporter,
    exports: ExportService,
    files: FileService,
    fresh_keys: FreshKeys,
    history_store: HistoryStore,
    live: LiveSource,
    members: ProjectMembers,
    projects: ProjectService,
    registries: RegistryService,
    registry_search: RegistrySearch,
    runs: RunService,
    scans: Scans,
    teams: TeamService,
    tickets: Tickets,
) -> Response[bytes]:
    """Answer a GraphQL request."""
    context = Context(
        actor=actor,
        address=base_url(request),
        accounts=accounts,
        credentials=credentials,
        fresh_keys=fresh_keys,
        teams=teams,
        projects=projects,
        members=members,
        registries=registries,
        registry_search=registry_search,
        runs=runs,
        alerts=alerts,
        branching=branching,
        history=history_store,
        histories=Histories(history_store),
        console=console_store,
        files=files,
        artifacts=artifacts,
        exports=exports,
        exporter=exporter,
        scans=scans,
        tickets=tickets,
        clock=clock,
    )
    ask = partial(to_thread.run_sync, partial(_answer, body, context, database))
    ask = partial(exports_of_runs.answer, ask, context)
    return await on_the_way.answer(ask, context, live)


def _answer(body: bytes, context: Context, database: UnitOfWork) -> Response[bytes]:
    call = read_call(body)
    document = _documents.read(call.query)
    context = replace(context, operation=document.operation_name(call.operation_name or None))
    result, changed = run(call, document, context, database)
    if changed:  # what was changed must not be changed again for a better answer
        context.exporting.clear()
    return Response(
        json.encode(render(result)),
        status_code=status(result, changed=changed),
        media_type=MediaType.JSON,
    )


def read_call(body: bytes) -> Call:
    """The request's body.

    Raises:
        BadRequest: It is no GraphQL request.
    """
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise BadRequest(
            f"The variables are nested too deeply; {json_lines.DEPTH} levels are accepted"
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"The body is no GraphQL request: {error}") from None


class _Undone(Exception):
    """Takes back what a mutation did before it failed."""

    def __init__(self, result: ExecutionResult) -> None:
        super().__init__()
        self.result = result


def run(
    call: Call, document: Document, context: Context, database: UnitOfWork
) -> tuple[ExecutionResult, bool]:
    """Execute in one transaction; whether it was a mutation. What fails changes nothing."""
    operation = document.operation(call.operation_name or None)
    variables = call.variables or {}
    document.cost(operation, variables)
    changes = writes(operation)
    if changes:
        beforehand.do(_schema, document.ast, operation, variables, context, database)
    try:
        with database.transaction(write=changes):
            result = execute(
                _schema,
                document.ast,
                root_value=MutationRoot(context) if changes else QueryRoot(context),
                context_value=context,
                variable_values=variables,
                operation_name=call.operation_name or None,
                field_resolver=resolve,
            )
            assert isinstance(result, ExecutionResult)
            if changes and result.errors:
                raise _Undone(result)
    except _Undone as undone:
        result = undone.result
    return result, changes


def status(result: ExecutionResult, *, changed: bool) -> int:
    """The HTTP status that makes the client do the right thing.

    It tries again on 5xx and 429 alone. A failed mutation says so by its status; a query that
    could be answered in part is 200, and its errors stand in the body.
    """
    causes = [error.original_error for error in result.errors or ()]
    for cause in causes:
        if isinstance(cause, Unavailable):
            return cause.status
    for cause in causes:
        if isinstance(cause, Forbidden) or (changed and isinstance(cause, KisekiError)):
            return status_of(cause)
    if result.data is None and any(cause is None for cause in causes):
        return 400  # variables of a wrong type, most likely
    return 200


def render(result: ExecutionResult) -> dict[str, Any]:
    """The body of the answer."""
    if not result.errors:
        return {"data": result.data}
    return {"data": result.data, "errors": [_error(error) for error in result.errors]}


def _error(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    shown: dict[str, Any] = {"message": error.message[:MESSAGE_LIMIT]}
    if isinstance(cause, KisekiError):
        code = "PERMISSION_ERROR" if isinstance(cause, Forbidden) else cause.code.upper()
        shown = {"message": message_of(cause), "extensions": {"code": code}}
    elif cause is not None and not isinstance(cause, GraphQLError):
        _log.error("a field failed", path=error.path, exc_info=cause)
        shown = {"message": "Something went wrong in the server; its log says more"}
    if error.path:
        shown["path"] = error.path
    return shown


routes = [graphql]
