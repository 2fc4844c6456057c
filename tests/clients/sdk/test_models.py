"""Libraries of language models, whose calls are recorded by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.clients.environments import ROOT, NoClient, prepared
from tests.clients.sdk.language_models import language_models
from tests.processes import Program, ServerProcess

pytestmark = pytest.mark.clients

LIBRARIES = (
    "openai==2.54.0",
    "anthropic==2.14.0",
    "litellm==1.110.2",
    "langchain-core==1.8.3",
    "langchain-openai==1.7.4",
    "llama-index-core==0.14.25",
    "llama-index-llms-openai==0.8.3",
    "msgspec==0.21.1",
)
API = "/projects/admin/sdk-models"
COUNTED = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
STREAMED = {"openai async stream", "litellm stream", "langchain stream"}
"""Without ``include_usage`` nobody is told."""


PROGRAM = """
import asyncio, json, os, sys
import kiseki
address = os.environ["MODELS"]
run = kiseki.init("admin/sdk-models")
assert not {"openai", "anthropic", "litellm", "langchain_core"} & set(sys.modules)

import openai
client = openai.OpenAI(base_url=address + "/v1", api_key="sk-x")
later = openai.AsyncOpenAI(base_url=address + "/v1", api_key="sk-x")
messages = [{"role": "user", "content": "Which one?"}]
asked = {"model": "m", "messages": messages}
counted = {"stream_options": {"include_usage": True}}
with kiseki.attributes({"case": "openai chat"}):
    answer = client.chat.completions.create(**asked)
    assert answer.choices[0].message.content == "Mount Fuji"
with kiseki.attributes({"case": "openai chat stream"}):
    stream = client.chat.completions.create(**asked, stream=True, **counted)
    assert isinstance(stream, openai.Stream)
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == "Mount Fuji"
with kiseki.attributes({"case": "openai stream helper"}):
    with client.chat.completions.stream(**asked, **counted) as stream:
        assert stream.get_final_completion().choices[0].message.content == "Mount Fuji"
with kiseki.attributes({"case": "openai responses"}):
    assert client.responses.create(model="m", input="Which one?").output_text == "Mount Fuji"
with kiseki.attributes({"case": "openai responses stream"}):
    events = list(client.responses.create(model="m", input="x", stream=True))
    assert events[-1].type == "response.completed"
with kiseki.attributes({"case": "openai raw"}):
    assert client.chat.completions.with_raw_response.create(**asked).parse().choices
with kiseki.attributes({"case": "openai error"}):
    try: client.chat.completions.create(model="broken", messages=messages)
    except openai.NotFoundError: pass
with kiseki.attributes({"case": "openai embeddings"}):
    client.embeddings.create(model="m", input="x")

async def main():
    with kiseki.attributes({"case": "openai async"}):
        await later.chat.completions.create(model="m", messages=messages)
    with kiseki.attributes({"case": "openai async stream"}):
        async for _ in await later.chat.completions.create(**asked, stream=True):
            pass
    with kiseki.attributes({"case": "openai async responses"}):
        await later.responses.create(model="m", input="x")

    import anthropic
    claude = anthropic.Anthropic(base_url=address, api_key="x")
    claude_later = anthropic.AsyncAnthropic(base_url=address, api_key="x")
    claude_asked = {"model": "m", "max_tokens": 10, "messages": messages}
    with kiseki.attributes({"case": "anthropic"}):
        claude.messages.create(**claude_asked)
    with kiseki.attributes({"case": "anthropic stream"}):
        for _ in claude.messages.create(**claude_asked, stream=True): pass
    with kiseki.attributes({"case": "anthropic helper"}):
        with claude.messages.stream(**claude_asked) as stream:
            assert "".join(stream.text_stream) == "Mount Fuji"
    with kiseki.attributes({"case": "anthropic async"}):
        await claude_later.messages.create(**claude_asked)
    with kiseki.attributes({"case": "anthropic async helper"}):
        async with claude_later.messages.stream(**claude_asked) as stream:
            await stream.get_final_message()

    import litellm
    told = {"model": "openai/m", "messages": messages}
    told |= {"api_base": address + "/v1", "api_key": "sk-x"}
    with kiseki.attributes({"case": "litellm"}):
        litellm.completion(**told)
    with kiseki.attributes({"case": "litellm stream"}):
        for _ in litellm.completion(**told, stream=True): pass
    with kiseki.attributes({"case": "litellm async"}):
        await litellm.acompletion(**told)

    from langchain_core.prompts import ChatPromptTemplate
    from langchain_openai import ChatOpenAI
    model = ChatOpenAI(model="m", base_url=address + "/v1", api_key="sk-x")
    chain = ChatPromptTemplate.from_messages([("user", "{q}")]) | model
    with kiseki.attributes({"case": "langchain"}):
        assert chain.invoke({"q": "Which one?"}).content == "Mount Fuji"
    with kiseki.attributes({"case": "langchain async"}):
        await chain.ainvoke({"q": "Which one?"})
    with kiseki.attributes({"case": "langchain stream"}):
        list(chain.stream({"q": "Which one?"}))

    from llama_index.llms.openai import OpenAI
    from llama_index.core.llms import ChatMessage
    llm = OpenAI(model="gpt-4o", api_base=address + "/v1", api_key="sk-x")
    with kiseki.attributes({"case": "llama_index"}):
        llm.chat([ChatMessage(role="user", content="Which one?")])
    with kiseki.attributes({"case": "llama_index async"}):
        await llm.achat([ChatMessage(role="user", content="Which one?")])

