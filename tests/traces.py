"""Traces as the weave client sends them, for tests and pictures."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from tests.processes import ServerProcess


def call(
    project: str, id: str, parent: str | None, start: float, end: float, **given: Any
) -> dict[str, Any]:
    def time(second: float) -> str:
        return f"2026-11-30T12:{int(second // 60):02}:{second % 60:09.6f}Z"

    return {
        "project_id": f"admin/{project}",
        "id": f"{project}-{id}",
        "trace_id": f"{project}-{given.pop('trace', 'trace')}",
        "parent_id": None if parent is None else f"{project}-{parent}",
        "op_name": f"weave:///admin/{project}/op/{id.rstrip('0123456789')}:abc",
        "started_at": time(start),
        "ended_at": time(end),
        "attributes": {"team": "search"},
        "inputs": {"question": f"what is {id}?"},
        "output": {"text": f"it is {id}"},
        "summary": {},
        **given,
    }


def send(server: ServerProcess, project: str, *calls: dict[str, Any]) -> None:
    path = f"{server.url}/traces/v2/admin/{project}/calls/complete"
    request = urllib.request.Request(
        path,
        data=json.dumps({"batch": list(calls)}).encode(),
        headers={"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


def pipeline(server: ServerProcess, project: str) -> None:
    chat = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "富士山の高さは？"},
    ]
    send(
        server,
        project,
        call(project, "answer", None, 0, 2),
        call(project, "retrieve", "answer", 0.05, 0.25),
        call(project, "generate", "answer", 0.3, 1.9),
        call(
            project,
            "model",
            "generate",
            0.35,
            1.85,
            inputs={"model": "gpt-x", "messages": chat},
            output={"choices": [{"message": {"role": "assistant", "content": "3776 m です。"}}]},
            summary={
                "usage": {"gpt-x": {"prompt_tokens": 21, "completion_tokens": 9, "requests": 1}}
            },
        ),
        call(
            project,
            "broken",
            None,
            30,
            30.5,
            trace="other",
            exception=json.dumps({"type": "ValueError", "message": "no luck"}),
        ),
    )
