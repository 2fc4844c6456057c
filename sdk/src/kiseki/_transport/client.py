"""Talks to a Kiseki server, and says what its answers mean for a sender."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import gzip
import http.client
import ipaddress
import socket
import ssl
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Any, Literal, TypeAlias

import msgspec

from kiseki.wire.batch import CONTENT_TYPE, Acknowledgement, Problem

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 60.0
_COMPRESS_FROM = 1024
_MOST_RETRY_AFTER_S = 120.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({408, 425, 429})

Cause = Literal["retry", "gap", "unknown_run", "content", "refused"]

Pieces: TypeAlias = Callable[[], Iterable[bytes]]
"""A body that is too large for memory: gives its pieces, from the start each time."""

_JSON = "application/json"
_PIECE = 1 << 20


class SendError(Exception):
    """A batch was not acknowledged."""

    def __init__(
        self,
        cause: Cause,
        problem: Problem,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.cause: Cause = cause
        """``retry``: worth another try. ``gap``: send from ``problem.next``. ``unknown_run``:
        send from the start. ``content``: this body, not the sender, is at fault (400, 413).
        ``refused``: somebody has to act first."""
        self.problem = problem
        self.status = status
        """Of HTTP; ``None``: there was no answer."""
        self.retry_after = retry_after
        super().__init__(problem.message)

    @property
    def said(self) -> str:
        """The message with its hint."""
        hint = self.problem.hint
        return f"{self.problem.message} (hint: {hint})" if hint else self.problem.message


class FileChangedError(Exception):
    """A file is not what it was when it was looked at."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    retry_after: str | None
    location: str | None


@dataclass(frozen=True, slots=True)
class Download:
    """A file on its way here."""

    pieces: Iterator[bytes]
    start: int
    """The place in the file at which the pieces begin."""
    size: int | None
    """Of the whole file."""
    etag: str | None


