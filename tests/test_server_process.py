"""The server as a process: how it starts, refuses to start, and ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.processes import BIN, ServerProcess, eventually, free_port


def serve(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `kiseki serve` where it is expected to refuse."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("KISEKI_")}
    return subprocess.run(
        [BIN / "kiseki", "serve", *options],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "\nhint: " in result.stderr
    return result.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def signin_token(server: ServerProcess) -> str:
    found = re.findall(r"/signin\?token=(\S+)", server.output())
    return found[-1]


@pytest.fixture
def server(tmp_path: Path) -> Any:
    server = ServerProcess(tmp_path)
    yield server
    server.kill()


def test_the_first_start_makes_an_administrator(server: ServerProcess) -> None:
    server.start()
    data = server.data_dir
    assert (mode(data), mode(data / "admin.key"), mode(data / "secret.key")) == (
        0o700,
        0o600,
        0o600,
    )
    assert re.fullmatch(r"kiseki-[0-9a-f]{40}", server.key)
    status, session = server.request("GET", "/session")
    assert (status, session["user"]["name"], session["user"]["admin"]) == (200, "admin", True)
    assert f"{server.url}/signin?token=" in server.output()
    token = signin_token(server)
    assert server.request("POST", "/session", {"token": token})[0] == 200
    assert server.request("POST", "/session", {"token": token})[0] == 401
    # Neither the key nor the token lies in the clear anywhere but in the key's file.
    for file in data.rglob("*"):
        if file.is_file() and file.name != "admin.key":
            content = file.read_bytes()
            assert server.key.encode() not in content
            assert token.encode() not in content


def test_a_later_start_keeps_the_key_and_prints_a_new_address(server: ServerProcess) -> None:
    server.start()
    key, token = server.key, signin_token(server)
    server.kill()  # the lock dies with the process
    server.start()
    assert server.key == key
    assert server.request("GET", "/session")[0] == 200
    assert signin_token(server) != token


def test_a_lost_key_file_is_made_anew_and_a_placed_one_adopted(server: ServerProcess) -> None:
    server.start()
    old = server.key
    server.stop()
    (server.data_dir / "admin.key").unlink()
    server.start()
    assert server.key != old
    assert server.request("GET", "/session")[0] == 200
    server.stop()
    (server.data_dir / "admin.key").write_text("my-own-key-of-any-form\n")
    server.start()
    assert server.request("GET", "/session", key="my-own-key-of-any-form")[0] == 200


def test_sigterm_ends_open_streams_and_the_server_cleanly(server: ServerProcess) -> None:
    server.start()
    request = urllib.request.Request(
        f"{server.url}/api/v1/stream", headers={"Authorization": f"Bearer {server.key}"}
    )
    with urllib.request.urlopen(request, timeout=60) as stream:
        assert stream.readline() == b"event: hello\n"
        assert server.stop() == 0
        assert b"event" not in stream.read()
    assert "Traceback" not in server.output()


def test_a_second_signal_is_no_error(server: ServerProcess) -> None:
    server.start()
    assert server.process is not None
    server.process.send_signal(signal.SIGINT)
    eventually(lambda: server.process is not None and server.process.poll() is not None)
    assert server.process.returncode == 0


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = refused(serve("--port", str(port), "--data-dir", "/nonexistent/never-made"))
        assert f"The address 127.0.0.1:{port} is in use by another process" in text
        assert "--port" in text


def test_a_data_directory_in_use_is_named(server: ServerProcess) -> None:
    server.start()
    text = refused(serve("--port", "0", "--data-dir", str(server.data_dir)))
    assert f"`{server.data_dir}` is in use by the server with process id" in text
    assert server.url in text
    assert server.request("GET", "/session")[0] == 200


def test_a_data_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    text = refused(serve("--port", "0", "--data-dir", str(file)))
    assert f"Cannot use the data directory `{file}` as user {os.getuid()}" in text
    assert "--data-dir" in text


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_an_unwritable_data_directory_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path;"
        "from kiseki_server.app.datadir import DataDirectory;"
        "from kiseki_server.kit.errors import KisekiError;"
        "os.setgid(65534); os.setuid(65534)\n"
        f"try: DataDirectory(Path({str(tmp_path)!r})).open()\n"
        "except KisekiError as error: sys.exit(error.message)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert f"`{tmp_path}` as user 65534: Permission denied" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "no.such.host.invalid"], "`no.such.host.invalid` is no address"),
        (["--host", "192.0.2.1", "--port", "0"], "Cannot listen on 192.0.2.1:0"),
        (["--port", "http"], "--port must be a whole number, not `http`"),
    ],
)
def test_an_address_that_cannot_be_used_is_named(
    tmp_path: Path, options: list[str], message: str
) -> None:
    result = serve(*options, "--data-dir", str(tmp_path / "data"))
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_the_environment_and_the_module_start_a_server_too(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "KISEKI_HOST": "localhost",
        "KISEKI_PORT": str(port),
        "KISEKI_DATA_DIR": str(tmp_path / "data"),
        "KISEKI_LOG_LEVEL": "debug",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "kiseki_server", "serve"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def ready() -> bool:
        with urllib.request.urlopen(f"http://localhost:{port}/ready", timeout=5) as answer:
            return json.load(answer)["status"] == "ready"

    try:
        eventually(ready)
    finally:
        process.terminate()
        output, log = process.communicate(timeout=60)
    assert f"is ready at http://localhost:{port}" in output
    lines = [json.loads(line) for line in log.splitlines()]
    request = next(line for line in lines if line["event"] == "request")
    assert (request["method"], request["path"], request["status"]) == ("GET", "/ready", 200)
    assert re.fullmatch("[0-9a-f]{12}", request["request"])


def test_metrics_count_requests(server_process: ServerProcess) -> None:
    server_process.request("GET", "/projects")
    with urllib.request.urlopen(f"{server_process.url}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    assert re.search(
        r'kiseki_requests_total\{method="GET",route="/api/v1/projects",status="200"\} \d', text
    )
    for name in (
        "kiseki_request_seconds_bucket",
        "kiseki_ingested_points_total",
        "kiseki_group_commit_seconds_bucket",
        "kiseki_group_commit_points_bucket",
        "kiseki_queued_arrivals",
        "kiseki_live_streams",
        "process_resident_memory_bytes",
    ):
        assert f"\n{name}" in text


def test_a_body_that_never_ends_is_cut_off(server_process: ServerProcess) -> None:
    """The server answers and goes on, however much more the client wants to send."""
    with socket.create_connection(("127.0.0.1", server_process.port), timeout=60) as connection:
        connection.sendall(
            b"POST /api/v1/projects HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/json\r\nAuthorization: Bearer "
            + server_process.key.encode()
            + b"\r\n\r\n"
        )
        chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        sent = 0
        try:
            while sent < 200 << 20:
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
                if b"which is the most accepted" in answer:
                    break
        except OSError:
            pass
    assert sent < 200 << 20 or b"413" in answer.splitlines()[0]
    assert server_process.request("GET", "/session")[0] == 200


@pytest.mark.parametrize(
    "noise", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"no http at all\r\n\r\n"]
)
def test_noise_on_the_port_does_no_harm(server_process: ServerProcess, noise: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server_process.port), timeout=60) as connection:
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    assert server_process.request("GET", "/session")[0] == 200


def test_a_large_answer_to_a_gone_client_does_no_harm(server_process: ServerProcess) -> None:
    with socket.create_connection(("127.0.0.1", server_process.port), timeout=60) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
    assert server_process.request("GET", "/session")[0] == 200


def test_an_unknown_address_below_the_api_is_a_problem(server_process: ServerProcess) -> None:
    status, problem = server_process.request("GET", "/nothing")
    assert (status, problem["error"]) == (404, "not_found")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(
            urllib.request.Request(
                f"{server_process.url}/health", headers={"Host": "evil.example"}
            ),
            timeout=60,
        )


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "The database URL cannot be read"),
        ("mysql://localhost/x", "`mysql` is no database that Kiseki can use"),
        ("postgresql://nobody@127.0.0.1:1/x", "The metadata database does not answer"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(tmp_path: Path, url: str, message: str) -> None:
    result = serve("--port", "0", "--data-dir", str(tmp_path / "data"), "--database-url", url)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_another_secret_than_the_databases_is_refused(server: ServerProcess) -> None:
    server.start()
    assert server.stop() == 0
    (server.data_dir / "secret.key").unlink()
    text = refused(serve("--port", "0", "--data-dir", str(server.data_dir)))
    assert "hashed with another secret" in text
    short = serve("--data-dir", str(server.data_dir), "--port", "0", KISEKI_SECRET_KEY="abc")
    assert "KISEKI_SECRET_KEY must be at least 64" in refused(short)
