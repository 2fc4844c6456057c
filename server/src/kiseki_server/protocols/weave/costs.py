"""Prices of models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from litestar import Response, post

from kiseki_server.domain.accounts.rules import Action
from kiseki_server.domain.calls.query import Field
from kiseki_server.domain.costs.service import CostService
from kiseki_server.domain.costs.types import Cost, Price
from kiseki_server.domain.feedback import conditions
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Malformed
from kiseki_server.protocols.weave.bodies import LIMITED, answer, nothing, read
from kiseki_server.protocols.weave.call_queries import CallQueries, QueryBody, SortBody
from kiseki_server.protocols.weave.door import Door
from kiseki_server.protocols.weave.objects import MAX_VALUES, bounded
from kiseki_server.protocols.weave.refs import References

_FIELDS = {
    "id": "id",
    "llm_id": "model",
    "provider_id": "provider",
    "effective_date": "effective_at",
    "prompt_token_cost": "prompt",
    "completion_token_cost": "completion",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_creation",
    "prompt_token_cost_unit": "prompt_unit",
    "completion_token_cost_unit": "completion_unit",
}


class PriceIn(msgspec.Struct):
    prompt_token_cost: float
    completion_token_cost: float
    cache_read_input_token_cost: float | None = None
    cache_creation_input_token_cost: float | None = None
    prompt_token_cost_unit: str | None = None
    completion_token_cost_unit: str | None = None
    effective_date: datetime | None = None
    provider_id: str | None = None


class Create(msgspec.Struct):
    project_id: str
    costs: dict[str, PriceIn]


class Query(msgspec.Struct):
    project_id: str
    fields: list[str] | None = None
    query: QueryBody | None = None
    sort_by: list[SortBody] | None = None
    limit: int | None = None
    offset: int | None = None


class Purge(msgspec.Struct):
    project_id: str
    query: QueryBody


class PriceQueries(CallQueries):
    """Conditions on prices."""

    def field(self, text: str) -> Field:
        if text not in _FIELDS:
            raise Malformed(f"`{text[:200]}` may not be queried")
        return Field((_FIELDS[text],))


@post("/cost/create", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def create_costs(body: bytes, door: Door, costs: CostService, clock: Clock) -> Response[bytes]:
    """Set prices of models in a project."""
    sent = read(body, Create)
    if len(sent.costs) > MAX_VALUES:
        raise BadRequest(f"{len(sent.costs)} prices were sent; {MAX_VALUES} can be at once")
    at = door.place(sent.project_id, Action.WRITE)
    prices = [_price(model, given, at, door, clock) for model, given in sent.costs.items()]
    with door.database.transaction(write=True):
        costs.add(prices)
    return answer({"ids": [[price.id, price.model] for price in prices]})


@post("/cost/query", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def query_costs(body: bytes, door: Door, costs: CostService) -> Response[bytes]:
    """The project's own prices."""
    asked = read(body, Query)
    at = door.place(asked.project_id)
    queries = PriceQueries(at, References(door))
    condition = None if asked.query is None else queries.condition(asked.query.expr)
    if condition is not None:
        conditions.check_size(condition)
    limit, offset = bounded(asked.limit, "limit"), bounded(asked.offset, "offset") or 0
    with door.database.transaction():
        found = list(costs.find(at, condition))
    for term in reversed(asked.sort_by or []):
        (name,) = queries.field(term.field).path
        found.sort(
            key=lambda price, name=name: getattr(price, name) or 0, reverse=term.direction == "desc"
        )
    page = found[offset : None if limit is None else offset + limit]
    names = {name: queries.field(name).path[0] for name in asked.fields or _FIELDS}
    results = [{name: _shown(price, own) for name, own in names.items()} for price in page]
    return answer({"results": results})


@post("/cost/purge", opt=LIMITED, sync_to_thread=True, include_in_schema=False)
def purge_costs(body: bytes, door: Door, costs: CostService) -> Response[bytes]:
    """Remove prices by their ids."""
    asked = read(body, Purge)
    at = door.place(asked.project_id, Action.WRITE)
    condition = PriceQueries(at, References(door)).condition(asked.query.expr)
    conditions.check_size(condition)
    with door.database.transaction(write=True):
        costs.purge(at, condition)
    return nothing()


def shown_with_call(cost: Cost) -> dict[str, Any] | None:
    """A model's cost as it stands in the summary of a call; nothing when there is no price."""
    price, tokens = cost.price, cost.tokens
    if price is None:
        return None
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_creation,
        "requests": tokens.requests,
        "total_tokens": tokens.total,
        "prompt_tokens_total_cost": cost.prompt,
        "completion_tokens_total_cost": cost.completion,
        "cache_read_input_tokens_total_cost": cost.cache_read,
        "cache_creation_input_tokens_total_cost": cost.cache_creation,
        **{
            name: _shown(price, own)
            for name, own in _FIELDS.items()
            if name not in {"id", "llm_id"}
        },
        "price_verified": price.verified,
        "pricing_level": price.level,
        "pricing_level_id": "default" if price.project is None else str(price.project),
        "created_at": price.created_at,
        "created_by": price.created_by,
    }


def _shown(price: Price, name: str) -> Any:
    value = getattr(price, name)
    # A price that was not given is that of any token of a prompt.
    return price.prompt if value is None else value


def _price(model: str, given: PriceIn, at: Project, door: Door, clock: Clock) -> Price:
    now = clock.now()
    effective = given.effective_date or now
    return Price(
        id=str(uuid4()),
        project=at.id,
        model=model,
        provider=given.provider_id or "default",
        effective_at=effective if effective.tzinfo else effective.replace(tzinfo=UTC),
        prompt=given.prompt_token_cost,
        completion=given.completion_token_cost,
        cache_read=given.cache_read_input_token_cost,
        cache_creation=given.cache_creation_input_token_cost,
        prompt_unit=given.prompt_token_cost_unit or "USD",
        completion_unit=given.completion_token_cost_unit or "USD",
        created_at=now,
        created_by=door.actor.user.name,
    )


routes = [create_costs, query_costs, purge_costs]