class Client:
    """One kept-alive connection. Not for use by several threads, but for `abort`."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        url = urllib.parse.urlsplit(base_url)
        if url.scheme not in {"http", "https"} or not url.hostname:
            raise ValueError(
                f"Not the address of a server: {base_url!r}; "
                "KISEKI_BASE_URL looks like https://kiseki.example.com"
            )
        self.base_url = base_url.rstrip("/")
        self._secure = url.scheme == "https"
        self._host: str = url.hostname
        self._port = url.port or (443 if self._secure else 80)
        self._path = url.path.rstrip("/")
        self._loopback = is_loopback(self._host)
        self._connect_timeout_s = connect_timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._proxy = None if self._loopback else _proxy(url.scheme, self._host, self._port)
        self._headers = {"User-Agent": f"kiseki/{_version()}"}
        self.api_key = api_key
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def ingest(self, body: bytes) -> Acknowledgement:
        """Send an encoded batch. Raises `SendError` unless it was acknowledged."""
        headers = {"Content-Type": CONTENT_TYPE, "Accept": f"{CONTENT_TYPE}, {_JSON}"}
        answer = self._accepted(self._request("POST", "/api/v1/ingest", body, headers))
        try:
            return msgspec.msgpack.decode(answer.body, type=Acknowledgement)
        except msgspec.MsgspecError:
            raise self._no_kiseki(answer) from None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded JSON that one request of the API brings; ``path`` is below ``/api/v1``.

        Raises `SendError` unless the server did what was asked.
        """
        headers = {"Accept": _JSON}
        content = b""
        if body is not None:
            content = msgspec.json.encode(body)
            headers["Content-Type"] = _JSON
        answer = self._accepted(self._request(method, f"/api/v1{path}", content, headers))
        try:
            return msgspec.json.decode(answer.body) if answer.body else None
        except msgspec.MsgspecError:
            raise self._no_kiseki(answer) from None

    def put(self, path: str, pieces: Pieces, size: int, md5: str | None = None) -> None:
        """Send a file of ``size`` bytes to a path below the server's address.

        Args:
            path: Where to, with its query.
            pieces: The bytes.
            size: How many there are.
            md5: Base64; the server checks it.

        Raises:
            SendError: It was not taken.
        """
        headers = {
            "Accept": _JSON,
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
        }
        if md5 is not None:
            headers["Content-MD5"] = md5
        self._accepted(self._request("PUT", path, pieces, headers))

    @contextlib.contextmanager
    def open(self, path: str, start: int = 0, etag: str | None = None) -> Generator[Download]:
        """The bytes below ``path`` from ``start`` on, piece by piece.

        Args:
            path: Below the server's address.
            start: Bytes to pass over. They are not if the file is another than ``etag`` says;
                `Download.start` tells.
            etag: What an earlier answer called the file.

        Raises:
            SendError: There is no such file, no server, or the connection broke.
        """
        headers: dict[str, str] = {"Accept": "*/*"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if etag is not None:
                headers["If-Range"] = etag
        response = self._opened(path, headers)
        try:
            if not 200 <= response.status < 300:
                self._accepted(_answer(response, response.read()))
            begin = start if response.status == 206 else 0
            length = response.headers.get("Content-Length")
            yield Download(
                self._pieces(response),
                begin,
                None if length is None else begin + int(length),
                response.headers.get("ETag"),
            )
        finally:
            if not response.isclosed():
                self.close()

    def _opened(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        reused = self._connection is not None
        try:
            return self._begin("GET", path, b"", headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if not reused:
                raise self._unreachable(error) from error
        try:
            return self._begin("GET", path, b"", headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error) from error

    def _pieces(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        try:
            while piece := response.read(_PIECE):
                yield piece
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._unreachable(error) from error

    def _accepted(self, answer: _Answer) -> _Answer:
        if answer.status in _REDIRECTS:
            raise SendError(
                "refused",
                Problem(
                    error="redirected",
                    message=f"{self.base_url} redirects to {answer.location}",
                    hint="set KISEKI_BASE_URL to the final address",
                ),
                status=answer.status,
            )
        if not 200 <= answer.status < 300:
            raise _refusal(answer)
        return answer

    def _no_kiseki(self, answer: _Answer) -> SendError:
        return SendError(
            "retry",
            Problem(
                error="no_kiseki",
                message=f"{self.base_url} does not answer as a Kiseki server does",
            ),
            status=answer.status,
        )

    def _unreachable(self, error: BaseException) -> SendError:
        return SendError(
            "retry", Problem(error="unreachable", message=f"{self.base_url}: {_reason(error)}")
        )

    def close(self) -> None:
        connection, self._connection = self._connection, None
        with self._lock:
            self._socket = None
        if connection is not None:
            connection.close()

    def abort(self) -> None:
        """Make a request that is under way fail now; any thread may call this."""
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _request(
        self, method: str, path: str, body: bytes | Pieces, headers: dict[str, str]
    ) -> _Answer:
        if isinstance(body, bytes) and not self._loopback and len(body) >= _COMPRESS_FROM:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        reused = self._connection is not None
        try:
            return self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # A server may close a connection that idles; then nothing is wrong. To send
            # something twice does no harm: positions decide.
            if reused and isinstance(error, (http.client.RemoteDisconnected, ConnectionError)):
                try:
                    return self._exchange(method, path, body, headers)
                except (OSError, http.client.HTTPException) as second:
                    self.close()
                    error = second
            raise self._unreachable(error) from error

    def _exchange(
        self, method: str, path: str, body: bytes | Pieces, headers: Mapping[str, str]
    ) -> _Answer:
        response = self._begin(method, path, body, headers)
        content = response.read()
        if response.will_close:
            self.close()
        return _answer(response, content)

    def _begin(
        self, method: str, path: str, body: bytes | Pieces, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        connection = self._connection
        if connection is None:
            connection = self._connect()
        headers = {**self._headers, **headers}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        target = self._path + path
        if self._proxy is not None and not self._secure:
            target = f"http://{_bracketed(self._host)}:{self._port}{target}"
            headers = headers | self._proxy.headers
        if isinstance(body, bytes):
            connection.request(method, target, body=body or None, headers=headers)
            return connection.getresponse()
        try:
            connection.request(method, target, body=body(), headers=headers)
        except ConnectionError:
            # Who refuses a body before its end says why, and closes.
            try:
                return connection.getresponse()
            except (OSError, http.client.HTTPException):
                pass
            raise
        return connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._host, self._port
        if self._proxy is not None:
            host, port = self._proxy.host, self._proxy.port
        connection: http.client.HTTPConnection
        if self._secure:
            connection = http.client.HTTPSConnection(
                host, port, timeout=self._connect_timeout_s, context=ssl.create_default_context()
            )
            if self._proxy is not None:
                connection.set_tunnel(self._host, self._port, headers=self._proxy.headers)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._connect_timeout_s)
        connection.connect()
        connection.sock.settimeout(self._answer_timeout_s)
        with self._lock:
            self._socket = connection.sock
        self._connection = connection
        return connection


def file_pieces(
    path: str, start: int = 0, size: int | None = None, sent: Callable[[int], None] | None = None
) -> Pieces:
    """A part of a file as a body; ``sent`` hears how many bytes each piece has."""

    def pieces() -> Iterator[bytes]:
        with open(path, "rb", buffering=0) as file:
            file.seek(start)
            left = size
            while left is None or left > 0:
                piece = file.read(_PIECE if left is None else min(_PIECE, left))
                if not piece and left:
                    raise FileChangedError(f"{path} has become shorter while it was sent")
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece
                if sent is not None:
                    sent(len(piece))

    return pieces


def _answer(response: http.client.HTTPResponse, content: bytes) -> _Answer:
    return _Answer(
        status=response.status,
        body=content,
        retry_after=response.headers.get("Retry-After"),
        location=response.headers.get("Location"),
    )


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    headers: dict[str, str]


def _proxy(scheme: str, host: str, port: int) -> _Proxy | None:
    """The proxy that the environment names for this host, if any."""
    proxies = urllib.request.getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or urllib.request.proxy_bypass(f"{host}:{port}"):
        return None
    url = urllib.parse.urlsplit(address if "://" in address else f"http://{address}")
    if url.scheme != "http" or not url.hostname:
        raise ValueError(
            f"Cannot use the proxy of scheme {url.scheme!r} in the environment; "
            "http:// proxies are supported, and no_proxy exempts hosts"
        )
    headers: dict[str, str] = {}
    if url.username is not None:
        pair = f"{urllib.parse.unquote(url.username)}:{urllib.parse.unquote(url.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return _Proxy(url.hostname, url.port or 80, headers)


def _refusal(answer: _Answer) -> SendError:
    status = answer.status
    try:
        problem = msgspec.json.decode(answer.body, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        text = " ".join(answer.body.decode("utf-8", "replace").split())[:200]
        problem = Problem(
            error=f"http_{status}", message=f"the server answered {status}: {text or '(nothing)'}"
        )
    cause: Cause
    if status >= 500 or status in _AGAIN:
        # 501 says that a server knows no such feature: no retry will teach it.
        cause = "refused" if status == 501 else "retry"
    elif status == 409 and problem.error == "position_gap" and problem.next is not None:
        cause = "gap"
    elif status == 404 and problem.error == "unknown_run":
        cause = "unknown_run"
    elif status in {400, 413, 422}:
        cause = "content"
    else:
        cause = "refused"
    return SendError(cause, problem, status=status, retry_after=_retry_after(answer.retry_after))


def _retry_after(text: str | None) -> float | None:
    """Seconds to wait. A date counts from now by this machine's clock, and is capped."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            date = parsedate_to_datetime(text).replace(tzinfo=dt.UTC)
        except ValueError:
            return None
        seconds = (date - dt.datetime.now(dt.UTC)).total_seconds()
    return min(max(seconds, 0.0), _MOST_RETRY_AFTER_S) if seconds == seconds else None


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed before an answer came"
    if isinstance(error, http.client.IncompleteRead):
        return "the answer was cut off"
    return str(error) or type(error).__name__


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _version() -> str:
    try:
        return metadata.version("kiseki")
    except metadata.PackageNotFoundError:
        return "0"
