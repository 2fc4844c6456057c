"""The client: what answers mean, proxies, compression, certificates."""

from __future__ import annotations

import datetime as dt
import shutil
import socket
import ssl
import subprocess
import threading
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiseki._transport.batches import Origin, empty, encode
from kiseki._transport.client import Client, SendError, is_loopback
from kiseki.wire.batch import Acknowledgement, Batch, RunStart
from kiseki.wire.records import Environment

from .conftest import KEY, FakeServer


def a_batch(size: int = 0) -> bytes:
    batch = empty(Origin(None, "tests", "run", "w"), 0, 1)
    batch.start = RunStart(time=1.0, environment=Environment(program="x" * size))
    return encode(batch)


def problem(server: FakeServer, fault: str) -> SendError:
    server.fault = lambda number, batch: fault
    client = Client(server.url, KEY)
    with pytest.raises(SendError) as caught:
        client.ingest(a_batch())
    client.close()
    return caught.value


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("408", "retry"),
        ("425", "retry"),
        ("429", "retry"),
        ("500", "retry"),
        ("503", "retry"),
        ("507", "retry"),
        ("html 502", "retry"),
        ("garbage", "retry"),
        ("404", "unknown_run"),
        ("html 404", "refused"),
        ("400", "content"),
        ("413", "content"),
        ("401", "refused"),
        ("403", "refused"),
        ("409", "refused"),
        ("410", "refused"),
        ("501", "refused"),
        ("302", "refused"),
    ],
)
def test_what_an_answer_means(server: FakeServer, fault: str, cause: str) -> None:
    assert problem(server, fault).cause == cause


def test_a_server_may_say_when_to_come_back(server: FakeServer) -> None:
    assert problem(server, "503 7").retry_after == 7
    assert problem(server, "503 86400").retry_after == 120
    assert problem(server, "503 soon").retry_after is None
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    assert (
        50 < (problem(server, f"503 {format_datetime(soon, usegmt=True)}").retry_after or 0) <= 60
    )


def test_a_page_of_a_proxy_is_quoted(server: FakeServer) -> None:
    error = problem(server, "html 502")
    assert error.said == "the server answered 502: <h1>Bad gateway</h1>"


def test_a_connection_is_kept_and_renewed(server: FakeServer) -> None:
    client = Client(server.url, KEY)
    client.ingest(a_batch())
    # A server closes what idles; the next request goes out on a new connection at once.
    server.fault = lambda number, batch: "drop-before" if number == 1 else None
    assert client.ingest(a_batch()).next == 1
    assert server.requests == 3
    client.close()


def test_nobody_there_is_worth_a_retry(server: FakeServer) -> None:
    server.stop()
    client = Client(server.url, KEY)
    with pytest.raises(SendError) as caught:
        client.ingest(a_batch())
    assert caught.value.cause == "retry"
    assert server.url in caught.value.said


def test_an_answer_that_does_not_come_is_worth_a_retry() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client = Client(f"http://127.0.0.1:{port}", KEY, answer_timeout_s=0.1)
        with pytest.raises(SendError) as caught:
            client.ingest(a_batch())
    assert caught.value.said == f"http://127.0.0.1:{port}: no answer in time"


def test_a_request_can_be_given_up_from_another_thread(server: FakeServer) -> None:
    server.fault = lambda number, batch: "slow 20"
    client = Client(server.url, KEY)
    failed: list[BaseException] = []

    def send() -> None:
        try:
            client.ingest(a_batch())
        except SendError as error:
            failed.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    while thread.is_alive():
        client.abort()
        thread.join(0.02)
    assert len(failed) == 1


def test_loopback_is_not_compressed(server: FakeServer) -> None:
    client = Client(server.url, KEY)
    client.ingest(a_batch(5000))
    client.close()
    assert server.encodings == [None]


def test_elsewhere_goes_compressed_through_the_proxy_of_the_environment(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The little server answers any address, as a proxy does.
    monkeypatch.setenv("http_proxy", f"http://user:p%40ss@127.0.0.1:{server.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    client = Client("http://kiseki.invalid:8080/below", KEY)
    client.ingest(a_batch(5000))
    client.ingest(a_batch())
    client.close()
    assert server.encodings == ["gzip", None]
    assert server.sizes[0] < 500
    assert server.targets[0] == "http://kiseki.invalid:8080/below/api/v1/ingest"
    assert server.headers[0]["Proxy-Authorization"] == "Basic dXNlcjpwQHNz"
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert server.headers[0]["Host"] == "kiseki.invalid:8080"


def test_loopback_needs_no_proxy(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    client = Client(server.url, KEY)
    client.ingest(a_batch())
    client.close()
    assert server.targets == ["/api/v1/ingest"]


def test_hosts_are_exempt_from_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "kiseki.invalid")
    with pytest.raises(SendError) as caught:
        Client("http://kiseki.invalid:8080", KEY).ingest(a_batch())
    assert "127.0.0.1" not in caught.value.said
    assert "refused" not in caught.value.said


@pytest.mark.parametrize("address", ["", "kiseki.example.com", "ftp://x", "http://", "http://:80"])
def test_an_address_that_is_none_is_named(address: str) -> None:
    with pytest.raises(ValueError, match="KISEKI_BASE_URL"):
        Client(address, KEY)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("kiseki", False),
    ],
)
def test_what_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_certificates_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 "
        "-subj /CN=localhost -addext subjectAltName=DNS:localhost",
        shell=True,
        check=True,
        cwd=tmp_path,
        capture_output=True,
    )
    answer = msgspec.msgpack.encode(
        Acknowledgement(next=1, entity="e", project="p", run="r", url="/e/p/runs/r")
    )

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert msgspec.msgpack.decode(body, type=Batch).run == "run"
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    class Quiet(HTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        url = f"https://localhost:{server.server_port}"
        with pytest.raises(SendError) as caught:
            Client(url, KEY).ingest(a_batch())
        assert "certificate verify failed" in caught.value.said
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        client = Client(url, KEY)
        assert client.ingest(a_batch()).next == 1
        client.close()
    finally:
        server.shutdown()
        server.server_close()
