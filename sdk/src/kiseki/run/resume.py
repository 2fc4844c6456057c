"""Going on with an earlier run: which one, and where it stood.

The folders on this machine are looked through first; then the server is asked, as the only time
that the trainer's own process speaks to it, because the user wants to go on with what is there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import cache
from math import inf, nan
from pathlib import Path
from typing import Any, cast

import msgspec

from kiseki._transport.journal import JournalReader
from kiseki.errors import JournalCorruptError, SettingError, UsageError
from kiseki.run.directory import Identity
from kiseki.settings import Settings
from kiseki.wire import records

_TIMEOUT_S = 5.0
_MOST_KEYS = 1000
_KEYS_A_REQUEST = 50


@dataclass
class Earlier:
    """Where the run stood."""

    run: str
    """Its id; empty for a new one."""
    step: int = 0
    """The step to go on with."""
    config: dict[str, Any] = field(default_factory=dict[str, Any])
    summary: dict[str, Any] = field(default_factory=dict[str, Any])
    exists: bool = False
    ended: bool = False


def resumed(settings: Settings, identity: Identity, resume: object, key: str | None) -> Earlier:
    """What ``init(resume=…)`` goes on with.

    Raises:
        UsageError: The run must exist and does not, or the other way round, or nobody can tell.
    """
    if resume is True:
        resume = "allow" if identity.run else "auto"
    if resume in (None, False) or (resume == "allow" and not identity.run):
        return Earlier(identity.run)
    if resume not in ("allow", "must", "never", "auto"):
        raise SettingError(f"resume is 'allow', 'must', 'never' or 'auto', not {resume!r}")
    if resume == "auto":
        return _last_unfinished(settings, identity)
    if not identity.run:
        raise SettingError(f"resume={resume!r} needs the run's id", hint="give init(id=…)")
    earlier = _on_this_machine(settings, identity)
    if settings.mode == "online":
        try:
            told = _on_the_server(settings, identity, key)
        except OSError as error:
            if resume != "allow" and not earlier.exists:
                raise UsageError(
                    f"resume={resume!r}: {settings.base_url} cannot be asked for run "
                    f"{identity.run}: {error}"
                ) from None
            if not earlier.exists and not settings.silent:
                print(
                    f"kiseki: {settings.base_url} cannot be asked for run {identity.run} "
                    f"({error}); steps begin at 0",
                    file=sys.stderr,
                )
        else:
            earlier = _together(earlier, told)
    if resume == "must" and not earlier.exists:
        raise UsageError(f"resume='must': there is no run {identity.run} in {identity.project}")
    if resume == "never" and earlier.exists:
        raise UsageError(f"resume='never': there is a run {identity.run} in {identity.project}")
    return earlier


def _together(local: Earlier, remote: Earlier) -> Earlier:
    ahead, behind = (local, remote) if local.step > remote.step else (remote, local)
    return Earlier(
        ahead.run,
        ahead.step,
        {**behind.config, **ahead.config},
        {**behind.summary, **ahead.summary},
        local.exists or remote.exists,
    )


def _folders(settings: Settings) -> list[Path]:
    """Each run's ``run.json``, in the order in which they were begun."""
    parent = Path(settings.dir or ".").expanduser() / "kiseki-runs"
    return sorted(parent.glob("*/run.json"), key=lambda file: file.stat().st_mtime_ns)


def _last_unfinished(settings: Settings, identity: Identity) -> Earlier:
    for file in reversed(_folders(settings)):
        info = _info_of(file)
        if info.get("project") == identity.project:
            run = str(info.get("run", ""))
            earlier = _on_this_machine(settings, msgspec.structs.replace(identity, run=run))
            return Earlier(identity.run) if earlier.ended else earlier
    return Earlier(identity.run)


def _on_this_machine(settings: Settings, identity: Identity) -> Earlier:
    earlier = Earlier(identity.run)
    for file in _folders(settings):
        info = _info_of(file)
        if (info.get("run"), info.get("project")) != (identity.run, identity.project):
            continue
        if None not in (info.get("entity"), identity.entity) and info["entity"] != identity.entity:
            continue
        earlier.exists = True
        earlier.ended = False
        with JournalReader(file.parent / "journal") as reader:
            try:
                while found := reader.read():
                    for record in found:
                        _apply(earlier, record)
            except JournalCorruptError:
                continue
    return earlier


@cache
def _decoder() -> msgspec.msgpack.Decoder[records.Record]:
    return msgspec.msgpack.Decoder(records.Record)


def _apply(earlier: Earlier, payload: bytes) -> None:
    try:
        record = _decoder().decode(payload)
    except msgspec.ValidationError:
        return  # of a kind that this version does not know
    if isinstance(record, records.History):
        earlier.step = max(earlier.step, record.step + 1)
        earlier.summary.update(record.values)
    elif isinstance(record, records.Exit):
        earlier.ended = record.code == 0
    elif isinstance(record, (records.Config, records.Summary)):
        target = earlier.config if isinstance(record, records.Config) else earlier.summary
        target.update(record.values)
        for name in record.removed:
            target.pop(name, None)


def _info_of(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return {}


def _on_the_server(settings: Settings, identity: Identity, key: str | None) -> Earlier:
    """Raises `OSError` where the server cannot be asked."""
    from urllib.parse import quote, urlencode

    server = _Server(settings.base_url, key)
    entity = identity.entity
    if entity is None:
        session = server.get("/session") or {}
        entity = str(session.get("default_entity") or "-")
    names = (quote(name, "") for name in (entity, identity.project, identity.run))
    path = "/projects/{}/{}/runs/{}".format(*names)
    run = server.get(path)
    if run is None:
        return Earlier(identity.run)
    keys = server.get(f"{path}/keys?stream=history&limit={_MOST_KEYS}") or {}
    names = [item["key"] for item in keys.get("items", ())]
    last = -1
    for begin in range(0, len(names), _KEYS_A_REQUEST):
        query = urlencode([("stream", "history"), *(("key", n) for n in names[begin:][:50])])
        stats = server.get(f"{path}/stats?{query}") or {}
        last = max([last, *(int(s["last_step"]) for s in stats.get("items", ()))])
    config, summary = with_numbers(run.get("config", {})), with_numbers(run.get("summary", {}))
    return Earlier(identity.run, last + 1, dict(config), dict(summary), True)


_NUMBERS = {"NaN": nan, "Infinity": inf, "-Infinity": -inf}


def with_numbers(value: Any) -> Any:
    """The server's JSON with the numbers that JSON has no form for."""
    if isinstance(value, dict):
        return {k: with_numbers(v) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [with_numbers(item) for item in cast("list[Any]", value)]
    return _NUMBERS.get(value, value) if isinstance(value, str) else value


class _Server:
    def __init__(self, base_url: str, key: str | None) -> None:
        self._base_url = base_url
        self._key = key

    def get(self, path: str) -> dict[str, Any] | None:
        """The answer; ``None`` for what does not exist."""
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        request = Request(f"{self._base_url}/api/v1{path}")  # noqa: S310 - http(s), by the settings
        if self._key is not None:
            request.add_header("Authorization", f"Bearer {self._key}")
        try:
            with urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                return msgspec.json.decode(answer.read(), type=dict[str, Any])
        except HTTPError as error:
            with error:
                if error.code == 404:
                    return None
                raise OSError(f"it answered {error.code}") from None
        except msgspec.DecodeError:
            raise OSError("its answer is no JSON") from None
