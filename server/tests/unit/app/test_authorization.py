"""Who may do what, route by route.

Every registered route needs an entry in `TABLE`: a request that succeeds for whoever may make it,
about the private project that `populated` makes, and what it needs. The tests then send it as
everybody, the most foreign first: without a credential, with a made-up one, as a stranger, as a
guest of the organisation, as a member of another of its projects, as a viewer, and so on. A thing
that a new route is about has to be made in `populated`. Fields of GraphQL have tables of their
own: `test_graphql_access` (changes) and `test_field_access` (everything that is shown).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from server.tests.applications import application
from server.tests.artifacts import ArtifactWorld, md5, md5_hex
from server.tests.histories import append_of

from kiseki.wire.batch import VERSION, Batch, RunStart
from kiseki.wire.records import Environment
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services
from kiseki_server.domain.accounts.types import ProjectRole, Role
from kiseki_server.domain.annotations.types import Item, Queue
from kiseki_server.domain.artifacts.types import Part, PartsUpload
from kiseki_server.domain.calls.store import Writes
from kiseki_server.domain.calls.types import Call, Source
from kiseki_server.domain.evaluations.reading import EVALUATE
from kiseki_server.domain.feedback.types import Feedback
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.history.types import RunRef
from kiseki_server.domain.objects.digests import bytes_digest, table_digest, value_digest
from kiseki_server.domain.projects.types import Visibility
from kiseki_server.domain.runs.types import RunChange, RunState
from kiseki_server.domain.runs.writers import Writer
from kiseki_server.domain.views.types import ViewKind
from kiseki_server.protocols.weave.later import LATER

Client = TestClient[Application]


class Need(Enum):
    """What a route asks for."""

    NOTHING = auto()
    KEY = auto()
    """Anybody who is signed in; the answer is about themselves."""
    READ = auto()
    WRITE = auto()
    ADMIN = auto()
    """An administrator of the project's entity."""
    ORG_ADMIN = auto()
    """An administrator of the organisation."""
    SERVER_ADMIN = auto()
    SIGNATURE = auto()
    """A signed address instead of a credential; see protocols/signed."""


@dataclass(frozen=True)
class Request:
    """One call that succeeds for whoever may make it."""

    need: Need
    path: str
    json: Any = None
    content: bytes | None = None
    params: dict[str, str] = field(default_factory=dict[str, str])
    headers: dict[str, str] = field(default_factory=dict[str, str])


def batch(run: str) -> bytes:
    start = RunStart(time=time.time(), environment=Environment())
    return msgspec.msgpack.encode(
        Batch(
            version=VERSION,
            entity="vision",
            project="digits",
            run=run,
            writer="w",
            first=0,
            next=1,
            start=start,
        )
    )


P = "/api/v1/projects/vision/digits"
A = f"{P}/artifacts"
ARTIFACTS = "/api/v1/projects/{entity}/{project}/artifacts"
QUEUES = "/api/v1/projects/{entity}/{project}/queues"
W = "/traces"
WP = {"project_id": "vision/digits"}
PROMPT = {"content": "hi"}
REACTION = {
    **WP,
    "id": "f1",
    "weave_ref": "weave:///vision/digits/call/c0",
    "feedback_type": "wandb.reaction.1",
    "payload": {"emoji": "👍"},
}
BY_ID = {"$expr": {"$eq": [{"$getField": "id"}, {"$literal": "f2"}]}}
ONE_DAY = {**WP, "start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
EMPTY_TABLE = table_digest([])
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="project_id"\r\n\r\nvision/digits\r\n'
    b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nbytes\r\n--x--\r\n'
)
T = "/api/v1/teams/vision"
O = "/api/v1/orgs/acme"  # noqa: E741
VIEW = {"kind": "runs", "name": "mine", "document": {"version": 1}}
CALL = {
    **WP,
    "id": "c1",
    "trace_id": "t1",
    "op_name": "answer",
    "started_at": "2026-11-30T12:00:00Z",
    "ended_at": "2026-11-30T12:00:01Z",
}
OTLP = ("/v1/traces", "/otel/v1/traces", "/traces/otel/v1/traces")
SPAN = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "s", "startTimeUnixNano": 5}
SPANS = msgspec.json.encode({"resourceSpans": [{"scopeSpans": [{"spans": [SPAN]}]}]})
SERIES = {"runs": ["r1"], "keys": ["loss"], "buckets": 10}

