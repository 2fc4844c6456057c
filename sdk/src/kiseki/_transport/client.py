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
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import metadata
from typing import Literal

import msgspec

from kiseki.wire.batch import CONTENT_TYPE, Acknowledgement, Problem

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 60.0
_COMPRESS_FROM = 1024
_MOST_RETRY_AFTER_S = 120.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({408, 425, 429})

Cause = Literal["retry", "gap", "unknown_run", "content", "refused"]


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


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    retry_after: str | None
    location: str | None


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
        self._headers = {
            "Content-Type": CONTENT_TYPE,
            "Accept": f"{CONTENT_TYPE}, application/json",
            "User-Agent": f"kiseki/{_version()}",
        }
        self.api_key = api_key
        self._connection: http.client.HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def ingest(self, body: bytes) -> Acknowledgement:
        """Send an encoded batch. Raises `SendError` unless it was acknowledged."""
        answer = self._request("POST", "/api/v1/ingest", body)
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
        try:
            return msgspec.msgpack.decode(answer.body, type=Acknowledgement)
        except msgspec.MsgspecError:
            raise SendError(
                "retry",
                Problem(
                    error="no_kiseki",
                    message=f"{self.base_url} does not answer as a Kiseki server does",
                ),
                status=answer.status,
            ) from None

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

    def _request(self, method: str, path: str, body: bytes) -> _Answer:
        headers = dict(self._headers)
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        if not self._loopback and len(body) >= _COMPRESS_FROM:
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
            raise SendError(
                "retry",
                Problem(error="unreachable", message=f"{self.base_url}: {_reason(error)}"),
            ) from error

    def _exchange(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> _Answer:
        connection = self._connection
        if connection is None:
            connection = self._connect()
        target = self._path + path
        if self._proxy is not None and not self._secure:
            target = f"http://{_bracketed(self._host)}:{self._port}{target}"
            headers = headers | self._proxy.headers
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        content = response.read()
        if response.will_close:
            self.close()
        return _Answer(
            status=response.status,
            body=content,
            retry_after=response.headers.get("Retry-After"),
            location=response.headers.get("Location"),
        )

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
