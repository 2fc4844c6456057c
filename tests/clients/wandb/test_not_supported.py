"""What Kiseki does not have yet answers at once, on every version of the client.

A list is empty, anything else is one sentence that names the feature. A client that tried again
would do so for many minutes: `Client.run` gives a program two.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.wandb.conftest import Client
from tests.clients.wandb.environments import OLDEST, SUPPORTED, NoClient, environments
from tests.processes import ServerProcess

pytestmark = pytest.mark.clients

SWEEPS = "Sweeps are not supported yet"
LAUNCH = "Launch is not supported yet"
AUTOMATIONS = "Automations and integrations are not supported yet"

CALLS: dict[str, tuple[str, str | list[str]]] = {
    "sweep": (
        "wandb.sweep({'method': 'grid', 'parameters': {'a': {'values': [1]}}}, project='later')",
        SWEEPS,
    ),
    "agent": ("wandb.agent('admin/later/abcd1234', function=print, count=1)", SWEEPS),
    "sweep by name": ("api.sweep('admin/later/abcd1234').config", SWEEPS),
    "sweeps of a project": ("list(api.project('later', 'admin').sweeps())", []),
    "queue": ("api.create_run_queue('q', 'local-container', entity='admin')", LAUNCH),
    "queue by name": ("api.run_queue('admin', 'q').items", LAUNCH),
    "reports": ("list(api.reports('admin/later'))", []),
    "automations": ("list(api.automations('admin'))", []),
    "integrations": ("list(api.integrations('admin'))", []),
    "webhooks": ("list(api.webhook_integrations('admin'))", []),
    "custom chart": (
        "api.create_custom_chart('admin', 'chart', 'Chart', 'vega2', 'private', {})",
        "Custom charts are not supported yet",
    ),
}
"""What is called, and what comes back: a list, or a part of the error's text."""

PROGRAM = """
import json, wandb
run = wandb.init(project="later", id="r1", settings=QUICK)
run.log({"a": 1})
run.finish()
api = wandb.Api()
found = {}
for name, code in CALLS.items():
    try:
        found[name] = eval(code)
    except BaseException as error:
        found[name] = f"{type(error).__name__}: {error}"
print(json.dumps(found, default=repr))
"""


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    """All environments, made side by side."""
    try:
        environments()
    except NoClient as reason:
        pytest.skip(f"the clients cannot be installed: {reason}")


@pytest.fixture(params=SUPPORTED)
def each(request: pytest.FixtureRequest, server_process: ServerProcess, tmp_path: Path) -> Client:
    return Client(request.param, server_process, tmp_path / "client")


def test_every_call_is_answered(each: Client) -> None:
    calls = {name: code for name, (code, _) in CALLS.items()}
    found = each.result(PROGRAM.replace("CALLS", repr(calls)))
    for name, (_, expected) in CALLS.items():
        missing = "has no attribute" if (each.version, name) == (OLDEST, "custom chart") else None
        assert found[name] == expected or (missing or expected) in found[name], (name, found[name])


COMMANDS = {
    "sweep sweep.yaml --project later": SWEEPS,
    "agent admin/later/abcd1234": SWEEPS,
    "launch --docker-image busybox -q default -e admin -p later": LAUNCH,
    "launch-agent -q default -e admin": LAUNCH,
}


def test_every_command_is_answered(each: Client) -> None:
    found = each.result(
        f"""
        import json, pathlib, subprocess, sys, wandb
        wandb.init(project="later", id="r1").finish()
        # Without the project of the queues the client says that it cannot fetch them.
        wandb.Api().create_project("model-registry", "admin")
        pathlib.Path("train.py").write_text("pass")
        pathlib.Path("sweep.yaml").write_text(
            "program: train.py\\nmethod: grid\\nparameters: {{a: {{values: [1]}}}}"
        )
        found = {{}}
        for command in {list(COMMANDS)!r}:
            done = subprocess.run(
                [sys.executable, "-m", "wandb", *command.split()], capture_output=True, text=True
            )
            found[command] = done.stdout + done.stderr
        print(json.dumps(found))
        """
    )
    for command, expected in COMMANDS.items():
        assert expected in found[command], found[command]