EXAMPLE = value_digest({"x": 1})
V2 = f"{W}/v2/vision/digits"
V2_PLACE = "/traces/v2/{entity}/{project}"
MADE: dict[str, Any] = {
    "ops": {},
    "datasets": {"rows": []},
    "scorers": {"name": "x", "op_source_code": ""},
    "models": {"name": "x", "source_code": ""},
    "evaluations": {"name": "x", "dataset": "none"},
}
"""A body that makes one of each sort of objects."""
LEAVES = {
    "ops": "Op",
    "datasets": "Dataset",
    "scorers": "Scorer",
    "models": "Model",
    "evaluations": "Evaluation",
}
WRITTEN: dict[str, tuple[str, Any]] = {
    "evaluation_runs": (
        "e0",
        {"evaluation": f"weave:///vision/digits/object/x:{EXAMPLE}"}
        | {"model": f"weave:///vision/digits/object/m:{EXAMPLE}"},
    ),
    "predictions": (
        "p0",
        {"model": f"weave:///vision/digits/object/m:{EXAMPLE}", "inputs": {}, "output": 1},
    ),
    "scores": (
        "s0",
        {"prediction_id": "p0", "scorer": f"weave:///vision/digits/object/s:{EXAMPLE}"}
        | {"value": 1},
    ),
}
"""What stands in `populated`, and a body that makes one more."""
IDS = {
    "evaluation_runs": ("run_id", "evaluation_run_ids"),
    "predictions": ("prediction_id", "prediction_ids"),
    "scores": ("score_id", "score_ids"),
}
TABLE: dict[str, Request] = {
    "GET /health": Request(Need.NOTHING, "/health"),
    "GET /ready": Request(Need.NOTHING, "/ready"),
    "GET /metrics": Request(Need.SERVER_ADMIN, "/metrics"),
    "GET /": Request(Need.NOTHING, "/"),
    "GET /{path}": Request(Need.NOTHING, "/vision/digits"),
    "GET /api/schema": Request(Need.KEY, "/api/schema"),
    "GET /api/schema/openapi.json": Request(Need.KEY, "/api/schema/openapi.json"),
    "GET /api/schema/{path}": Request(Need.KEY, "/api/schema/openapi.json"),
    "GET /traces/health": Request(Need.NOTHING, f"{W}/health"),
    "GET /traces/server_info": Request(Need.KEY, f"{W}/server_info"),
    # Projects that the caller may not see are left out.
    "POST /traces/service/projects_info": Request(
        Need.KEY, f"{W}/service/projects_info", json={"project_ids": ["vision/digits"]}
    ),
    "POST /traces/v2/{entity}/{project}/calls/complete": Request(
        Need.WRITE, f"{W}/v2/vision/digits/calls/complete", json={"batch": [CALL]}
    ),
    "POST /traces/v2/{entity}/{project}/call/start": Request(
        Need.WRITE, f"{W}/v2/vision/digits/call/start", json={"start": CALL}
    ),
    "POST /traces/v2/{entity}/{project}/call/end": Request(
        Need.WRITE, f"{W}/v2/vision/digits/call/end", json={"end": CALL}
    ),
    "POST /traces/call/start": Request(Need.WRITE, f"{W}/call/start", json={"start": CALL}),
    "POST /traces/call/end": Request(Need.WRITE, f"{W}/call/end", json={"end": CALL}),
    "POST /traces/call/upsert_batch": Request(
        Need.WRITE,
        f"{W}/call/upsert_batch",
        json={"batch": [{"mode": "start", "req": {"start": CALL}}]},
    ),
    "POST /traces/call/update": Request(
        Need.WRITE, f"{W}/call/update", json={**WP, "call_id": "c0", "display_name": "x"}
    ),
    "POST /traces/calls/delete": Request(
        Need.WRITE, f"{W}/calls/delete", json={**WP, "call_ids": ["none"]}
    ),
    "POST /traces/calls/stream_query": Request(Need.READ, f"{W}/calls/stream_query", json=WP),
    "POST /traces/calls/query": Request(Need.READ, f"{W}/calls/query", json=WP),
    "POST /traces/call/read": Request(Need.READ, f"{W}/call/read", json={**WP, "id": "c0"}),
    "POST /traces/calls/query_stats": Request(Need.READ, f"{W}/calls/query_stats", json=WP),
    "POST /traces/annotation_queues": Request(
        Need.WRITE, f"{W}/annotation_queues", json={**WP, "name": "mine"}
    ),
    "POST /traces/annotation_queues/query": Request(
        Need.READ, f"{W}/annotation_queues/query", json=WP
    ),
    "POST /traces/annotation_queues/stats": Request(
        Need.READ, f"{W}/annotation_queues/stats", json={**WP, "queue_ids": ["q1"]}
    ),
    "GET /traces/annotation_queues/{queue}": Request(
        Need.READ, f"{W}/annotation_queues/q1", params=WP
    ),
    "PUT /traces/annotation_queues/{queue}": Request(
        Need.WRITE, f"{W}/annotation_queues/q1", json={**WP, "name": "other"}
    ),
    "DELETE /traces/annotation_queues/{queue}": Request(
        Need.WRITE, f"{W}/annotation_queues/q2", params=WP
    ),
    "POST /traces/annotation_queues/{queue}/items": Request(
        Need.WRITE, f"{W}/annotation_queues/q1/items", json={**WP, "call_ids": ["c0"]}
    ),
    "POST /traces/annotation_queues/{queue}/items/query": Request(
        Need.READ, f"{W}/annotation_queues/q1/items/query", json=WP
    ),
    "POST /traces/annotation_queues/{queue}/items/{item}/progress": Request(
        Need.WRITE,
        f"{W}/annotation_queues/q1/items/i1/progress",
        json={**WP, "annotation_state": "in_progress"},
    ),
    f"GET {QUEUES}": Request(Need.READ, f"{P}/queues"),
    f"POST {QUEUES}": Request(Need.WRITE, f"{P}/queues", json={"name": "mine"}),
    f"GET {QUEUES}/{{queue}}": Request(Need.READ, f"{P}/queues/q1"),
    f"PATCH {QUEUES}/{{queue}}": Request(Need.WRITE, f"{P}/queues/q1", json={"name": "x"}),
    f"DELETE {QUEUES}/{{queue}}": Request(Need.WRITE, f"{P}/queues/q2"),
    f"GET {QUEUES}/{{queue}}/items": Request(Need.READ, f"{P}/queues/q1/items"),
    f"POST {QUEUES}/{{queue}}/items": Request(
        Need.WRITE, f"{P}/queues/q1/items", json={"calls": ["c0"]}
    ),
    f"PUT {QUEUES}/{{queue}}/items/{{item}}/state": Request(
        Need.WRITE, f"{P}/queues/q1/items/i1/state", json={"state": "in_progress"}
    ),
    f"GET {QUEUES}/{{queue}}/results": Request(Need.READ, f"{P}/queues/q1/results"),
    "POST /traces/calls/stats": Request(Need.READ, f"{W}/calls/stats", json=ONE_DAY),
    "POST /traces/project/stats": Request(Need.READ, f"{W}/project/stats", json=WP),
    "POST /traces/project/ttl_settings/read": Request(
        Need.READ, f"{W}/project/ttl_settings/read", json=WP
    ),
    "POST /traces/project/ttl_settings/update": Request(
        Need.ADMIN, f"{W}/project/ttl_settings/update", json={**WP, "retention_days": 3_000}
    ),
    "POST /traces/project/ingest_sampling_settings/read": Request(
        Need.READ, f"{W}/project/ingest_sampling_settings/read", json=WP
    ),
    "GET /traces/project/sensitive_data_settings": Request(
        Need.READ, f"{W}/project/sensitive_data_settings", params=WP
    ),
    "POST /traces/files/resolve_url": Request(
        Need.READ, f"{W}/files/resolve_url", json={**WP, "uris": []}
    ),
    "POST /traces/calls/usage": Request(
        Need.READ, f"{W}/calls/usage", json={**WP, "call_ids": ["c0"]}
    ),
    "POST /traces/trace/usage": Request(Need.READ, f"{W}/trace/usage", json=WP),
    "POST /traces/threads/stream_query": Request(Need.READ, f"{W}/threads/stream_query", json=WP),
    **{
        f"POST {path}": Request(
            Need.WRITE,
            path,
            content=SPANS,
            headers={"Content-Type": "application/json", "x-kiseki-project": "vision/digits"},
        )
        for path in OTLP
    },
    "GET /api/v1/projects/{entity}/{project}/calls": Request(Need.READ, f"{P}/calls"),
    "GET /api/v1/projects/{entity}/{project}/calls/count": Request(Need.READ, f"{P}/calls/count"),
    "GET /api/v1/projects/{entity}/{project}/calls/timeline": Request(
        Need.READ,
        f"{P}/calls/timeline",
        params={"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
    ),
    "GET /api/v1/projects/{entity}/{project}/calls/facets": Request(
        Need.READ, f"{P}/calls/facets", params={"field": "op"}
    ),
    "GET /api/v1/projects/{entity}/{project}/calls/fields": Request(Need.READ, f"{P}/calls/fields"),
    **{
        f"POST {V2_PLACE}/{name}": Request(Need.WRITE, f"{V2}/{name}", json=body)
        for name, body in [*MADE.items(), *((name, known[1]) for name, known in WRITTEN.items())]
    },
    **{f"GET {V2_PLACE}/{name}": Request(Need.READ, f"{V2}/{name}") for name in [*MADE, *WRITTEN]},
    **{
        f"GET {V2_PLACE}/{name}/{{object_id}}/versions/{{digest}}": Request(
            Need.READ, f"{V2}/{name}/{leaf}/versions/latest"
        )
        for name, leaf in LEAVES.items()
    },
    **{
        f"DELETE {V2_PLACE}/{name}/{{object_id}}": Request(Need.WRITE, f"{V2}/{name}/{leaf}")
        for name, leaf in LEAVES.items()
    },
    **{
        f"GET {V2_PLACE}/{name}/{{{IDS[name][0]}}}": Request(Need.READ, f"{V2}/{name}/{id}")
        for name, (id, _) in WRITTEN.items()
    },
    **{
        f"DELETE {V2_PLACE}/{name}": Request(Need.WRITE, f"{V2}/{name}", params={IDS[name][1]: id})
        for name, (id, _) in WRITTEN.items()
    },
    f"POST {V2_PLACE}/evaluation_runs/{{run_id}}/finish": Request(
        Need.WRITE, f"{V2}/evaluation_runs/e9/finish"
    ),
    f"POST {V2_PLACE}/predictions/{{prediction_id}}/finish": Request(
        Need.WRITE, f"{V2}/predictions/p0/finish"
    ),
    f"POST {V2_PLACE}/eval_results/query": Request(
        Need.READ, f"{V2}/eval_results/query", json={"evaluation_call_ids": ["e0"]}
    ),
    "POST /traces/evaluations/status": Request(
        Need.READ, f"{W}/evaluations/status", json={**WP, "call_id": "e0"}
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations": Request(Need.READ, f"{P}/evaluations"),
    "GET /api/v1/projects/{entity}/{project}/evaluations/groups": Request(
        Need.READ, f"{P}/evaluations/groups", params={"by": "model"}
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations/{evaluation}": Request(
        Need.READ, f"{P}/evaluations/e0"
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations/{evaluation}/confusion": Request(
        Need.READ,
        f"{P}/evaluations/e0/confusion",
        params={"expected": "inputs.x", "predicted": "scores.ok"},
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations/{evaluation}/slices": Request(
        Need.READ, f"{P}/evaluations/e0/slices", params={"metric": "scores.ok"}
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations/{evaluation}/gate": Request(
        Need.READ, f"{P}/evaluations/e0/gate", params={"require": "failed = 0"}
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations/{evaluation}/rows": Request(
        Need.READ, f"{P}/evaluations/e0/rows"
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations/{evaluation}/rows/{row}": Request(
        Need.READ, f"{P}/evaluations/e0/rows/{EXAMPLE}"
    ),
    "GET /api/v1/projects/{entity}/{project}/evaluations/{evaluation}/export": Request(
        Need.READ, f"{P}/evaluations/e0/export"
    ),
    "GET /api/v1/projects/{entity}/{project}/comparison": Request(
        Need.READ, f"{P}/comparison", params={"evaluation": "e0"}
    ),
    "GET /api/v1/projects/{entity}/{project}/comparison/rows": Request(
        Need.READ, f"{P}/comparison/rows", params={"evaluation": "e0"}
    ),
    "GET /api/v1/projects/{entity}/{project}/comparison/values": Request(
        Need.READ, f"{P}/comparison/values", params={"evaluation": "e0", "metric": "scores.ok"}
    ),
    "GET /api/v1/projects/{entity}/{project}/threads": Request(Need.READ, f"{P}/threads"),
    "GET /api/v1/projects/{entity}/{project}/calls/{call}": Request(Need.READ, f"{P}/calls/c0"),
    "GET /api/v1/projects/{entity}/{project}/traces/{trace}": Request(Need.READ, f"{P}/traces/t0"),
    "GET /api/v1/projects/{entity}/{project}/objects": Request(Need.READ, f"{P}/objects"),
    "GET /api/v1/projects/{entity}/{project}/objects/{kind}/{name}/versions": Request(
        Need.READ, f"{P}/objects/object/prompt/versions"
    ),
    "GET /api/v1/projects/{entity}/{project}/objects/{kind}/{name}/versions/{version}": Request(
        Need.READ, f"{P}/objects/object/prompt/versions/v0"
    ),
    "PATCH /api/v1/projects/{entity}/{project}/objects/{kind}/{name}/versions/{version}": Request(
        Need.WRITE, f"{P}/objects/object/prompt/versions/v0", json={"tags": ["good"]}
    ),
    "DELETE /api/v1/projects/{entity}/{project}/objects/{kind}/{name}/versions/{version}": Request(
        Need.WRITE, f"{P}/objects/object/spare/versions/v0"
    ),
    "POST /api/v1/projects/{entity}/{project}/objects": Request(
        Need.WRITE, f"{P}/objects", json={"name": "made", "value": PROMPT}
    ),
    "POST /api/v1/projects/{entity}/{project}/datasets/{name}/versions": Request(
        Need.WRITE, f"{P}/datasets/new/versions", json={"added": [{"a": 1}]}
    ),
    "GET /api/v1/projects/{entity}/{project}/tables/{table}/rows": Request(
        Need.READ, f"{P}/tables/{EMPTY_TABLE}/rows"
    ),
    "GET /api/v1/projects/{entity}/{project}/objects/files/{digest}": Request(
        Need.READ, f"{P}/objects/files/{bytes_digest(b'bytes')}"
    ),
    "GET /api/v1/projects/{entity}/{project}/calls/reliability": Request(
        Need.READ,
        f"{P}/calls/reliability",
        params={"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"},
    ),
    "GET /api/v1/projects/{entity}/{project}/threads/{thread}/turns": Request(
        Need.READ, f"{P}/threads/t/turns"
    ),
    "GET /api/v1/projects/{entity}/{project}/calls/{call}/feedback": Request(
        Need.READ, f"{P}/calls/c0/feedback"
    ),
    "POST /api/v1/projects/{entity}/{project}/calls/{call}/feedback": Request(
        Need.WRITE, f"{P}/calls/c0/feedback", json={"note": "good"}
    ),
    "DELETE /api/v1/projects/{entity}/{project}/feedback/{feedback_id}": Request(
        Need.WRITE, f"{P}/feedback/f1"
    ),
    "PATCH /api/v1/projects/{entity}/{project}/calls/{call}": Request(
        Need.WRITE, f"{P}/calls/c0", json={"name": "x"}
    ),
    "DELETE /api/v1/projects/{entity}/{project}/calls": Request(
        Need.WRITE, f"{P}/calls", params={"id": "c0"}
    ),
    "POST /traces/feedback/create": Request(Need.WRITE, f"{W}/feedback/create", json=REACTION),
    "POST /traces/feedback/batch/create": Request(
        Need.WRITE, f"{W}/feedback/batch/create", json={"batch": [REACTION]}
    ),
    "POST /traces/feedback/replace": Request(
        Need.WRITE, f"{W}/feedback/replace", json={**REACTION, "feedback_id": "f1"}
    ),
    "POST /traces/feedback/query": Request(Need.READ, f"{W}/feedback/query", json=WP),
    "POST /traces/feedback/purge": Request(
        Need.WRITE, f"{W}/feedback/purge", json={**WP, "query": BY_ID}
    ),
    "POST /traces/feedback/stats": Request(Need.READ, f"{W}/feedback/stats", json=ONE_DAY),
    "POST /traces/feedback/payload_schema": Request(
        Need.READ, f"{W}/feedback/payload_schema", json=ONE_DAY
    ),
    "POST /traces/feedback/aggregate": Request(
        Need.READ, f"{W}/feedback/aggregate", json={**WP, "after_ms": 0, "before_ms": 1}
    ),
    "POST /traces/cost/create": Request(Need.WRITE, f"{W}/cost/create", json={**WP, "costs": {}}),
    "POST /traces/cost/query": Request(Need.READ, f"{W}/cost/query", json=WP),
    "POST /traces/cost/purge": Request(Need.WRITE, f"{W}/cost/purge", json={**WP, "query": BY_ID}),
    "POST /traces/obj/create": Request(
        Need.WRITE, f"{W}/obj/create", json={"obj": {**WP, "object_id": "prompt", "val": 1}}
    ),
    "POST /traces/obj/read": Request(
        Need.READ, f"{W}/obj/read", json={**WP, "object_id": "prompt", "digest": "latest"}
    ),
    "POST /traces/objs/query": Request(Need.READ, f"{W}/objs/query", json=WP),
    "POST /traces/obj/delete": Request(
        Need.WRITE, f"{W}/obj/delete", json={**WP, "object_id": "prompt"}
    ),
    "PUT /traces/objs/{object_id}/versions/{digest}/tags": Request(
        Need.WRITE, f"{W}/objs/prompt/versions/v0/tags", json={**WP, "tags": ["a"]}
    ),
    "POST /traces/objs/{object_id}/versions/{digest}/tags/remove": Request(
        Need.WRITE, f"{W}/objs/prompt/versions/v0/tags/remove", json={**WP, "tags": ["a"]}
    ),
    "PUT /traces/objs/{object_id}/aliases": Request(
        Need.WRITE, f"{W}/objs/prompt/aliases", json={**WP, "digest": "v0", "aliases": ["a"]}
    ),
    "POST /traces/objs/{object_id}/aliases/remove": Request(
        Need.WRITE, f"{W}/objs/prompt/aliases/remove", json={**WP, "aliases": ["a"]}
    ),
    "GET /traces/tags": Request(Need.READ, f"{W}/tags", params=WP),
    "GET /traces/aliases": Request(Need.READ, f"{W}/aliases", params=WP),
    "POST /traces/table/create": Request(
        Need.WRITE, f"{W}/table/create", json={"table": {**WP, "rows": [{"a": 1}]}}
    ),
    "POST /traces/table/create_from_digests": Request(
        Need.WRITE, f"{W}/table/create_from_digests", json={**WP, "row_digests": []}
    ),
    "POST /traces/table/update": Request(
        Need.WRITE,
        f"{W}/table/update",
        json={**WP, "base_digest": EMPTY_TABLE, "updates": [{"append": {"row": {"a": 1}}}]},
    ),
    "POST /traces/table/query": Request(
        Need.READ, f"{W}/table/query", json={**WP, "digest": EMPTY_TABLE}
    ),
    "POST /traces/table/query_stats": Request(
        Need.READ, f"{W}/table/query_stats", json={**WP, "digest": EMPTY_TABLE}
    ),
    "POST /traces/table/query_stats_batch": Request(
        Need.READ, f"{W}/table/query_stats_batch", json={**WP, "digests": [EMPTY_TABLE]}
    ),
    **{
        f"POST /traces/{name}/create": Request(
            Need.WRITE,
            f"{W}/{name}/create",
            content=FORM,
            headers={"Content-Type": "multipart/form-data; boundary=x"},
        )
        for name in ("file", "files")
    },
    **{
        f"POST /traces/{name}/content": Request(
            Need.READ, f"{W}/{name}/content", json={**WP, "digest": bytes_digest(b"bytes")}
        )
        for name in ("file", "files")
    },
    "POST /traces/files/query_stats": Request(Need.READ, f"{W}/files/query_stats", json=WP),
    "POST /traces/refs/read_batch": Request(
        Need.READ,
        f"{W}/refs/read_batch",
        json={"refs": [f"weave:///vision/digits/object/prompt:{value_digest(PROMPT)}"]},
    ),
    "GET /api/v1/session": Request(Need.KEY, "/api/v1/session"),
    "PATCH /api/v1/session": Request(
        Need.READ, "/api/v1/session", json={"default_entity": "vision"}
    ),
    # Signing in and out is how one gets and drops a credential.
    "POST /api/v1/session": Request(Need.NOTHING, "/api/v1/session", json={"api_key": "key-root"}),
    "DELETE /api/v1/session": Request(Need.NOTHING, "/api/v1/session"),
    "POST /api/v1/session/link": Request(Need.KEY, "/api/v1/session/link"),
    "GET /api/v1/keys": Request(Need.KEY, "/api/v1/keys"),
    "POST /api/v1/keys": Request(Need.KEY, "/api/v1/keys", json={"name": "laptop"}),
    "DELETE /api/v1/keys/{id}": Request(Need.KEY, "/api/v1/keys/{own_key}"),
    "GET /api/v1/admin/users": Request(Need.SERVER_ADMIN, "/api/v1/admin/users"),
    "POST /api/v1/admin/users": Request(
        Need.SERVER_ADMIN, "/api/v1/admin/users", json={"name": "new"}
    ),
    "POST /api/v1/admin/users/{name}/link": Request(
        Need.SERVER_ADMIN, "/api/v1/admin/users/other/link"
    ),
    "PUT /api/v1/admin/users/{name}/key": Request(
        Need.SERVER_ADMIN, "/api/v1/admin/users/other/key", json={"api_key": "another-key"}
    ),
    "DELETE /api/v1/admin/users/{name}": Request(Need.SERVER_ADMIN, "/api/v1/admin/users/other"),
    "GET /api/v1/admin/providers": Request(Need.SERVER_ADMIN, "/api/v1/admin/providers"),
    "PUT /api/v1/admin/providers/{name}": Request(
        Need.SERVER_ADMIN,
        "/api/v1/admin/providers/stub",
        json={"base_url": "https://192.0.2.1/v1"},
    ),
    "DELETE /api/v1/admin/providers/{name}": Request(
        Need.SERVER_ADMIN, "/api/v1/admin/providers/stub"
    ),
    "GET /api/v1/models": Request(Need.KEY, "/api/v1/models"),
    "POST /api/v1/projects/{entity}/{project}/completions": Request(
        Need.WRITE, f"{P}/completions", json={"model": "stub/m", "messages": []}
    ),
    "POST /traces/completions/create": Request(
        Need.WRITE, f"{W}/completions/create", json={**WP, "inputs": {"model": "stub/m"}}
    ),
    "POST /traces/completions/create_stream": Request(
        Need.WRITE, f"{W}/completions/create_stream", json={**WP, "inputs": {"model": "stub/m"}}
    ),
    "GET /api/v1/admin/orgs": Request(Need.KEY, "/api/v1/admin/orgs"),
    "POST /api/v1/admin/orgs": Request(
        Need.SERVER_ADMIN, "/api/v1/admin/orgs", json={"name": "new", "owner": "other"}
    ),
    "DELETE /api/v1/admin/orgs/{name}": Request(Need.SERVER_ADMIN, "/api/v1/admin/orgs/acme"),
    "PUT /api/v1/admin/orgs/{name}/members/{user}": Request(
        Need.ORG_ADMIN, "/api/v1/admin/orgs/acme/members/other", json={"role": "viewer"}
    ),
    "DELETE /api/v1/admin/orgs/{name}/members/{user}": Request(
        Need.ORG_ADMIN, "/api/v1/admin/orgs/acme/members/viewer"
    ),
    "POST /api/v1/admin/teams": Request(
        Need.ORG_ADMIN, "/api/v1/admin/teams", json={"name": "audio", "org": "acme"}
    ),
    "DELETE /api/v1/admin/teams/{name}": Request(Need.ADMIN, "/api/v1/admin/teams/vision"),
    "GET /api/v1/orgs": Request(Need.KEY, "/api/v1/orgs"),
    "PATCH /api/v1/orgs/{org}": Request(
        Need.ORG_ADMIN, "/api/v1/orgs/acme", json={"name": "acme-2"}
    ),
    "GET /api/v1/orgs/{org}/registries": Request(Need.READ, f"{O}/registries"),
    "POST /api/v1/orgs/{org}/registries": Request(
        Need.WRITE, f"{O}/registries", json={"name": "new"}
    ),
    "GET /api/v1/orgs/{org}/registries/{name}": Request(Need.READ, f"{O}/registries/models"),
    "PATCH /api/v1/orgs/{org}/registries/{name}": Request(
        Need.ADMIN, f"{O}/registries/models", json={"description": "new"}
    ),
    "DELETE /api/v1/orgs/{org}/registries/{name}": Request(Need.ADMIN, f"{O}/registries/models"),
    "PUT /api/v1/orgs/{org}/registries/{name}/protected-aliases": Request(
        Need.ADMIN, f"{O}/registries/models/protected-aliases", json={"aliases": ["production"]}
    ),
    "GET /api/v1/orgs/{org}/registries/{name}/members": Request(
        Need.READ, f"{O}/registries/models/members"
    ),
    "PUT /api/v1/orgs/{org}/registries/{name}/members/{kind}/{member}": Request(
        Need.ADMIN, f"{O}/registries/models/members/users/other", json={"role": "admin"}
    ),
    "DELETE /api/v1/orgs/{org}/registries/{name}/members/{kind}/{member}": Request(
        Need.ADMIN, f"{O}/registries/models/members/users/other"
    ),
    "GET /api/v1/orgs/{org}/registry-search": Request(
        Need.READ, f"{O}/registry-search", params={"q": "models"}
    ),
    "GET /api/v1/orgs/{org}/actions": Request(Need.READ, f"{O}/actions"),
    "GET /api/v1/projects/{entity}/{project}/members": Request(Need.READ, f"{P}/members"),
    "PUT /api/v1/projects/{entity}/{project}/members/{kind}/{name}": Request(
        Need.ADMIN, f"{P}/members/users/other", json={"role": "member"}
    ),
    "DELETE /api/v1/projects/{entity}/{project}/members/{kind}/{name}": Request(
        Need.ADMIN, f"{P}/members/users/other"
    ),
    "POST /api/v1/teams": Request(
        Need.ORG_ADMIN, "/api/v1/teams", json={"name": "audio", "org": "acme"}
    ),
    "GET /api/v1/teams/{team}": Request(Need.READ, T),
    "PUT /api/v1/teams/{team}/members/{user}": Request(
        Need.ADMIN, f"{T}/members/other", json={"role": "admin"}
    ),
    "DELETE /api/v1/teams/{team}/members/{user}": Request(Need.ADMIN, f"{T}/members/other"),
    "POST /api/v1/teams/{team}/invites": Request(
        Need.ADMIN, f"{T}/invites", json={"email": "new@example.org"}
    ),
    "DELETE /api/v1/teams/{team}/invites/{id}": Request(Need.ADMIN, f"{T}/invites/{{invite}}"),
    "POST /api/v1/teams/{team}/service-accounts": Request(
        Need.ADMIN, f"{T}/service-accounts", json={"description": "nightly"}
    ),
    "DELETE /api/v1/teams/{team}/service-accounts/{name}": Request(
        Need.ADMIN, f"{T}/service-accounts/vision-ci"
    ),
    "GET /api/v1/projects": Request(Need.READ, "/api/v1/projects", params={"entity": "vision"}),
    "POST /api/v1/projects": Request(
        Need.WRITE, "/api/v1/projects", json={"entity": "vision", "name": "new"}
    ),
    "GET /api/v1/projects/{entity}/{project}": Request(Need.READ, P),
    "PATCH /api/v1/projects/{entity}/{project}": Request(
        Need.WRITE, P, json={"description": "new"}
    ),
    "DELETE /api/v1/projects/{entity}/{project}": Request(Need.ADMIN, P),
    "POST /api/v1/projects/{entity}/{project}/runs/search": Request(
        Need.READ, f"{P}/runs/search", json={}
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/importance": Request(
        Need.READ, f"{P}/runs/importance", json={"result": "summary.loss"}
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/groups": Request(
        Need.READ, f"{P}/runs/groups", json={"by": ["state"]}
    ),
    "GET /api/v1/projects/{entity}/{project}/views": Request(Need.READ, f"{P}/views"),
    # A view of one's own changes nothing for others; sharing one is tested with the views.
    "POST /api/v1/projects/{entity}/{project}/views": Request(Need.READ, f"{P}/views", json=VIEW),
    "GET /api/v1/projects/{entity}/{project}/views/{view}": Request(
        Need.READ, f"{P}/views/{{view}}"
    ),
    "PATCH /api/v1/projects/{entity}/{project}/views/{view}": Request(
        Need.WRITE, f"{P}/views/{{view}}", json={"revision": 1, "name": "ours"}
    ),
    "DELETE /api/v1/projects/{entity}/{project}/views/{view}": Request(
        Need.WRITE, f"{P}/views/{{view}}"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/fields": Request(
        Need.READ, f"{P}/runs/fields", params={"root": "config"}
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}": Request(Need.READ, f"{P}/runs/r1"),
    "PUT /api/v1/projects/{entity}/{project}/runs/{run}": Request(
        Need.WRITE, f"{P}/runs/r2", json={}
    ),
    "PATCH /api/v1/projects/{entity}/{project}/runs/{run}": Request(
        Need.WRITE, f"{P}/runs/r1", json={"notes": "new"}
    ),
    "DELETE /api/v1/projects/{entity}/{project}/runs/{run}": Request(Need.WRITE, f"{P}/runs/r1"),
    "POST /api/v1/projects/{entity}/{project}/runs/{run}/stop": Request(
        Need.WRITE, f"{P}/runs/r1/stop"
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/{run}/restore": Request(
        Need.WRITE, f"{P}/runs/gone/restore"
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/{run}/move": Request(
        Need.WRITE, f"{P}/runs/over/move", json={"entity": "vision", "project": "letters"}
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/bulk": Request(
        Need.WRITE, f"{P}/runs/bulk", json={"runs": ["r1"], "action": "tag", "add_tags": ["a"]}
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/alerts": Request(
        Need.READ, f"{P}/runs/r1/alerts"
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/{run}/alerts": Request(
        Need.WRITE, f"{P}/runs/r1/alerts", json={"title": "look"}
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/branches": Request(
        Need.READ, f"{P}/runs/r1/branches"
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/{run}/fork": Request(
        Need.WRITE, f"{P}/runs/r1/fork", json={"step": 0, "name": "forked"}
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/{run}/rewind": Request(
        Need.WRITE, f"{P}/runs/over/rewind", json={"step": 0}
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/keys": Request(
        Need.READ, f"{P}/runs/r1/keys"
    ),
    "POST /api/v1/projects/{entity}/{project}/keys": Request(
        Need.READ, f"{P}/keys", json={"runs": ["r1"]}
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/stats": Request(
        Need.READ, f"{P}/runs/r1/stats"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/export.parquet": Request(
        Need.READ, f"{P}/runs/r1/export.parquet"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/history": Request(
        Need.READ, f"{P}/runs/r1/history"
    ),
    "POST /api/v1/projects/{entity}/{project}/series": Request(
        Need.READ, f"{P}/series", json=SERIES
    ),
    "POST /api/v1/projects/{entity}/{project}/series/batch": Request(
        Need.READ, f"{P}/series/batch", json={"queries": [{"id": 1, **SERIES}]}
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/logs": Request(
        Need.READ, f"{P}/runs/r1/logs"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/media": Request(
        Need.READ, f"{P}/runs/r1/media"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/media/keys": Request(
        Need.READ, f"{P}/runs/r1/media/keys"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/tables/{key}": Request(
        Need.READ, f"{P}/runs/r1/tables/media/table"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/charts": Request(
        Need.READ, f"{P}/runs/r1/charts"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/files": Request(
        Need.READ, f"{P}/runs/r1/files"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/files/{path}": Request(
        Need.READ, f"{P}/runs/r1/files/media/a.txt"
    ),
    "PUT /api/v1/projects/{entity}/{project}/runs/{run}/files/{path}": Request(
        Need.WRITE, f"{P}/runs/r1/files/media/b.txt", content=b"bytes"
    ),
    f"GET {ARTIFACTS}/types": Request(Need.READ, f"{A}/types"),
    f"GET {ARTIFACTS}/collections": Request(Need.READ, f"{A}/collections"),
    f"GET {ARTIFACTS}/collections/{{name}}": Request(Need.READ, f"{A}/collections/cats"),
    f"PATCH {ARTIFACTS}/collections/{{name}}": Request(
        Need.WRITE, f"{A}/collections/cats", json={"description": "new"}
    ),
    f"DELETE {ARTIFACTS}/collections/{{name}}": Request(Need.WRITE, f"{A}/collections/cats"),
    f"GET {ARTIFACTS}/collections/{{name}}/actions": Request(
        Need.READ, f"{A}/collections/cats/actions"
    ),
    f"GET {ARTIFACTS}/collections/{{name}}/versions": Request(
        Need.READ, f"{A}/collections/cats/versions"
    ),
    f"GET {ARTIFACTS}/collections/{{name}}/versions/{{ref}}": Request(
        Need.READ, f"{A}/collections/cats/versions/v0"
    ),
    f"PATCH {ARTIFACTS}/collections/{{name}}/versions/{{ref}}": Request(
        Need.WRITE, f"{A}/collections/cats/versions/v0", json={"description": "new"}
    ),
    f"DELETE {ARTIFACTS}/collections/{{name}}/versions/{{ref}}": Request(
        Need.WRITE, f"{A}/collections/cats/versions/v0", params={"with_aliases": "true"}
    ),
    f"GET {ARTIFACTS}/collections/{{name}}/versions/{{ref}}/files": Request(
        Need.READ, f"{A}/collections/cats/versions/v0/files"
    ),
    f"GET {ARTIFACTS}/collections/{{name}}/versions/{{ref}}/files/{{path}}": Request(
        Need.READ, f"{A}/collections/cats/versions/v0/files/a.txt"
    ),
    f"PUT {ARTIFACTS}/collections/{{name}}/versions/{{ref}}/aliases/{{alias}}": Request(
        Need.WRITE, f"{A}/collections/cats/versions/v0/aliases/best"
    ),
    f"DELETE {ARTIFACTS}/collections/{{name}}/versions/{{ref}}/aliases/{{alias}}": Request(
        Need.WRITE, f"{A}/collections/cats/versions/v0/aliases/latest"
    ),
    f"DELETE {ARTIFACTS}/collections/{{name}}/versions/{{ref}}/link": Request(
        Need.WRITE, f"{A}/collections/shown/versions/v0/link"
    ),
    f"POST {ARTIFACTS}/versions": Request(
        Need.WRITE, f"{A}/versions", json={"type": "dataset", "collection": "dogs", "digest": "d"}
    ),
    "POST /api/v1/artifacts/versions/{version}/files": Request(
        Need.WRITE, "/api/v1/artifacts/versions/{pending}/files", json={"files": []}
    ),
    "POST /api/v1/artifacts/versions/{version}/multipart/{upload}": Request(
        Need.WRITE,
        "/api/v1/artifacts/versions/{pending}/multipart/parts",
        json={"parts": [{"number": 1, "md5": md5(b"part")}]},
    ),
    "POST /api/v1/artifacts/versions/{version}/commit": Request(
        Need.WRITE, "/api/v1/artifacts/versions/{pending}/commit", json={"entries": []}
    ),
    "POST /api/v1/artifacts/versions/{version}/links": Request(
        Need.WRITE,
        "/api/v1/artifacts/versions/{committed}/links",
        json={"entity": "vision", "project": "digits", "collection": "new"},
    ),
    "POST /api/v1/projects/{entity}/{project}/runs/{run}/inputs": Request(
        Need.WRITE, f"{P}/runs/r1/inputs", json={"version": "{committed}"}
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/inputs": Request(
        Need.READ, f"{P}/runs/r1/inputs"
    ),
    "GET /api/v1/projects/{entity}/{project}/runs/{run}/outputs": Request(
        Need.READ, f"{P}/runs/r1/outputs"
    ),
    "GET /api/v1/projects/{entity}/{project}/lineage": Request(
        Need.READ, f"{P}/lineage", params={"version": "cats:v0"}
    ),
    "GET /blobs/wandb_artifacts/{version}/{path}": Request(
        Need.SIGNATURE, "/blobs/wandb_artifacts/1/a"
    ),
    "PUT /blobs/wandb_artifacts/{version}/{path}": Request(
        Need.SIGNATURE, "/blobs/wandb_artifacts/1/a"
    ),
    "GET /blobs/manifests/of/{version}/wandb_manifest.json": Request(
        Need.SIGNATURE, "/blobs/manifests/of/1/wandb_manifest.json"
    ),
    "PUT /blobs/manifests/{manifest}/wandb_manifest.json": Request(
        Need.SIGNATURE, "/blobs/manifests/1/wandb_manifest.json"
    ),
    "PUT /blobs/parts/{upload}/{number}": Request(Need.SIGNATURE, "/blobs/parts/a/1"),
    "POST /api/v1/ingest": Request(Need.WRITE, "/api/v1/ingest", content=batch("r3")),
    "GET /api/v1/ingest/{entity}/{project}/{run}/{writer}": Request(
        Need.WRITE, "/api/v1/ingest/vision/digits/r1/w"
    ),
    # What GraphQL's fields ask for stands in protocols/wandb/test_graphql_access.
    "POST /graphql": Request(Need.KEY, "/graphql", json={"query": "{viewer {id}}"}),
    "POST /files/{entity}/{project}/{run}/file_stream": Request(
        Need.WRITE, "/files/vision/digits/r1/file_stream", json={}
    ),
    # The id of the version with which the bytes came is empty.
    "GET /artifactsV2/{path}": Request(
        Need.READ, f"/artifactsV2/default/vision/digits/cats//{md5_hex(b'bytes')}/a.txt"
    ),
    "GET /blobs/exports/{run}/{first_step}/history.parquet": Request(
        Need.SIGNATURE, "/blobs/exports/1/0/history.parquet"
    ),
    "GET /blobs/contents/{project}/{digest}": Request(Need.SIGNATURE, "/blobs/contents/1/a"),
    "GET /blobs/runs/{run}/{path}": Request(Need.SIGNATURE, "/blobs/runs/1/a"),
    "PUT /blobs/runs/{run}/{path}": Request(Need.SIGNATURE, "/blobs/runs/1/a"),
    # An endless answer: its refusals are tested here, its events with the live hub.
    "GET /api/v1/stream": Request(Need.READ, "/api/v1/stream", params={"project": "vision/digits"}),
}
ENDLESS = {"GET /api/v1/stream"}
BY_CREDENTIAL = [name for name, request in TABLE.items() if request.need is not Need.SIGNATURE]

ACTORS = ("anonymous", "stranger", "viewer", "member", "owner", "root")
OF_PROJECT = {Need.READ: "viewer", Need.WRITE: "member", Need.ADMIN: "owner"}


def refusal(need: Need, actor: str) -> int | None:
    """The status that the actor gets, `None` when they may."""
    if need is Need.NOTHING:
        return None
    if actor == "anonymous":
        return 401
    if need is Need.KEY or actor == "root":
        return None
    if need is Need.SERVER_ADMIN:
        return 403
    if need is Need.ORG_ADMIN:
        return None if actor == "owner" else 403
    if actor == "stranger":
        return 404  # they shall not even learn that it is there
    return None if ACTORS.index(actor) >= ACTORS.index(OF_PROJECT[need]) else 403


@pytest.fixture
def populated(services: Services) -> dict[str, int]:
    """An organisation with a team, a private project with a run, and one user of each kind,
    whose key is `key-` and their name. Returns the id of each user's key."""
    keys: dict[str, int] = {}
    with services.database.transaction(write=True):
        admin = services.stores.users.named("admin")
        assert admin is not None
        root = services.accounts.actor(admin)
        names = ("stranger", "viewer", "member", "owner", "other")
        for name in names:
            services.accounts.add_user(root, name, api_key=f"key-{name}")
        services.accounts.add_user(root, "root", admin=True, api_key="key-root")
        for name in (*names, "root"):
            user = services.stores.users.named(name)
            assert user is not None
            keys[name] = services.credentials.keys(user.id)[0].id
        services.accounts.add_organization(root, "acme", "owner")
        services.accounts.set_member(root, "acme", "member", Role.MEMBER)
        services.accounts.set_member(root, "acme", "viewer", Role.VIEWER)
        services.accounts.add_team(root, "vision", "acme", None)
        services.teams.set_member(root, "vision", "other", Role.VIEWER)
        services.teams.add_service_account(root, "vision", "ci")
        invited = services.teams.invite(root, "vision", email="soon@example.org").invite
        assert invited is not None
        keys["invite"] = invited.id
        project = services.projects.create(root, "vision", "digits")
        letters = services.projects.create(root, "vision", "letters")
        # Two who are in the organisation as guests, and in single projects beyond that.
        for name, place in (("neighbour", letters), ("reader", project)):
            user, _ = services.accounts.add_user(root, name, api_key=f"key-{name}")
            services.accounts.set_member(root, "acme", name, Role.GUEST)
            services.stores.project_members.set_user(
                place.id, user.id, ProjectRole.VIEWER, services.clock.now()
            )
        other = services.members.named(user="other")
        acme = services.accounts.organization(root, "acme")
        registry = services.registries.create(root, acme, "models")
        for shared in (project, registry):
            services.members.set(root, shared, other, ProjectRole.VIEWER)
        services.completions.put(
            root, "stub", base_url="https://192.0.2.1/v1", models=[], headers={}, key=None
        )
        run, _ = services.runs.upsert(project, "r1", RunChange(), root)
        services.stores.writers.put([Writer(run.id, "w", next=0)])
        view = services.views.create(
            root, project, ViewKind.RUNS, "ours", {"version": 1}, shared=True
        )
        keys["view"] = view.id
        services.runs.upsert(project, "gone", RunChange(), root)
        services.runs.delete(project, "gone")
        over, _ = services.runs.upsert(project, "over", RunChange(state=RunState.FINISHED), root)
    for path, content in (("media/a.txt", b"bytes"), ("t.json", b'{"columns": [], "data": []}')):
        with services.files.upload(run.id, path) as upload:
            upload.write(content)
            upload.finish()
    moment = microseconds(services.clock.now())
    seen = Call(
        id="c0",
        project=project.id,
        trace_id="t0",
        op="answer",
        op_name="answer",
        source=Source.WEAVE,
        started_at=moment,
        ended_at=moment,
    )
    tried = replace(seen, id="e0", trace_id="t1", op=EVALUATE, op_name=EVALUATE)
    trial = replace(
        seen,
        id="e1",
        trace_id="t1",
        parent_id="e0",
        op_name="Evaluation.predict_and_score",
        inputs='{"example":{"x":1}}',
        output='{"output":2,"scores":{"ok":true},"model_latency":0.1}',
    )
    written = [
        replace(
            seen, id=id, trace_id="t2", attributes=f'{{"weave":{{"{mark}":"true"}}}}', inputs="{}"
        )
        for id, mark in (("p0", "prediction"), ("s0", "score"))
    ]
    opened = replace(tried, id="e9", ended_at=None)
    services.stores.calls.write(Writes(finished=[seen, tried, trial, *written], opened=[opened]))
    for leaf in LEAVES.values():
        op = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}
        made = {"_class_name": leaf, "_bases": ["Object", "BaseModel"]}
        services.objects.create(project, leaf, op if leaf == "Op" else made, user="root")
    for name in ("prompt", "spare"):
        services.objects.create(project, name, PROMPT, user="root")
    services.tables.create(project, [])
    with services.database.transaction(write=True):
        said = Feedback(
            id="f1",
            project=project.id,
            ref="c0",
            type="own",
            payload={},
            user="root",
            created_at=services.clock.now(),
        )
        services.feedback.give(project, [said])
        now = services.clock.now()
        for id in ("q1", "q2"):
            services.stores.queues.put(
                Queue(
                    id=id,
                    project=project.id,
                    name=id,
                    description="",
                    scorers=(),
                    created_by="root",
                    created_at=now,
                    updated_at=now,
                )
            )
        item = Item(
            id="i1",
            queue="q1",
            call="c0",
            op="op",
            trace_id="t0",
            started_at=0,
            ended_at=None,
            display_fields=(),
            added_by="root",
            created_at=now,
        )
        services.stores.queues.add_items([item])
    with services.project_files.upload("a") as upload:
        upload.write(b"bytes")
        upload.finish(project)
    artifacts = ArtifactWorld(services, root, project)
    cats = artifacts.log("cats", {"a.txt": b"bytes"}, run=run.id)
    part = {"big": b"part"}
    pending = artifacts.create("birds", part).version
    with services.database.transaction(write=True):
        services.artifacts.link(cats.version, project, "shown", [], root)
        services.stores.uploads.begin_parts(
            PartsUpload(
                id="parts",
                version=pending.id,
                path="big",
                digest=md5(b"part"),
                parts=(Part(1, md5(b"part")),),
                created_at=services.clock.now(),
            )
        )
    with services.artifacts.arrive_part("parts", 1, md5(b"part")) as arrival:
        arrival.write(b"part")
        arrival.finish()
    keys |= {"committed": cats.version.id, "pending": pending.id}
    table = {"media/table": {"_type": "table-file", "path": "t.json"}}
    logged: Any = [(0, 0, table)]
    services.stores.history.append(
        [append_of(RunRef(some.project, some.id), logged) for some in (run, over)]
    )
    return keys


@pytest.fixture
def client(services: Services) -> Iterator[Client]:
    with TestClient(application(services), base_url="http://127.0.0.1:8080") as client:
        yield client


def request_path(name: str) -> str:
    """The route's path, which says what dialect it speaks."""
    return name.partition(" ")[2].replace("/metrics", "/api/")


def filled(path: str, **numbers: int) -> str:
    for name, number in numbers.items():
        path = path.replace(f"{{{name}}}", str(number))
    return path


def _numbered(json: Any, numbers: dict[str, int]) -> Any:
    """Values that name a number, as that number."""
    if not isinstance(json, dict):
        return json
    places = {f"{{{name}}}": number for name, number in numbers.items()}
    return {key: places.get(str(value), value) for key, value in json.items()}


ANY = dict.fromkeys(("own_key", "invite", "pending", "committed", "view"), 1)
"""Numbers for addresses whose request fails before anything is looked up."""


def send(client: Client, name: str, actor: str, keys: dict[str, int]) -> Any:
    request = TABLE[name]
    numbers = {**keys, "own_key": keys.get(actor, 0)}
    headers = {
        "X-Forwarded-For": "10.0.0.1",
        **request.headers,
    }  # for /metrics, which is open on this machine
    if actor != "anonymous":
        headers["Authorization"] = f"Bearer key-{actor}"
    return client.request(
        name.partition(" ")[0],
        filled(request.path, **numbers),
        json=_numbered(request.json, numbers),
        content=request.content,
        params=request.params,
        headers=headers,
    )


def test_every_route_has_an_entry(services: Services) -> None:
    routes = {
        f"{method} {route.path_format}"
        for route in application(services).routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    }
    # What only says that it is not there yet shows nothing to anybody.
    routes -= {
        f"{method} {W}{path.replace(':str', '')}"
        for known in LATER.values()
        for method, path in known
    }
    assert sorted(routes - TABLE.keys()) == [], "add these routes to the table"
    assert sorted(TABLE.keys() - routes) == [], "these routes are gone"


@pytest.mark.parametrize("name", BY_CREDENTIAL)
def test_a_route_lets_in_whom_it_should(
    client: Client, populated: dict[str, int], name: str
) -> None:
    need = TABLE[name].need
    # The weakest first: what a refused request has changed would show.
    for actor in ACTORS:
        expected = refusal(need, actor)
        if expected is None:
            break
        answer = send(client, name, actor, populated)
        assert answer.status_code == expected, f"{actor}: {answer.status_code} {answer.text}"
        foreign = not request_path(name).startswith("/api/")
        shown = {"data", "errors", "error"} if foreign else {"error", "message", "hint"}
        if request_path(name).startswith(W):
            shown = {"reason"}
        if request_path(name) in OTLP:
            shown = {"code", "message"}
        assert set(answer.json()) <= shown
        assert "key-" not in answer.text
    else:
        raise AssertionError("nobody may do this")
    if name not in ENDLESS:
        answer = send(client, name, actor, populated)
        assert answer.status_code < 300, f"{actor}: {answer.status_code} {answer.text}"


OF_ONE_PROJECT = [n for n in BY_CREDENTIAL if "{project}" in n or n in ENDLESS]


@pytest.mark.parametrize("name", OF_ONE_PROJECT)
def test_another_project_of_the_team_opens_nothing(
    client: Client, populated: dict[str, int], name: str
) -> None:
    answer = send(client, name, "neighbour", populated)
    assert (answer.status_code, "key-" in answer.text) == (404, False), answer.text


@pytest.mark.parametrize("name", [name for name in OF_ONE_PROJECT if name not in ENDLESS])
def test_a_viewer_of_the_project_alone_reads_it_and_no_more(
    client: Client, populated: dict[str, int], name: str
) -> None:
    status = send(client, name, "reader", populated).status_code
    if TABLE[name].need is Need.READ:
        assert status < 300
    else:
        assert status == 403


@pytest.mark.parametrize("name", [n for n in BY_CREDENTIAL if TABLE[n].need is not Need.NOTHING])
def test_nobody_gets_in_with_a_made_up_credential(client: Client, name: str) -> None:
    for headers in (
        {"Authorization": "Bearer made-up-key"},
        {"Authorization": "Basic YXBpOm1hZGUtdXAta2V5"},
        {"Cookie": "kiseki_session=made-up"},
    ):
        request = TABLE[name]
        answer = client.request(
            name.partition(" ")[0],
            filled(request.path, **ANY),
            json=request.json,
            headers={**headers, "X-Forwarded-For": "10.0.0.1"},
        )
        assert answer.status_code in {401, 403}
        if "Authorization" in headers:
            assert answer.status_code == 401


@pytest.mark.parametrize(
    "name",
    [n for n, r in TABLE.items() if r.need is Need.READ and "{project}" in n],
)
def test_everybody_reads_what_is_internal(
    client: Client, services: Services, populated: dict[str, int], name: str
) -> None:
    with services.database.transaction(write=True):
        project = services.stores.projects.find("vision", "digits")
        assert project is not None
        services.stores.projects.change(
            project.id, visibility=Visibility.INTERNAL, at=services.clock.now()
        )
    assert send(client, name, "stranger", populated).status_code in {200, 201}
    assert send(client, name, "anonymous", populated).status_code == 401


def test_members_may_not_change_who_sees_a_project(
    client: Client, populated: dict[str, int]
) -> None:
    def patch(actor: str, body: dict[str, str]) -> int:
        headers = {"Authorization": f"Bearer key-{actor}"}
        return client.patch(P, json=body, headers=headers).status_code

    for body in ({"visibility": "internal"}, {"name": "other"}):
        assert patch("member", body) == 403
        assert patch("owner", body) == 200
        assert populated
        if "name" in body:
            assert patch("owner", body) == 404
