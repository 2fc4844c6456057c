"""Programs with OpenTelemetry: by hand, and with the instrumentations that people use."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.clients.environments import NoClient, prepared
from tests.clients.sdk.language_models import language_models
from tests.processes import Program, ServerProcess

pytestmark = pytest.mark.clients

LIBRARIES = (
    "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
    "openinference-instrumentation-openai==0.1.66",
    "opentelemetry-instrumentation-openai==0.62.4",
    "openai==2.54.0",
)
MODEL, DATED = "gpt-4o-mini", "gpt-4o-mini-2024-07-18"
COUNTED = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
QUESTION = [("system", "Be short"), ("user", "Which one?")]
COST = (9 * 0.15 + 2 * 0.6) / 1_000_000

START = """
import json, os
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("shop", "1.2")
"""

BY_HAND = """
from opentelemetry.trace import SpanKind
question = [{"role": "user", "parts": [{"type": "text", "content": "\\u3044\\u304f\\u3089?"}]}]
wanted = {"type": "tool_call", "id": "t1", "name": "price_of", "arguments": {"item": "tea"}}
told = [{"role": "assistant", "parts": [wanted], "finish_reason": "tool_call"}]
request = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
}
talk = {"gen_ai.conversation.id": "talk-1"}
agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "seller"}
with tracer.start_as_current_span("invoke_agent seller", attributes={**agent, **talk}) as root:
    root.add_event("stock.checked", {"stock.left": 3})
    with tracer.start_as_current_span("chat", kind=SpanKind.CLIENT, attributes=request) as span:
        span.set_attributes({
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18", "gen_ai.request.temperature": 0.5,
            "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.cache_read.input_tokens": 400,
            "gen_ai.input.messages": json.dumps(question),
            "gen_ai.output.messages": json.dumps(told),
            "gen_ai.response.finish_reasons": ["tool_call"],
            "gen_ai.tool.definitions": json.dumps([{"type": "function", "name": "price_of"}]),
            "shop.customer.tier": "gold", "shop.basket": [3, 4], "shop.weight": float("nan"),
        })
    tool = {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "price_of",
        "gen_ai.tool.call.id": "t1", "gen_ai.tool.call.arguments": json.dumps({"item": "tea"}),
        "gen_ai.tool.call.result": json.dumps({"yen": 120}),
    }
    with tracer.start_as_current_span("execute_tool price_of", attributes=tool):
        pass
    try:
        with tracer.start_as_current_span("chat", attributes={**request, "case": "fails"}):
            raise ConnectionError("the line is dead")
    except ConnectionError:
        pass
assert provider.force_flush()
"""

ASKING = """
import openai
client = openai.OpenAI(base_url=os.environ["MODELS"] + "/v1", api_key="sk-x", max_retries=0)
asked = {"model": "gpt-4o-mini", "messages": [
    {"role": "system", "content": "Be short"}, {"role": "user", "content": "Which one?"}]}
with tracer.start_as_current_span("answer"):
    client.chat.completions.create(**asked, temperature=0.5)
    tool = {"type": "function", "function": {
        "name": "weather", "description": "How it is", "parameters": {"type": "object"}}}
    answer = client.chat.completions.create(**asked, tools=[tool])
    message = answer.choices[0].message
    told = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "sunny"}
    client.chat.completions.create(**{**asked, "messages": [
        *asked["messages"], message.model_dump(exclude_none=True), told]}, tools=[tool])
    list(client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}))
    try:
        client.chat.completions.create(**{**asked, "model": "broken"})
    except openai.NotFoundError:
        pass
    client.responses.create(model="gpt-4o-mini", input="Which one?")
    client.embeddings.create(model="gpt-4o-mini", input="Which one?")
