"""ClickHouse's HTTP interface over the embedded engine, so that tests reach it by URL.

Run as a program it serves the engine in the folder that it is given, on a free loopback port,
which it prints. It knows what the real client sends: statements in the body or the address, bound
parameters, settings, forms, inserts. No users, no sessions.
"""

from __future__ import annotations

import contextlib
import email.parser
import email.policy
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_TRANSPORT = {
    "query",
    "database",
    "wait_end_of_query",
    "client_protocol_version",
    "enable_http_compression",
    "session_id",
    "query_id",
    "compress",
    "default_format",
    "http_headers_progress_interval_ms",
    "send_progress_in_http_headers",
    "cancel_http_readonly_queries_on_client_close",
}
_INSERT = re.compile(rb"\s*INSERT\s+INTO\s+(.+?)\s+FORMAT\s+(\w+)\s*\n?", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Shim

    def do_GET(self) -> None:
        self._answer(200, b"Ok.\n")

    def do_POST(self) -> None:
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            parameters |= _form(kind, body)
            body = b""
        statement = parameters.get("query", "")
        try:
            with self.server.connection(parameters) as connection:
                if (insert := _INSERT.match(statement.encode() + b"\n" + body)) is not None:
                    rest = (statement.encode() + b"\n" + body)[insert.end() :]
                    self._insert(connection, insert, rest.lstrip(b"\n"), parameters)
                    return
                statement = statement + body.decode()
                found = _FORMAT.search(statement)
                bound = {k[6:]: v for k, v in parameters.items() if k.startswith("param_")}
                result = connection.query(statement, "TabSeparated", params=bound).bytes()
        except RuntimeError as error:
            code = re.search(r"Code: (\d+)", str(error))
            self._answer(
                500,
                str(error).encode(),
                **{"X-ClickHouse-Exception-Code": code[1] if code else "1"},
            )
            return
        self._answer(
            200, result or b"", **{"X-ClickHouse-Format": found[1] if found else "TabSeparated"}
        )

    def _insert(
        self, connection: Any, insert: re.Match[bytes], rows: bytes, parameters: dict[str, str]
    ) -> None:
        table, format = insert[1].decode(), insert[2].decode()
        with tempfile.NamedTemporaryFile() as file:
            file.write(rows)
            file.flush()
            token = parameters.get("insert_deduplication_token")
            settings = f"SETTINGS insert_deduplication_token = '{token}'" if token else ""
            connection.query(
                f"INSERT INTO {table} FROM INFILE '{file.name}' {settings} FORMAT {format}",
                "TabSeparated",
            )
        self._answer(200, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Shim(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self._folder = folder
        self._lock = threading.Lock()
        self._idle: list[tuple[Any, dict[str, str]]] = []
        # The engine lives as long as one connection does.
        self._anchor = self._connect()

    def _connect(self) -> Any:
        import chdb

        return chdb.connect(f"{self._folder}?async_load_databases=0")

    @contextlib.contextmanager
    def connection(self, parameters: dict[str, str]) -> Iterator[Any]:
        """A connection with the database and the settings of the request.

        One on which a query failed is not used again: it would put what it had written of the
        result before the next one.
        """
        wanted = {
            name: value
            for name, value in parameters.items()
            if name not in _TRANSPORT
            and not name.startswith("param_")
            and name != "insert_deduplication_token"
        }
        wanted["database"] = parameters.get("database", "default")
        with self._lock:
            held = [entry for entry in self._idle if entry[1] == wanted]
            connection = None
            if held:
                self._idle.remove(held[-1])
                connection = held[-1][0]
        if connection is None:
            connection = self._connect()
            for name, value in wanted.items():
                if name == "database":
                    connection.query(f"USE `{value}`")
                else:
                    connection.query(f"SET {name} = '{value}'")
        yield connection
        with self._lock:
            self._idle.append((connection, wanted))


def _form(kind: str, body: bytes) -> dict[str, str]:
    """The fields of a form."""
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body
    )
    fields: dict[str, str] = {}
    for part in message.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="Content-Disposition")
        fields[name] = part.get_payload(decode=True).decode()
    return fields


class ClickHouseShim:
    """The shim in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"The shim ended with {self._process.wait()}.")
        self.url = f"clickhouse://127.0.0.1:{port}/kiseki"

    def kill(self) -> None:
        """End the process without warning."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


if __name__ == "__main__":
    shim = Shim(sys.argv[1])
    print(shim.server_address[1], flush=True)
    shim.serve_forever()
