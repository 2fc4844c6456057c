"""Mutations that store bytes. Bytes must not travel inside of a transaction, so these do their
work in transactions of their own, before the one in which the document is answered; their
repetition changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    execute,
)

from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.protocols.wandb import artifact_uploads
from kiseki_server.protocols.wandb.context import Context

Given = dict[str, Any]

WORK: Mapping[str, Callable[[Context, UnitOfWork, Given], None]] = {
    "commitArtifact": artifact_uploads.commit,
    "completeMultipartUploadArtifact": artifact_uploads.complete_parts,
}
"""By the field of `Mutation`."""


def do(
    schema: GraphQLSchema,
    ast: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    context: Context,
    database: UnitOfWork,
) -> None:
    """Do what a mutation asks for and must not do inside of its transaction."""
    for field, given in _inputs(schema, ast, operation, variables):
        WORK[field](context, database, given)


def _inputs(
    schema: GraphQLSchema,
    ast: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> list[tuple[str, Given]]:
    """The fields and their inputs, as the execution will see them."""
    fields = operation.selection_set.selections
    if all(isinstance(each, FieldNode) and each.name.value not in WORK for each in fields):
        return []
    found: list[tuple[str, Given]] = []

    def note(_source: Any, info: GraphQLResolveInfo, **arguments: Any) -> None:
        if info.field_name in WORK:
            found.append((info.field_name, arguments["input"]))

    # Values that do not fit are refused by the execution that follows.
    execute(
        schema,
        ast,
        variable_values=dict(variables),
        operation_name=None if operation.name is None else operation.name.value,
        field_resolver=note,
    )
    return found