assert provider.force_flush()
"""
OPENINFERENCE = """
from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
OpenAIInstrumentor().instrument(tracer_provider=provider)
context = using_attributes(session_id="talk-2", metadata={"tier": "gold"}, tags=["a", "b"])
context.__enter__()
"""
OPENLLMETRY = """
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
OpenAIInstrumentor().instrument(tracer_provider=provider)
"""
PROGRAMS = {
    "by-hand": START + BY_HAND,
    "openinference": START + OPENINFERENCE + ASKING,
    "openllmetry": START + OPENLLMETRY + ASKING,
}


@pytest.fixture(scope="module")
def programs(server_process: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each program has run, and its spans are in the project of its name."""
    try:
        python = prepared("opentelemetry", LIBRARIES) / "bin" / "python"
    except NoClient as reason:
        pytest.skip(f"OpenTelemetry cannot be installed: {reason}")
    directory = tmp_path_factory.mktemp("programs")
    with language_models() as address:
        running = [
            Program(
                code,
                python=python,
                directory=directory,
                environment={
                    "HOME": str(directory),
                    "MODELS": address,
                    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{server_process.url}/v1/traces",
                    "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip",
                    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"authorization=Bearer%20"
                    f"{server_process.key},x-kiseki-project=admin%2Fotlp-{name}",
                    "OTEL_RESOURCE_ATTRIBUTES": "service.name=shop,shop.branch=kyoto",
                },
            )
            for name, code in PROGRAMS.items()
        ]
        for program in running:
            assert program.wait(120) == 0, program.output[-4000:]
            assert "Failed to export" not in program.output, program.output[-4000:]


def calls(server: ServerProcess, name: str, **asked: str) -> list[dict[str, Any]]:
    """What the program of that name has sent, by start."""
    path = f"/projects/admin/otlp-{name}/calls?{urlencode({'sort': 'started_at', **asked})}"
    return server.get(path)["items"]


def whole(server: ServerProcess, name: str) -> list[dict[str, Any]]:
    """The same with bodies; the root comes first."""
    path = f"/projects/admin/otlp-{name}/calls"
    return [server.get(f"{path}/{call['id']}") for call in calls(server, name)]


def used(model: str, prompt: int, completion: int, cached: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "model": model,
            "requests": 1,
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "cache_read_tokens": cached,
            "cache_write_tokens": 0,
        }
    ]


def asked(call: dict[str, Any]) -> list[tuple[str, str]]:
    """Role and text of the messages that a model was given, in either convention."""
    inputs = call["inputs"]
    if "input.value" in inputs:
        return [(each["role"], each.get("content")) for each in inputs["input.value"]["messages"]]
    return [
        (each["role"], (part := each["parts"][0]).get("content") or part.get("response"))
        for each in inputs["gen_ai.input.messages"]
    ]


def said(call: dict[str, Any]) -> str:
    """The text that a model has answered."""
    match call["output"]:
        case {"choices": [{"message": {"content": text}}]}:
            return text
        case {"output": [{"content": [{"text": text}]}]}:
            return text
        case [{"role": "assistant", "parts": [{"type": "text", "content": text}]}]:
            return text
        case other:
            raise AssertionError(other)


def tool_call(call: dict[str, Any]) -> tuple[str, str, Any]:
    """Id, name and arguments of the tool that a model wants to be called."""
    match call["output"]:
        case {"choices": [{"message": {"tool_calls": [{"id": id, "function": function}]}}]}:
            return id, function["name"], json.loads(function["arguments"])
        case [{"parts": [{"type": "tool_call", "id": id, "name": name, "arguments": given}]}]:
            return id, name, given
        case other:
            raise AssertionError(other)