asyncio.run(main())
from kiseki.tracing import integrations
integrations.uninstall()
client.chat.completions.create(model="m", messages=messages)  # not recorded
import langchain_core.tracers.context as hooks
assert not any("kiseki" in str(hook[0]) for hook in hooks._configure_hooks)
"""


def test_calls_of_libraries_are_recorded(server_process: ServerProcess, tmp_path: Path) -> None:
    try:
        python = prepared("models", LIBRARIES) / "bin" / "python"
    except NoClient as reason:
        pytest.skip(f"the libraries cannot be installed: {reason}")
    with language_models() as address:
        program = Program(
            PROGRAM,
            python=python,
            directory=tmp_path,
            environment={
                **server_process.client_environment,
                "MODELS": address,
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT / "sdk" / "src"),
                "KISEKI_FINISH_TIMEOUT": "60",
                "KISEKI_SYSTEM_METRICS": "false",
                "KISEKI_ENVIRONMENT": "false",
                "KISEKI_CONSOLE": "off",
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            },
        )
        assert program.wait(170) == 0, program.output[-4000:]
    assert "not recorded" not in program.output
    details = [
        server_process.get(f"{API}/calls/{call['id']}")
        for call in server_process.get(f"{API}/calls?limit=500")["items"]
    ]
    cases: dict[str, list[dict[str, Any]]] = {}
    for call in reversed(details):
        cases.setdefault(call["attributes"].get("case", ""), []).append(call)
    assert "" not in cases  # the one after `uninstall`
    assert len(cases) == 24

    for case, calls in cases.items():
        (root,) = (call for call in calls if call["parent_id"] is None)
        if case == "openai error":
            assert (root["status"], root["op_name"]) == ("error", "openai.chat.completions.create")
            continue
        assert {call["status"] for call in calls} == {"success"}, case
        if "embeddings" not in case:
            assert "Mount Fuji" in str(root["output"]), case
        if case in STREAMED or "embeddings" in case:
            continue
        (usage,) = root["usage"]
        assert usage["model"] == "stub-1", case
        assert {name: usage[name] for name in COUNTED} == COUNTED, case

    def names(case: str) -> list[str]:
        return [call["op_name"] for call in cases[case]]

    (responses,) = cases["openai responses"]
    assert responses["usage"][0]["cache_read_tokens"] == 4
    assert names("anthropic helper") == ["anthropic.messages.stream"]
    assert names("litellm async") == ["litellm.acompletion"]
    for case in ("langchain", "langchain async"):
        assert names(case) == [
            "langchain.RunnableSequence",
            "langchain.ChatPromptTemplate",
            "langchain.ChatOpenAI",
            "openai.chat.completions.create",
        ]
    assert names("llama_index")[-1] == "openai.chat.completions.create"
