"""Settings of the SDK: one typed object, and where the key comes from.

An argument of ``kiseki.init`` wins over ``init(settings=…)``, which wins over the environment
variable ``KISEKI_<NAME>``, which wins over the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import msgspec

from kiseki.errors import SettingError

_LISTS = frozenset({"tags", "redact_keys"})

Mode = Literal["online", "offline", "disabled"]


class Settings(msgspec.Struct, kw_only=True, frozen=True):
    """What can be set. Each field is also an environment variable, ``KISEKI_`` and its name."""

    base_url: str = "http://127.0.0.1:8080"
    """Address of the server."""
    api_key: str | None = None
    """The key; otherwise from the credentials file, or the one of a server on this machine."""
    entity: str | None = None
    """User or team that owns the project; otherwise the default one of the key's owner."""
    project: str | None = None
    """Project of the run; otherwise "uncategorized"."""
    mode: Mode = "online"
    """"offline" keeps everything on disk for ``kiseki sync``; "disabled" keeps nothing."""
    dir: str | None = None
    """Folder in which ``kiseki-runs`` is made; otherwise the working directory."""
    run_id: str | None = None
    """Id of the run; otherwise a new one."""
    run_group: str | None = None
    """Group of the run."""
    job_type: str | None = None
    """Kind of work within the group, e.g. "train" or "eval"."""
    name: str | None = None
    """Display name of the run; otherwise the server makes one."""
    notes: str | None = None
    """A longer description."""
    tags: list[str] | None = None
    """Tags; in the environment separated by commas."""
    label: str | None = None
    """Name of this process where several log to one run."""
    silent: bool = False
    """Print nothing."""
    console: Literal["wrap", "off"] = "wrap"
    """Whether lines written to standard output and error are kept with the run."""
    system_metrics: bool = True
    """Whether CPU, memory, disk, network and GPUs are sampled."""
    system_interval: float = 10.0
    """Seconds between two samples."""
    environment: bool = True
    """Whether git, packages and hardware are recorded."""
    finish_timeout: float = 15.0
    """Seconds that ``finish`` waits for the server to have everything."""
    retry_timeout: float = 2.0
    """The same while the server cannot be reached."""
    upload_deadline: float = 86_400.0
    """Seconds that the uploader goes on trying after the end of the program."""
    segment_bytes: int = 8 << 20
    """Size of the journal's files, reserved on disk."""
    fsync: bool = False
    """Wait for the disk at each call of ``log``; protects against power loss, too."""
    trace: bool = True
    """Whether calls of ops are recorded while there is a run."""
    trace_content: bool = True
    """Whether inputs, outputs and messages of errors of calls are kept."""
    trace_code: bool = True
    """Whether the code of ops is kept."""
    autopatch: bool = True
    """Whether calls of known libraries (openai, anthropic, …) are recorded by themselves."""
    redact_keys: list[str] | None = None
    """Keys whose values are taken out of calls, beside the usual names of secrets; in the
    environment separated by commas."""
    allow_val_change: bool = False
    """Whether a key of the config may get another value without being asked for it."""

    def __post_init__(self) -> None:
        scheme, separator, rest = self.base_url.partition("://")
        if not separator or scheme not in ("http", "https") or not rest.strip("/"):
            raise ValueError(
                f"base_url is an address such as http://127.0.0.1:8080, not {self.base_url!r}"
            )

    def __repr__(self) -> str:
        """Without the key."""
        fields = ((name, getattr(self, name)) for name in self.__struct_fields__)
        shown = (f"{name}={value!r}" for name, value in fields if name != "api_key")
        return f"Settings({', '.join(shown)})"

    def chosen(self) -> dict[str, Any]:
        """The fields that differ from their defaults."""
        default = Settings()
        return {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) != getattr(default, name)
        }


def load_settings(
    given: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Settings from the environment, overridden by those in ``given`` that are not ``None``.

    Raises:
        SettingError: A setting is unknown or its value makes no sense.
    """
    environ = os.environ if environ is None else environ
    fields = Settings.__struct_fields__
    found: dict[str, Any] = {}
    source: dict[str, str] = {}
    for name in fields:
        variable = f"KISEKI_{name.upper()}"
        if text := environ.get(variable):
            found[name] = [t.strip() for t in text.split(",")] if name in _LISTS else text
            source[name] = variable
    for name, value in (given or {}).items():
        if name not in fields:
            raise SettingError(f"There is no setting {name!r}", hint=_did_you_mean(name, fields))
        if value is not None:
            found[name] = list(cast("list[str]", value)) if isinstance(value, tuple) else value
            source[name] = f"the setting {name}"
    if "base_url" in found and isinstance(found["base_url"], str):
        found["base_url"] = found["base_url"].rstrip("/")
    try:
        return msgspec.convert(found, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(_explained(str(error), found, source)) from None


def base_url() -> str:
    """Address of the server, as the environment says."""
    return load_settings().base_url


def api_key(base_url: str, given: str | None = None) -> str | None:
    """The key for a server: given, ``KISEKI_API_KEY``, credentials file, or a local server's."""
    if key := given or os.environ.get("KISEKI_API_KEY"):
        return key.strip()
    if key := read_credentials().get(base_url.rstrip("/")):
        return key
    if is_loopback(base_url):
        data = Path(os.environ.get("KISEKI_DATA_DIR") or Path.home() / ".kiseki")
        try:
            return (data.expanduser() / "admin.key").read_text().strip() or None
        except OSError:
            return None
    return None


def credentials_path() -> Path:
    """Where ``kiseki login`` keeps keys."""
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "kiseki" / "credentials.json"


def read_credentials() -> dict[str, str]:
    """Keys by server address; empty where there is no readable file.

    Raises:
        SettingError: The file is there and makes no sense.
    """
    path = credentials_path()
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    try:
        return msgspec.json.decode(content, type=dict[str, str])
    except msgspec.DecodeError as error:
        raise SettingError(
            f"{path} cannot be read: {error}", hint="remove the file and run kiseki login again"
        ) from None


def store_credentials(base_url: str, key: str | None) -> Path:
    """Keep the key for a server in the credentials file; ``None`` removes it."""
    keys = read_credentials()
    if key is None:
        keys.pop(base_url.rstrip("/"), None)
    else:
        keys[base_url.rstrip("/")] = key
    path = credentials_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(msgspec.json.format(msgspec.json.encode(keys)) + b"\n")
    temporary.replace(path)
    return path


def is_loopback(base_url: str) -> bool:
    """Whether the address is one of this machine's own."""
    authority = base_url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0] == "::1"
    host = authority.partition(":")[0]
    octets = host.split(".")
    return host == "localhost" or (
        octets[0] == "127" and len(octets) == 4 and all(o.isdecimal() for o in octets)
    )


def _explained(message: str, found: Mapping[str, Any], source: Mapping[str, str]) -> str:
    what, _, path = message.partition(" - at `$.")
    name = path.partition("`")[0].partition("[")[0]
    if name not in found or name == "api_key":
        return message
    return f"{source[name]} is {found[name]!r}: {what[:1].lower()}{what[1:]}"


def _did_you_mean(name: str, fields: tuple[str, ...]) -> str:
    import difflib

    close = difflib.get_close_matches(name, fields, n=1)
    return f"did you mean {close[0]!r}?" if close else f"settings are {', '.join(fields)}"