def test_spans_made_by_hand(programs: None, server_process: ServerProcess) -> None:
    root, chat, tool, failed = whole(server_process, "by-hand")
    assert [each["name"] for each in (root, chat, tool, failed)] == [
        "invoke_agent seller",
        "chat",
        "execute_tool price_of",
        "chat",
    ]
    assert (root["parent_id"], root["source"]) == (None, "otlp")
    assert {each["parent_id"] for each in (chat, tool, failed)} == {root["id"]}
    assert {each["trace_id"] for each in (chat, tool, failed)} == {root["trace_id"]}
    assert (root["thread_id"], root["turn_id"]) == ("talk-1", root["id"])
    (thread,) = server_process.get("/projects/admin/otlp-by-hand/threads")["items"]
    assert (thread["id"], thread["turns"]) == ("talk-1", 1)
    assert root["otel"]["events"][0]["attributes"] == {"stock.left": 3}
    assert root["attributes"]["agent_name"] == "seller"

    asked = [{"type": "text", "content": "いくら?"}]
    assert chat["inputs"] == {"gen_ai.input.messages": [{"role": "user", "parts": asked}]}
    (told,) = chat["output"]
    assert told["parts"][0]["arguments"] == {"item": "tea"}
    assert chat["usage"] == used(DATED, 1000, 100, cached=400)
    attributes = chat["attributes"]
    assert (attributes["model"], attributes["provider"]) == (DATED, "openai")
    assert attributes["model_parameters"] == {"model": MODEL, "temperature": 0.5}
    assert attributes["tools"] == [{"type": "function", "name": "price_of"}]
    assert attributes["otel"]["resource"]["shop"] == {"branch": "kyoto"}
    assert attributes["otel"]["scope"] == {"name": "shop", "version": "1.2"}

    assert tool["inputs"] == {"gen_ai.tool.call.arguments": {"item": "tea"}}
    assert tool["output"] == {"yen": 120}
    assert (failed["status"], failed["attributes"]["model"]) == ("error", MODEL)
    error = json.loads(failed["exception"])
    assert (error["type"], error["message"]) == ("ConnectionError", "the line is dead")
    assert "Traceback" in error["traceback"]

    costs = {call["id"]: call["cost"] for call in calls(server_process, "by-hand")}
    assert costs.pop(chat["id"]) == pytest.approx((600 * 0.15 + 400 * 0.075 + 100 * 0.6) / 1e6)
    assert set(costs.values()) == {None}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ('attributes.shop.customer.tier = "gold"', ["chat"]),
        ('attributes.shop.basket contains "4"', ["chat"]),
        ('attributes.gen_ai.tool.name = "price_of"', ["execute_tool price_of"]),
        ('attributes.case = "fails" and status = "error"', ["chat"]),
        ('attributes.shop.customer.tier = "silver"', []),
    ],
)
def test_attributes_that_mean_nothing_to_us_are_searched(
    programs: None, server_process: ServerProcess, condition: str, names: list[str]
) -> None:
    found = calls(server_process, "by-hand", filter=condition)
    assert [call["name"] for call in found] == names


@pytest.mark.parametrize("name", ["openinference", "openllmetry"])
def test_calls_of_a_model_by_an_instrumentation(
    programs: None, server_process: ServerProcess, name: str
) -> None:
    root, *children = whole(server_process, name)
    assert (root["name"], root["parent_id"]) == ("answer", None)
    assert {each["parent_id"] for each in children} == {root["id"]}
    chat, calling, told, streamed, failed, response, embedding = children
    assert [each["status"] for each in children] == [*["success"] * 4, "error", *["success"] * 2]
    for each in (chat, calling, told, streamed):
        assert each["usage"] == used(DATED, 9, 2)
    assert response["usage"] == used(DATED, 9, 2, cached=4)
    assert embedding["usage"] == used(DATED, 3, 0)
    assert [each["attributes"]["model"] for each in children] == [
        *[DATED] * 4,
        "broken",
        *[DATED] * 2,
    ]
    costs = [call["cost"] for call in calls(server_process, name)]
    cached = (5 * 0.15 + 4 * 0.075 + 2 * 0.6) / 1e6
    assert costs[1:5] == [pytest.approx(COST)] * 4
    assert (costs[5], costs[6], costs[7]) == (
        None,
        pytest.approx(cached),
        pytest.approx(3 * 0.15 / 1e6),
    )
    error = json.loads(failed["exception"])
    assert error["type"] == "openai.NotFoundError"
    assert "no such model" in error["message"]

    assert chat["attributes"]["model_parameters"]["temperature"] == 0.5
    assert asked(chat) == asked(streamed) == asked(failed) == QUESTION
    assert said(chat) == said(told) == said(streamed) == "Mount Fuji"
    assert said(response) == "Mount Fuji"
    assert tool_call(calling) == ("t1", "weather", {"place": "Tokyo"})
    assert asked(told)[-1] == ("tool", "sunny")
    assert "How it is" in json.dumps(calling["attributes"]["tools"])
    assert "Which one?" in json.dumps(embedding["inputs"])


def test_openinference_names_the_conversation_and_what_the_user_says_of_it(
    programs: None, server_process: ServerProcess
) -> None:
    found = calls(
        server_process,
        "openinference",
        filter='attributes.metadata.tier = "gold" and attributes.tag.tags contains "b"',
    )
    assert len(found) == 7
    assert {call["thread_id"] for call in found} == {"talk-2"}
