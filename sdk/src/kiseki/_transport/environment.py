"""Facts about where a run was started that take longer than `init` may."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import urllib.parse
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from kiseki._transport.cgroups import Cgroup
from kiseki._transport.nvidia import Nvidia
from kiseki.wire.records import Environment

log = logging.getLogger("kiseki.uploader")

_GIT_TIMEOUT_S = 5.0
_SCP_STYLE = re.compile(r"(?P<user>[^@/:]+)@(?P<rest>[^/:]+:.*)\Z")


def complete(environment: Environment, pid: int) -> Environment:
    """Add to what the trainer said of itself; what it said stands."""
    found = Environment()
    directory = environment.directory or os.getcwd()
    if environment.program and (Path(directory) / environment.program).is_file():
        directory = str((Path(directory) / environment.program).resolve().parent)
    if environment.git_commit is None:
        found.git_commit = _git(directory, "rev-parse", "--verify", "HEAD")
    if environment.git_remote is None and (remote := _remote(directory)):
        found.git_remote = without_credentials(remote)
    if not environment.packages:
        found.packages = _packages()
    found.cpu_count_logical = os.cpu_count()
    found.memory_bytes = _memory()
    limit = Cgroup(pid).memory()
    if limit is not None:
        found.memory_bytes = min(limit.limit, found.memory_bytes or limit.limit)
    found.cpu_count = _physical_cpus() or found.cpu_count_logical
    if not environment.gpus:
        found.gpus = _gpus()
    return _over(found, environment)


def without_credentials(url: str) -> str:
    """A remote's address without user name, password, token or query."""
    if "://" in url:
        parts = urllib.parse.urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        if parts.scheme == "ssh" and (user := parts.username):
            host = f"{user}@{host}"
        return urllib.parse.urlunsplit((parts.scheme, host, parts.path, "", ""))
    return url if _SCP_STYLE.match(url) or "@" not in url else url.rpartition("@")[2]


def _over(found: Environment, given: Environment) -> Environment:
    """What was given, and what was found where nothing was given."""
    said = {
        name: value
        for name, value in msgspec.structs.asdict(given).items()
        if value not in (None, [], {})
    }
    return msgspec.structs.replace(found, **said)


def _remote(directory: str) -> str | None:
    origin = _git(directory, "remote", "get-url", "origin")
    if origin is not None:
        return origin
    names = (_git(directory, "remote") or "").split()
    return _git(directory, "remote", "get-url", names[0]) if names else None


def _git(directory: str, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", directory, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"},
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("git: %s", error)
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def _packages() -> dict[str, str]:
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        try:
            name, version = distribution.metadata["Name"], distribution.version
        except (KeyError, OSError, TypeError, ValueError):
            continue
        if name and version:
            # The first on the path is the one that an import finds.
            found.setdefault(name, version)
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def _physical_cpus() -> int | None:
    try:
        import psutil
    except ImportError:
        return None
    return psutil.cpu_count(logical=False)


def _gpus() -> list[dict[str, Any]]:
    nvidia = Nvidia.open()
    if nvidia is None:
        return []
    try:
        return nvidia.inventory()
    finally:
        nvidia.close()
