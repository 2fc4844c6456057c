"""What a traced call of a trivial function costs its caller, and how fast calls reach a server.

Each library runs in a process of its own and times every call by itself, less the time of the
function untraced. Kiseki's figure holds the journal: when the call returns, it survives the death
of the process; the others hand it to a thread of theirs and may lose it. Drained: calls made as
fast as the library takes them, from the first call until the server has all.

weave and OpenTelemetry send to a Kiseki server of their own, mlflow writes into a SQLite database.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from benchmarks import peers, servers
from benchmarks.report import Measurement, Table

CALLS = 20_000
SECONDS = 20
"""A slow library stops after so long, before the full number of calls."""
DRAIN_SECONDS = 240

SCRIPT = """
import json, os, sys
from time import perf_counter_ns, perf_counter, monotonic
os.chdir({directory!r})
{prepare}
def plain(a, b):
    return a + b
traced = {decorate}(plain)
for n in range(200):
    traced(n, 2)
{flush}
def timed(function):
    times = []
    until = monotonic() + {seconds}
    for n in range({calls}):
        begin = perf_counter_ns()
        function(n, 2)
        times.append(perf_counter_ns() - begin)
        if not n % 100 and monotonic() > until:
            break
    return sorted(times)
untraced = timed(plain)
begin = perf_counter()
times = timed(traced)
{flush}
drained = len(times) / (perf_counter() - begin)
bare = untraced[len(untraced) // 2]
print(json.dumps([
    (times[len(times) // 2] - bare) / 1000,
    (times[int(len(times) * 0.99)] - bare) / 1000,
    drained,
]))
sys.stdout.flush()
os._exit(0)
"""

OTEL = """
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
provider = TracerProvider(resource=Resource.create({"kiseki.project": "admin/bench"}))
provider.add_span_processor(BatchSpanProcessor(
    OTLPSpanExporter(), max_queue_size=100_000, max_export_batch_size=2048))
tracer = provider.get_tracer("bench")
def op(function):
    # As openinference's decorator does: inputs and output as JSON attributes.
    def call(a, b):
        with tracer.start_as_current_span("plain") as span:
            span.set_attribute("openinference.span.kind", "CHAIN")
            span.set_attribute("input.value", json.dumps({"a": a, "b": b}))
            span.set_attribute("input.mime_type", "application/json")
            output = function(a, b)
            span.set_attribute("output.value", json.dumps(output))
            return output
    return call
"""

LIBRARIES: dict[str, dict[str, str]] = {
    "kiseki": {
        "prepare": "import kiseki; run = kiseki.init('admin/bench', dir='.')",
        "decorate": "kiseki.op",
        "flush": "run.wait_for_upload()",
    },
    "weave": {
        "prepare": "import weave; client = weave.init('admin/bench')",
        "decorate": "weave.op",
        "flush": "client.flush()",
    },
    "mlflow": {
        "prepare": "import mlflow; mlflow.set_tracking_uri('sqlite:///mlflow.db'); "
        "mlflow.set_experiment('bench')",
        "decorate": "mlflow.trace",
        "flush": "mlflow.flush_trace_async_logging()",
    },
    "otel": {"prepare": OTEL, "decorate": "op", "flush": "provider.force_flush(200_000)"},
}


def measure(name: str, environment: Mapping[str, str]) -> Any:
    with tempfile.TemporaryDirectory() as directory:
        code = SCRIPT.format(directory=directory, calls=CALLS, seconds=SECONDS, **LIBRARIES[name])
        quiet = {
            "KISEKI_SILENT": "1",
            "KISEKI_CONSOLE": "off",
            "KISEKI_SYSTEM_METRICS": "false",
            "KISEKI_ENVIRONMENT": "false",
            "KISEKI_UPLOAD_DEADLINE": "0",
            "KISEKI_FINISH_TIMEOUT": str(DRAIN_SECONDS),
            "WEAVE_PRINT_CALL_LINK": "false",
            "WANDB_SILENT": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "true",
            "GIT_PYTHON_REFRESH": "quiet",
        }
        python = sys.executable if name == "kiseki" else peers.PYTHON
        timeout = DRAIN_SECONDS + 60
        return peers.measure(
            code, python=python, environment={**quiet, **environment}, timeout=timeout
        )


def cells(result: Any) -> list[Measurement]:
    if isinstance(result, str):
        missing = "ModuleNotFoundError" in result or "FileNotFoundError" in result
        return [Measurement(None, "not installed" if missing else result)] * 3
    return [Measurement(value) for value in result]


def main() -> None:
    peers.ensure()
    table = Table(
        "One traced call of a trivial function",
        ["on the caller, median (µs)", "on the caller, p99 (µs)", "drained (calls/s)"],
    )
    for title, name in (
        ("kiseki", "kiseki"),
        ("weave", "weave"),
        ("OpenTelemetry, OTLP", "otel"),
        ("mlflow", "mlflow"),
    ):
        with servers.kiseki() as server:
            known = {
                "KISEKI_BASE_URL": server.url,
                "KISEKI_API_KEY": server.key,
                "WANDB_BASE_URL": server.url,
                "WANDB_API_KEY": server.key,
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{server.url}/v1/traces",
                "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"authorization=Bearer%20{server.key}",
            }
            table.add(title, *cells(measure(name, known)))
    table.print()


if __name__ == "__main__":
    main()
