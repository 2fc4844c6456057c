"""Models that the client asks through the server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.clients.sdk.language_models import language_models
from tests.clients.weave.conftest import Client
from tests.processes import ServerProcess


def test_models_are_asked_through_the_server(client: Client, tmp_path: Path) -> None:
    server = ServerProcess(tmp_path, KISEKI_OUTBOUND_HOSTS="127.0.0.1").start()
    try:
        with language_models() as url:
            provider = {"base_url": f"{url}/v1", "api_key": "sk-x", "models": ["gpt-4o-mini"]}
            assert server.request("PUT", "/admin/providers/stub", provider)[0] == 200
            replace(client, server=server).run(
                """
                client = weave.init("admin/completions")
                prompt = weave.publish(weave.MessagesPrompt(
                    [{"role": "system", "content": "You know {what}."}]), "guide")
                inputs = {"model": "gpt-4o-mini", "prompt": prompt.uri, "messages": [],
                          "template_vars": {"what": "mountains"}}
                asked = {"project_id": "admin/completions", "inputs": inputs}
                found = client.server.completions_create(asked)
                message = found.response["choices"][0]["message"]
                assert message["content"] == "Mount Fuji", found
                call = client.get_call(found.weave_call_id)
                assert call.inputs["template_vars"] == {"what": "mountains"}, call.inputs
                (used,) = call.summary["usage"].values()
                assert used["total_tokens"] == 11, call.summary

                first, *pieces = client.server.completions_create_stream(asked)
                assert client.get_call(first["_meta"]["weave_call_id"]).ended_at
                texts = [c["delta"].get("content") or "" for p in pieces for c in p["choices"]]
                assert "".join(texts) == "Mount Fuji", pieces

                asked["inputs"] = {**inputs, "model": "nothing"}
                error = client.server.completions_create(asked).response["error"]
                assert "stub/gpt-4o-mini" in error, error
                """
            )
    finally:
        server.stop()
