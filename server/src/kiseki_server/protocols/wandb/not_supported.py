"""What stands in the schema and is not served: said in one sentence, or answered as empty.

`docs/reference/wandb-compatibility.md` shows both tables; a test keeps them level.
"""

from __future__ import annotations

from typing import Any

from graphql import GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType

from kiseki_server.kit.errors import Unsupported

_REFUSED: dict[str, str] = {
    "Sweeps are not supported yet": """
        Project.sweep
        Mutation.agentHeartbeat Mutation.createAgent Mutation.enqueueSweepRun Mutation.upsertSweep
    """,
    "Reports and saved workspaces are not supported yet": """
        Query.view
        Mutation.createAccessToken Mutation.deleteView Mutation.revokeAccessToken
        Mutation.upsertView
    """,
    "Launch is not supported yet": """
        Query.launchAgent Project.runQueue Entity.defaultResourceConfig
        Mutation.ackRunQueueItem Mutation.createDefaultResourceConfig Mutation.createLaunchAgent
        Mutation.createRunQueue Mutation.deleteFromRunQueue Mutation.deleteRunQueues
        Mutation.failRunQueueItem Mutation.popFromRunQueue Mutation.pushToRunQueue
        Mutation.pushToRunQueueByName Mutation.updateLaunchAgent
        Mutation.updateRunQueueItemWarning Mutation.upsertRunQueue
    """,
    "Automations and integrations are not supported yet": """
        Mutation.createFilterTrigger Mutation.createGenericWebhookIntegration
        Mutation.deleteTrigger Mutation.updateFilterTrigger
    """,
    "Custom charts are not supported yet": "Mutation.createCustomChart",
    "Nobody is anonymous here: ask the server's administrator for a key": """
        Mutation.createAnonymousEntity
    """,
}

REFUSED: dict[str, str] = {
    field: sentence for sentence, fields in _REFUSED.items() for field in fields.split()
}
"""The sentence that each refused field is answered with."""

EMPTY: frozenset[str] = frozenset(
    [
        "Entity.integrations",
        "Entity.triggers",
        "Organization.triggers",
        "Project.allViews",
        "Project.runQueues",
        "Project.sweeps",
        "Project.triggers",
        "Project.views",
        "Run.sweepName",
    ]
)
"""Fields that are truthfully empty, because nothing that they list can be made yet."""

SWEEPS = "Sweeps are not supported yet"


def answer(field: str, type: GraphQLOutputType) -> Any:
    """The value of a field that is not served.

    Raises:
        Unsupported: With the sentence.
    """
    if field in EMPTY:
        return _empty(type)
    if field in REFUSED:
        raise Unsupported(f"{REFUSED[field]} ({field.split('.')[1]})")
    raise LookupError(f"{field} is neither served nor listed as not supported")


def _empty(type: GraphQLOutputType) -> Any:
    if isinstance(type, GraphQLNonNull):
        return _empty(type.of_type)
    if isinstance(type, GraphQLList):
        return []
    if isinstance(type, GraphQLObjectType) and type.name.endswith("Connection"):
        return {"edges": [], "totalCount": 0, "pageInfo": {"endCursor": None, "hasNextPage": False}}
    return None
