"""Going on with an earlier run."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import kiseki
from kiseki.errors import ConfigChangedError, SettingError, UsageError
from kiseki.wire.records import History

from .conftest import Begin, records_of


def test_a_run_on_this_machine_goes_on_after_its_last_step(begin: Begin) -> None:
    first = begin(id="abc", config={"lr": 0.1, "gone": 1})
    first.log({"loss": 1.0}, step=41)
    first.summary["best"] = 3
    del first.config["gone"]
    first.finish()
    again = begin(id="abc", resume="must")
    assert (again.step, again.starting_step, again.resumed) == (42, 42, True)
    assert again.config.as_dict() == {"lr": 0.1}
    assert dict(again.summary) == {"loss": 1.0, "best": 3}
    with pytest.raises(ConfigChangedError):
        again.config.lr = 0.2
    again.log({"loss": 0.5})
    assert [r.step for r in records_of(again) if isinstance(r, History)] == [42]


def test_without_resume_steps_begin_at_zero(begin: Begin) -> None:
    begin(id="abc").log({"a": 1}, step=5)
    assert begin(id="abc", reinit=True).step == 0
    assert begin(id="abc", reinit=True, project="other", resume="allow").step == 0


@pytest.mark.parametrize("resume", ["must", "never", "allow"])
def test_whether_the_run_exists(begin: Begin, resume: Any) -> None:
    if resume == "must":
        with pytest.raises(UsageError, match="resume='must': there is no run abc in p"):
            begin(id="abc", resume=resume)
    else:
        begin(id="abc", resume=resume).finish()
    if resume == "never":
        with pytest.raises(UsageError, match="resume='never': there is a run abc in p"):
            begin(id="abc", resume=resume)
        with pytest.raises(SettingError, match="resume='never' needs the run's id"):
            begin(resume=resume)


def test_auto_takes_the_last_run_that_did_not_end(begin: Begin) -> None:
    crashed = begin()
    crashed.log({"a": 1}, step=9)
    crashed.finish(exit_code=1)
    again = begin(resume="auto")
    assert (again.id, again.step) == (crashed.id, 10)
    again.finish()
    fresh = begin(resume=True)
    assert fresh.id != crashed.id
    assert fresh.step == 0


class RunServer:
    """Knows one run of two keys, and nothing else."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                assert self.headers["Authorization"] == "Bearer k"
                answer = outer.answer(self.path)
                status = outer.status if answer is not None else 404
                body = json.dumps(answer or {}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def answer(self, path: str) -> Any:
        parts = urlsplit(path)
        base = "/api/v1/projects/me/p/runs/a%20b"
        if parts.path == "/api/v1/session":
            return {"default_entity": "me"}
        if parts.path == base:
            return {"config": {"lr": 0.1}, "summary": {"loss": 2.0, "top": ["-Infinity"]}}
        if parts.path == f"{base}/keys":
            return {"items": [{"key": "loss"}, {"key": "a&b"}]}
        if parts.path == f"{base}/stats":
            keys = parse_qs(parts.query)["key"]
            return {"items": [{"key": k, "last_step": {"loss": 7, "a&b": 12}[k]} for k in keys]}
        return None

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


@pytest.fixture
def run_server() -> Iterator[RunServer]:
    server = RunServer()
    yield server
    server.close()


def online(begin: Begin, url: str, **arguments: Any) -> kiseki.Run:
    settings = {"finish_timeout": 0, **arguments.pop("settings", {})}
    return begin(mode="online", base_url=url, api_key="k", settings=settings, **arguments)


def test_the_server_is_asked_where_the_run_stands(begin: Begin, run_server: RunServer) -> None:
    run = online(begin, run_server.url, id="a b", resume="must")
    assert run.step == 13
    assert run.config.as_dict() == {"lr": 0.1}
    assert dict(run.summary) == {"loss": 2.0, "top": [-math.inf]}
    run.finish()
    with pytest.raises(UsageError, match="there is no run other in p"):
        online(begin, run_server.url, id="other", resume="must")


def test_without_resume_nothing_is_asked(begin: Begin, run_server: RunServer) -> None:
    online(begin, run_server.url, id="a b").finish()
    assert run_server.asked == []


def test_a_server_that_cannot_be_asked(
    begin: Begin, run_server: RunServer, capsys: pytest.CaptureFixture[str]
) -> None:
    run_server.status = 403
    with pytest.raises(UsageError, match="cannot be asked for run a b: it answered 403"):
        online(begin, run_server.url, id="a b", resume="must")
    run = online(begin, run_server.url, id="a b", resume="allow", settings={"silent": False})
    assert run.step == 0
    assert "(it answered 403); steps begin at 0" in capsys.readouterr().err
