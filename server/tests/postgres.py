"""A private PostgreSQL for the tests, started from Debian's package when it is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

URL = "KISEKI_TEST_POSTGRES_URL"


class NoPostgres(Exception):
    """Why there is none, for the reason of a skip."""


@contextmanager
def private_postgres() -> Iterator[str]:
    """The URL of a server of our own, or of the one that KISEKI_TEST_POSTGRES_URL names."""
    if os.environ.get(URL):
        yield os.environ[URL]
        return
    tools = _tools()
    user = _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="kiseki-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user.pw_name)
        port = _free_port()
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid}
        data = folder / "data"
        subprocess.run(
            [
                tools / "initdb",
                "-D",
                data,
                "-U",
                "kiseki",
                "-A",
                "trust",
                "--no-sync",
                "-E",
                "UTF8",
            ],
            check=True,
            capture_output=True,
            cwd=folder,
            env=environment,
            **as_user,
        )
        log = (folder / "log").open("wb")
        server = subprocess.Popen(
            [
                tools / "postgres", "-D", data, "-p", str(port), "-k", str(folder),
                "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200",
            ],
            cwd=folder, env=environment, stdout=log, stderr=log, **as_user,
        )  # fmt: skip
        try:
            _wait(tools, port, server)
            yield f"postgresql://kiseki@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait(30)
            log.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tools() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise NoPostgres(f"no PostgreSQL in /usr/lib/postgresql, and {URL} is not set")
    return found[-1].parent


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL does not run as root, and there is no other user")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(tools: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    ask = [tools / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "kiseki"]
    while subprocess.run(ask, check=False).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise NoPostgres("PostgreSQL did not start")
        time.sleep(0.1)
