"""A run's folder on disk, from the trainer's side."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from kiseki._transport.processes import started
from kiseki.errors import SettingError, UsageError
from kiseki.settings import Settings

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_FORBIDDEN = frozenset("/\\#?%:")


def random_name(length: int) -> str:
    """Lower-case letters and digits, without touching the generator that a user may have seeded."""
    name = ""
    while len(name) < length:
        name += "".join(_ALPHABET[byte % 36] for byte in os.urandom(length) if byte < 252)
    return name[:length]


def checked_name(what: str, name: str) -> str:
    """A run's id or a project's name that can stand in an address and in a path."""
    if not name or len(name) > 128 or name != name.strip() or name in (".", ".."):
        raise SettingError(f"{what} has 1 to 128 characters and no blanks around it, not {name!r}")
    if bad := sorted(_FORBIDDEN.intersection(name)) or [c for c in name if not c.isprintable()]:
        raise SettingError(f"{what} {name!r} holds {bad[0]!r}, which cannot stand in an address")
    return name


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which run this is, and which of its writers."""

    entity: str | None
    project: str
    run: str
    writer: str
    label: str | None


def page_of(base_url: str, identity: Identity) -> str:
    """Address of a run's page, without asking the server: ``-`` is the reader's own space."""
    names = (identity.entity or "-", identity.project, "runs", identity.run)
    return "/".join((base_url, *(quote(name, "") for name in names)))


def make_directory(settings: Settings, identity: Identity) -> Path:
    """Make the run's folder with ``run.json`` in it."""
    parent = Path(settings.dir or os.curdir).expanduser().absolute() / "kiseki-runs"
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path = parent / f"{stamp}-{identity.run}-{identity.writer}"
    try:
        path.mkdir(parents=True)
        (path / "run.json").write_bytes(_run_json(settings, identity))
    except OSError as error:
        raise UsageError(
            f"Cannot make the run's folder {path}: {error.strerror}",
            hint="name a folder that you can write to: init(dir=…) or KISEKI_DIR",
        ) from None
    return path


def read_state(path: Path) -> dict[str, Any]:
    """What the uploader says of its progress; empty before it has said something."""
    try:
        return msgspec.json.decode((path / "state.json").read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}


def _run_json(settings: Settings, identity: Identity) -> bytes:
    return msgspec.json.encode(
        {
            "version": 1,
            **msgspec.structs.asdict(identity),
            "base_url": settings.base_url,
            "mode": settings.mode,
            "pid": os.getpid(),
            "pid_started": started(os.getpid()),
            "upload_deadline_s": settings.upload_deadline,
            "settings": {
                "system_metrics": settings.system_metrics,
                "system_interval_s": settings.system_interval,
                "environment": settings.environment,
            },
        }
    )
