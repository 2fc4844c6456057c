"""Spans become calls, in protobuf and in JSON, and what cannot be kept is said."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import json_format
from litestar.testing import TestClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from server.tests.applications import application

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.server import Application
from kiseki_server.app.services import Services

NOON = 1_764_504_000_000_000_000
TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
PROTOBUF = {"Content-Type": "application/x-protobuf", "x-kiseki-project": "admin/otel"}
Http = TestClient[Application]


@pytest.fixture
def http(services: Services) -> Iterator[Http]:
    key = (services.settings.data_dir / ADMIN_KEY).read_text().strip()
    with TestClient(application(services), base_url="http://127.0.0.1:8080") as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def any_value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
        case bytes():
            return AnyValue(bytes_value=value)
        case _:
            return AnyValue(string_value=value)


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def request(
    attributes: dict[str, Any] | None = None,
    *,
    resource: dict[str, Any] | None = None,
    events: dict[str, dict[str, Any]] | None = None,
    **given: Any,
) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    group.resource.attributes.extend(pairs({"service.name": "shop", **(resource or {})}))
    span = group.scope_spans.add().spans.add()
    span.trace_id, span.span_id = bytes.fromhex(TRACE), bytes.fromhex(SPAN)
    span.parent_span_id = bytes.fromhex(PARENT)
    span.name = "chat"
    span.kind = 3
    span.start_time_unix_nano, span.end_time_unix_nano = NOON, NOON + 1_500_000_000
    span.attributes.extend(pairs(attributes or {}))
    for name, known in (events or {}).items():
        event = span.events.add()
        event.name = name
        event.attributes.extend(pairs(known))
    for name, value in given.items():
        if name == "status":
            span.status.code, span.status.message = value
        else:
            setattr(span, name, value)
    return message


def send(http: Http, message: ExportTraceServiceRequest, path: str = "/v1/traces") -> Any:
    answer = http.post(path, content=message.SerializeToString(), headers=PROTOBUF)
    assert answer.status_code == 200, answer.text
    parsed = ExportTraceServiceResponse()
    parsed.ParseFromString(answer.content)
    return parsed.partial_success


def calls(http: Http, project: str = "admin/otel", **asked: Any) -> list[dict[str, Any]]:
    answer = http.post("/traces/calls/stream_query", json={"project_id": project, **asked})
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_span_of_a_language_model(http: Http) -> None:
    messages = [{"role": "user", "content": "やあ"}]
    send(
        http,
        request(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-x",
                "gen_ai.response.model": "gpt-x-2026",
                "gen_ai.request.temperature": 0.5,
                "gen_ai.usage.input_tokens": 11,
                "gen_ai.usage.output_tokens": 7,
                "gen_ai.input.messages": json.dumps(messages),
                "gen_ai.output.messages": json.dumps([{"role": "assistant", "content": "Hi"}]),
                "gen_ai.conversation.id": "talk",
                "custom.flag": True,
                "numbers": [1, 2],
            }
        ),
    )
    (call,) = calls(http)
    assert (call["id"], call["trace_id"], call["parent_id"]) == (SPAN, TRACE, PARENT)
    assert call["inputs"] == {"gen_ai.input.messages": messages}
    assert call["output"] == [{"role": "assistant", "content": "Hi"}]
    assert call["summary"]["usage"] == {
        "gpt-x-2026": {"prompt_tokens": 11, "completion_tokens": 7, "requests": 1}
    }
    assert call["summary"]["weave"]["latency_ms"] == 1500
    assert (call["thread_id"], call["turn_id"]) == ("talk", SPAN)
    attributes = call["attributes"]
    assert attributes["model"] == "gpt-x-2026"
    assert (attributes["provider"], attributes["operation_name"]) == ("openai", "chat")
    assert attributes["model_parameters"]["temperature"] == 0.5
    assert (attributes["custom"], attributes["numbers"]) == ({"flag": True}, [1, 2])
    assert attributes["otel"]["resource"] == {"service": {"name": "shop"}}
    assert attributes["otel_span"]["attributes"]["gen_ai.usage.input_tokens"] == 11
    flag = {"$eq": [{"$getField": "attributes.custom.flag"}, {"$literal": True}]}
    assert [each["id"] for each in calls(http, query={"$expr": flag})] == [SPAN]


@pytest.mark.parametrize(
    ("attributes", "inputs", "output", "usage"),
    [
        (
            {
                "openinference.span.kind": "LLM",
                "input.value": '{"q": 1}',
                "output.value": "plain",
                "llm.model_name": "m",
                "llm.token_count.prompt": 3,
                "llm.token_count.completion": 4,
                "llm.token_count.total": 7,
            },
            {"input.value": {"q": 1}},
            "plain",
            {"m": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7, "requests": 1}},
        ),
        (
            {
                "traceloop.span.kind": "llm",
                "gen_ai.prompt.0.role": "system",
                "gen_ai.prompt.0.content": "Be kind",
                "gen_ai.prompt.1.role": "user",
                "gen_ai.completion.0.content": "Hello",
                "gen_ai.usage.prompt_tokens": 5,
            },
            {"gen_ai.prompt": [{"role": "system", "content": "Be kind"}, {"role": "user"}]},
            [{"content": "Hello"}],
            {"unknown": {"prompt_tokens": 5, "requests": 1}},
        ),
        (
            {
                "openinference.span.kind": "EMBEDDING",
                "embedding.model_name": "e",
                "embedding.invocation_parameters": '{"model": "e-latest"}',
                "llm.token_count.prompt": 3,
            },
            {},
            None,
            {"e": {"prompt_tokens": 3, "requests": 1}},
        ),
        (
            {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3},
            {},
            None,
            {"m": {"prompt_tokens": 3, "requests": 1}},
        ),
        ({"input": '{"a": 1}', "output": "[2]"}, {"a": 1}, [2], None),
        ({"other": 1}, {}, None, None),
    ],
)
def test_conventions_in_use(
    http: Http, attributes: dict[str, Any], inputs: Any, output: Any, usage: Any
) -> None:
    send(http, request(attributes))
    (call,) = calls(http)
    assert call["inputs"] == inputs
    assert call["output"] == output
    assert call["summary"].get("usage") == usage


def test_what_users_of_openinference_say_of_a_call_is_searched(http: Http) -> None:
    parameters = json.dumps({"model": "asked", "temperature": 0})
    send(http, request({"metadata": '{"tier": "gold"}', "llm.invocation_parameters": parameters}))
    (call,) = calls(http)
    assert call["attributes"]["model"] == "asked"
    assert call["attributes"]["model_parameters"] == {"model": "asked", "temperature": 0}
    tier = {"$eq": [{"$getField": "attributes.metadata.tier"}, {"$literal": "gold"}]}
    assert [each["id"] for each in calls(http, query={"$expr": tier})] == [SPAN]


def test_messages_in_events_and_errors(http: Http) -> None:
    events = {
        "gen_ai.user.message": {"content": "Why?"},
        "gen_ai.choice": {"index": 0, "message": '{"content": "Because"}'},
        "exception": {"exception.type": "ValueError", "exception.message": "no"},
    }
    send(http, request(events=events, status=(2, "it failed")))
    (call,) = calls(http)
    assert call["inputs"] == {"messages": [{"role": "user", "content": "Why?"}]}
    assert call["output"] == {"choices": [{"index": 0, "message": {"content": "Because"}}]}
    assert json.loads(call["exception"])["message"] == "no"
    assert call["summary"]["weave"]["status"] == "error"


def test_what_the_dialect_names_itself(http: Http) -> None:
    send(
        http,
        request(
            {
                "wandb.display_name": "Shown",
                "wandb.thread_id": "t",
                "wandb.is_turn": False,
                "wandb.attributes": '{"team": "search"}',
                "wandb.wb_run_id": "admin/otel/r1",
                "wandb.wb_run_step": 4,
                "a": 1,
                "a.b": 2,
            },
            parent_span_id=b"",
        ),
    )
    (call,) = calls(http)
    assert (call["display_name"], call["thread_id"], call["turn_id"]) == ("Shown", "t", None)
    assert (call["wb_run_id"], call["wb_run_step"]) == ("admin/otel/r1", 4)
    assert call["parent_id"] is None
    assert (call["attributes"]["team"], call["attributes"]["a"]) == ("search", 1)
    assert call["attributes"]["a.b"] == 2


@pytest.mark.parametrize("path", ["/v1/traces", "/otel/v1/traces", "/traces/otel/v1/traces"])
def test_json_with_gzip_says_the_same(http: Http, path: str) -> None:
    message = request({"input": "x", "n": 2**53, "f": 0.5, "b": b"\x00\xff", "l": ["a", True]})
    document = json_format.MessageToDict(message)
    span = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    span |= {"traceId": TRACE.upper(), "spanId": SPAN, "parentSpanId": PARENT}
    answer = http.post(
        path,
        content=gzip.compress(json.dumps(document).encode()),
        headers={
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "x-kiseki-project": "admin/json",
        },
    )
    assert (answer.status_code, answer.json()) == (200, {})
    send(http, message)
    (of_json,), (of_protobuf,) = calls(http, "admin/json"), calls(http)
    for call in (of_json, of_protobuf):
        del call["project_id"]
    assert of_json == of_protobuf


def test_the_project_is_named_in_several_ways(http: Http) -> None:
    plain = {"Content-Type": "application/x-protobuf"}
    for resource in (
        {"kiseki.project": "admin/one"},
        {"wandb.entity": "admin", "wandb.project": "two"},
        {"wandb.project": "three"},
        {"service.name": "a/service"},
        {"service.name": "unknown_service:python"},
    ):
        body = request(resource=resource).SerializeToString()
        assert http.post("/v1/traces", content=body, headers=plain).content == b""
    for project in ("one", "two", "three", "a-service", "default"):
        assert len(calls(http, f"admin/{project}")) == 1, project


def test_spans_that_cannot_be_kept_are_said_and_the_others_kept(http: Http) -> None:
    message = request({"input": "kept"})
    spans = message.resource_spans[0].scope_spans[0].spans
    for number, (name, value) in enumerate(
        (("trace_id", b"short"), ("span_id", bytes(8)), ("start_time_unix_nano", 0))
    ):
        bad = spans.add()
        bad.CopyFrom(spans[0])
        bad.name, bad.span_id = f"bad-{number}", bytes([number + 1] * 8)
        setattr(bad, name, value)
    elsewhere = message.resource_spans.add()
    elsewhere.CopyFrom(message.resource_spans[0])
    elsewhere.resource.attributes.extend(pairs({"kiseki.project": "nobody/x"}))
    del elsewhere.scope_spans[0].spans[1:]
    told = http.post(
        "/v1/traces",
        content=message.SerializeToString(),
        headers={"Content-Type": "application/x-protobuf"},
    )
    parsed = ExportTraceServiceResponse()
    parsed.ParseFromString(told.content)
    assert parsed.partial_success.rejected_spans == 4
    assert "bad-0" in parsed.partial_success.error_message
    assert [call["inputs"] for call in calls(http, "admin/shop")] == [{"input": "kept"}]


def test_a_span_sent_again_is_one_call(http: Http) -> None:
    for output in ("first", "first", "second"):
        send(http, request({"output": output}))
    (call,) = calls(http)
    assert call["output"] == "second"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff\xff", {}, 400),
        (b"not json", {"Content-Type": "application/json"}, 400),
        (b'{"resourceSpans": 5}', {"Content-Type": "application/json"}, 400),
        (
            b'{"resourceSpans": [{"scopeSpans": [{"spans": [1]}]}]}',
            {"Content-Type": "application/json"},
            400,
        ),
        (b"", {"Content-Type": "text/plain"}, 422),
        (request().SerializeToString(), {"x-kiseki-project": "nobody/x"}, 404),
        (request().SerializeToString(), {"x-kiseki-project": "no-slash"}, 400),
        (gzip.compress(b"\x00" * (40 << 20)), {"Content-Encoding": "gzip"}, 413),
    ],
)
def test_requests_that_are_refused(
    http: Http, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = http.post("/v1/traces", content=body, headers={**PROTOBUF, **headers})
    assert answer.status_code == status, answer.text


def test_a_key_is_needed(http: Http) -> None:
    body = request().SerializeToString()
    answer = http.post("/v1/traces", content=body, headers={**PROTOBUF, "Authorization": ""})
    assert answer.status_code == 401


def test_a_list_shows_what_the_spans_below_used(http: Http) -> None:
    """Whatever order they come in; what a span in between adds up itself is not counted twice."""
    used = {
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
    }
    agent, root = bytes.fromhex("11" * 8), bytes.fromhex("22" * 8)
    first, second = b"\x33" * 8, b"\x44" * 8
    for attributes, given in (
        (used, {"span_id": first, "parent_span_id": agent}),
        (used, {"span_id": second, "parent_span_id": root}),
        ({**used, "gen_ai.usage.input_tokens": 999}, {"span_id": agent, "parent_span_id": root}),
        ({}, {"span_id": root, "parent_span_id": b"", "name": "answer"}),
    ):
        send(http, request(attributes, **given))
    rows = http.get("/api/v1/projects/admin/otel/calls", params={"roots": "true"}).json()["items"]
    assert [row["name"] for row in rows] == ["answer"]
    (usage,) = rows[0]["usage"]
    assert (usage["model"], usage["requests"]) == ("gpt-4o", 2)
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (200, 40)
    assert rows[0]["cost"] is not None
