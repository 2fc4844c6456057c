"""``init``: begins a run."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable, Mapping
from importlib import import_module
from os import PathLike, fspath
from typing import Any, Literal

import msgspec

from kiseki import settings as _settings
from kiseki._transport.journal import JournalWriter
from kiseki.errors import SettingError
from kiseki.run import current
from kiseki.run.config_source import read_config, select
from kiseki.run.directory import Identity, checked_name, make_directory, random_name
from kiseki.run.environment import environment
from kiseki.run.receipt import RowCount
from kiseki.run.resume import resumed
from kiseki.run.run import Run
from kiseki.run.upload import Upload
from kiseki.run.version import __version__
from kiseki.settings import Settings, load_settings
from kiseki.wire import records

Reinit = Literal["default", "return_previous", "finish_previous", "create_new"]

_IGNORED = ("anonymous", "force", "save_code", "tensorboard")
_UNSUPPORTED = ("fork_from", "monitor_gym", "resume_from", "sync_tensorboard")
_given_key: dict[str, str] = {}


def init(
    project: str | None = None,
    *,
    entity: str | None = None,
    name: str | None = None,
    id: str | None = None,
    config: Any = None,
    config_exclude_keys: Iterable[str] | None = None,
    config_include_keys: Iterable[str] | None = None,
    allow_val_change: bool | None = None,
    tags: Iterable[str] | None = None,
    notes: str | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: Literal["online", "offline", "disabled"] | None = None,
    dir: str | PathLike[str] | None = None,
    resume: bool | Literal["allow", "must", "never", "auto"] | None = None,
    reinit: bool | Reinit | None = None,
    label: str | None = None,
    api_key: str | None = None,
    base_url: str | None = None,
    settings: Settings | Mapping[str, Any] | None = None,
    **more: Any,
) -> Run:
    """Begin a run. Nothing is waited for: the server is spoken to by another process.

    Args:
        project: Project of the run, or "entity/project"; made by the server when it is new.
        entity: User or team that owns the project.
        name: Display name.
        id: Id of the run, unique in the project. Give the id of an earlier run to go on with it,
            or the same id in several processes (each with a ``label``) to log to one run.
        config: A dict, an ``argparse`` namespace, a dataclass, or the path of a YAML or JSON file.
        config_exclude_keys: Keys of ``config`` to leave out.
        config_include_keys: The only keys of ``config`` to keep.
        allow_val_change: Whether keys of the config may get other values later.
        tags: Tags.
        notes: A longer description.
        group: Group of runs.
        job_type: Kind of work within the group.
        mode: "online"; "offline": send later by ``kiseki sync``; "disabled": keep nothing.
        dir: Folder in which ``kiseki-runs`` is made.
        resume: Go on with the run ``id`` after its last step, which the server is asked for.
            "must": it has to exist; "never": it must not; "auto": take the id of this
            folder's last run of the project if that did not end by itself.
        reinit: What happens to an unfinished run of this process: "finish_previous",
            "return_previous" (the default) or "create_new" beside it. ``True``: finish it.
        label: Name of this process where several log to one run.
        api_key: The key, if it is not in the environment or stored by ``kiseki login``.
        base_url: Address of the server.
        settings: Further settings.

    Raises:
        SettingError: An argument makes no sense.
    """
    _check(more)
    again = _checked_reinit(reinit)
    if again == "return_previous" and (previous := current.active()) is not None:
        return previous
    if again == "finish_previous":
        for run in reversed(current.unfinished()):
            run.finish()
    if isinstance(tags, str):
        tags = [tags]
    chosen: dict[str, Any] = settings.chosen() if isinstance(settings, Settings) else {}
    if settings is not None and not isinstance(settings, Settings):
        chosen = dict(settings)
    if project is not None and project.count("/") == 1:
        owner, project = project.split("/")
        if entity not in (None, owner):
            raise SettingError(f"init names two entities, {owner!r} and {entity!r}")
        entity = owner
    arguments = {
        "project": project,
        "entity": entity,
        "name": name,
        "run_id": id,
        "allow_val_change": allow_val_change,
        "tags": list(tags) if tags is not None else None,
        "notes": notes,
        "run_group": group,
        "job_type": job_type,
        "mode": mode,
        "dir": fspath(dir) if dir is not None else None,
        "label": label,
        "api_key": api_key,
        "base_url": base_url,
    }
    found = load_settings({**chosen, **{k: v for k, v in arguments.items() if v is not None}})
    values = select(read_config(config), config_include_keys, config_exclude_keys)
    run = begin(found, resume)
    current.remember(run, as_current=again != "create_new" or current.active() is None)
    if found.trace and found.autopatch and not run.disabled:
        patching: Any = import_module("kiseki.tracing.integrations")
        patching.install()
    run.config.update(values, allow_val_change=True)
    return run


def login(key: str | None = None, host: str | None = None, **_: Any) -> bool:
    """Take ``key`` for the runs of this process; tells whether there is a key for the server."""
    address = (host or load_settings().base_url).rstrip("/")
    if key is not None:
        _given_key[address] = key
    return key_for(address, None) is not None


def begin(settings: Settings, resume: object = None) -> Run:
    """Begin a run that nobody has been told of yet; for the parts of the SDK."""
    identity = Identity(
        entity=checked_name("the entity", settings.entity) if settings.entity else None,
        project=checked_name("the project", settings.project or "uncategorized"),
        run=checked_name("the run's id", settings.run_id) if settings.run_id else "",
        writer=random_name(10),
        label=settings.label,
    )
    if settings.mode == "disabled":
        return Run(_named(identity), settings, _Nowhere())
    key = key_for(settings.base_url, settings.api_key)
    earlier = resumed(settings, identity, resume, key)
    identity = _named(msgspec.structs.replace(identity, run=earlier.run))
    directory = make_directory(settings, identity)
    upload = Upload(directory, settings, key)
    rows = RowCount()

    def rolled_over() -> None:
        rows.mark(journal.next)
        upload.ensure()

    journal = JournalWriter(
        directory / "journal",
        segment_bytes=settings.segment_bytes,
        fsync=settings.fsync,
        rolled_over=rolled_over,
    )
    journal.append(msgspec.msgpack.encode(_start(settings)))
    upload.start()
    run = Run(
        identity,
        settings,
        journal,
        directory=directory,
        upload=upload,
        rows=rows,
        first_step=earlier.step,
        config=earlier.config,
        logged=earlier.summary,
    )
    if not settings.silent:
        _greet(run, key)
    if settings.console != "off":
        run.capture_console()
    return run


def _named(identity: Identity) -> Identity:
    return identity if identity.run else msgspec.structs.replace(identity, run=random_name(8))


def _start(settings: Settings) -> records.Start:
    return records.Start(
        version=records.VERSION,
        time=time.time(),
        display_name=settings.name,
        group=settings.run_group,
        job_type=settings.job_type,
        tags=settings.tags,
        notes=settings.notes,
        label=settings.label,
        environment=environment(__version__),
    )


def _greet(run: Run, key: str | None) -> None:
    settings = run.settings
    if run.offline:
        where = f"run {run.id} of project {run.project}, offline"
    else:
        where = f"run {run.id}: {run.url}"
    print(f"kiseki: {where}\nkiseki: journal in {run.dir}", file=sys.stderr)
    if key is None and not run.offline:
        print(
            f"kiseki: there is no key for {settings.base_url}; nothing is lost, but nothing is "
            "sent before you run: kiseki login",
            file=sys.stderr,
        )


def key_for(base_url: str, given: str | None) -> str | None:
    """The key that was given, or the one that `login` or the environment knows."""
    return _settings.api_key(base_url, given or _given_key.get(base_url))


def _checked_reinit(reinit: object) -> str:
    if reinit in (None, False, "default"):
        # A cell that is run again means another run; a script that calls init twice does not.
        return "finish_previous" if "ipykernel" in sys.modules else "return_previous"
    if reinit is True:
        return "finish_previous"
    if reinit not in ("return_previous", "finish_previous", "create_new"):
        raise SettingError(
            f"reinit is 'finish_previous', 'return_previous' or 'create_new', not {reinit!r}"
        )
    return str(reinit)


def _check(more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if name in _UNSUPPORTED:
            if value:
                raise SettingError(f"init({name}=…) is not supported")
        elif name not in _IGNORED:
            raise TypeError(f"init() got an unexpected keyword argument {name!r}")


class _Nowhere:
    """The journal of a disabled run."""

    next = 0

    def __init__(self) -> None:
        self.lock = threading.RLock()

    def append(self, payload: bytes, *, last: bool = False) -> int:
        return 0

    def append_locked(self, payload: bytes) -> int:
        return 0

    def close(self) -> None:
        pass
