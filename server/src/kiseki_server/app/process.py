"""The server as a process: from settings to a clean end."""

from __future__ import annotations

import contextlib
import errno
import resource
import signal
import socket
from types import FrameType
from typing import Any

import structlog
import uvicorn

import kiseki_server
from kiseki_server.app.compose import compose
from kiseki_server.app.datadir import DataDirectory
from kiseki_server.app.first_start import ensure_administrator
from kiseki_server.app.logs import configure_logs
from kiseki_server.app.server import build_application
from kiseki_server.app.services import Services
from kiseki_server.app.settings import Settings
from kiseki_server.kit.errors import KisekiError

_log = structlog.get_logger("kiseki.server")
_WANTED_FILES = 65536


def serve(settings: Settings) -> None:
    """Serve until a signal says to stop.

    Raises:
        KisekiError: The server cannot start; the message says why and the hint what to do.
    """
    configure_logs(settings)
    raise_file_limit()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(settings))
        directory = stack.enter_context(DataDirectory(settings.data_dir))
        services = compose(settings)
        stack.callback(services.close)
        url = public_url(settings, listener)
        token = ensure_administrator(services)
        directory.announce(url)
        _Server(settings, services, greeting(settings, url, token)).run(sockets=[listener])


def listen(settings: Settings) -> socket.socket:
    """A bound socket; connections are taken once the server is ready.

    Raises:
        KisekiError: The address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise KisekiError(
            f"`{settings.host}` is no address of this machine: {error.strerror}",
            hint="use --host 127.0.0.1 for this machine alone, --host 0.0.0.0 for the network",
        ) from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        # Bound sockets share a port until one of them listens.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise KisekiError(
                f"The address {where} is in use by another process",
                hint="stop it, or start with another --port (KISEKI_PORT); 0 takes a free one",
            ) from error
        raise KisekiError(
            f"Cannot listen on {where}: {error.strerror}",
            hint="choose another --host or --port; ports below 1024 need special rights",
        ) from error
    return listener


def public_url(settings: Settings, listener: socket.socket) -> str:
    """The address to print: the configured one, or the one that the socket is bound to."""
    if settings.base_url:
        return settings.base_url.rstrip("/")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def greeting(settings: Settings, url: str, token: str | None) -> str:
    """What people read when the server is up."""
    lines = [
        f"Kiseki {kiseki_server.__version__} is ready at {url}",
        f"  data       {settings.data_dir}",
        f"  admin key  {settings.data_dir / 'admin.key'}",
    ]
    if token is not None:
        lines.append(f"  sign in    {url}/signin?token={token}  (works once, for 24 hours)")
    return "\n".join(lines)


def raise_file_limit() -> None:
    """Allow as many open files as the system lets us have; the columnar engine needs hundreds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn that ends endless answers on the first signal and says when it is ready."""

    def __init__(self, settings: Settings, services: Services, text: str) -> None:
        super().__init__(
            uvicorn.Config(
                build_application(services),
                loop="uvloop",
                http="httptools",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=settings.shutdown_s,
                backlog=2048,
            )
        )
        self._services = services
        self._text = text

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            print(self._text, flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:
            _log.info("stopping", signal=signal.Signals(sig).name)
            self._services.stop_streams()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        # uvicorn raises the captured signals again at the end, which would turn an asked-for,
        # clean end into a death by signal.
        with super().capture_signals():
            yield
            self._captured_signals.clear()
