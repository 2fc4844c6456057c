"""Every setting of the server, with its default and what it is for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiseki_server.kit.errors import BadRequest

PREFIX = "KISEKI_"


def _setting(default: Any, sentence: str, choices: tuple[str, ...] = ()) -> Any:
    return dataclasses.field(default=default, metadata={"help": sentence, "choices": choices})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this server runs. Options win over the environment, the environment over defaults."""

    host: str = _setting(
        "127.0.0.1", "Address to listen on; the default lets in this machine alone."
    )
    port: int = _setting(8080, "Port to listen on; 0 takes a free one.")
    data_dir: Path = _setting(  # noqa: RUF009
        Path("~/.kiseki"), "Folder of the embedded stores and of the keys."
    )
    base_url: str | None = _setting(
        None, "Address under which people reach the server, when it is not http://HOST:PORT."
    )
    allowed_hosts: str | None = _setting(
        None,
        "Further host names, separated by commas, that a browser may use for this server; "
        "checked when given, and always on a loopback address.",
    )
    database_url: str | None = _setting(
        None, "postgresql://… for accounts, projects and runs, instead of SQLite in the data dir."
    )
    clickhouse_url: str | None = _setting(
        None, "clickhouse://… for metrics and search, instead of the engine in the data dir."
    )
    blob_url: str | None = _setting(
        None, "s3://bucket/prefix for files, instead of a folder in the data dir."
    )
    secret_key: str | None = _setting(
        None,
        "At least 64 hexadecimal digits under which keys are hashed, the same for all servers of "
        "one database; made in the data dir when not given.",
    )
    outbound_hosts: str | None = _setting(
        None,
        "Host names, addresses and networks, separated by commas, that the server may call for "
        "models although they are not on the public internet.",
    )
    durability: str = _setting(
        "process",
        "What acknowledged data survives: `process` the death of the server, `power` that of the "
        "machine too, at some cost of speed.",
        ("process", "power"),
    )
    engine_memory_mb: int = _setting(
        700, "Most memory in MiB that the embedded columnar engine may take."
    )
    commit_interval_ms: int = _setting(
        100, "How long arriving points wait for others, to be stored together."
    )
    commit_points: int = _setting(
        100_000, "Number of waiting points that are stored without waiting longer."
    )
    heartbeat_timeout_s: int = _setting(300, "Silence after which a running run counts as crashed.")
    body_limit_mb: int = _setting(16, "Largest request body in MiB, as sent.")
    decoded_limit_mb: int = _setting(64, "Largest request body in MiB, after decompression.")
    file_limit_mb: int = _setting(10_240, "Largest single uploaded file in MiB.")
    session_days: int = _setting(30, "How long a browser stays signed in.")
    threads: int = _setting(32, "How many requests may work at the same time.")
    shutdown_s: int = _setting(10, "How long open requests may take to finish at shutdown.")
    log_level: str = _setting(
        "info", "How much the server tells.", ("debug", "info", "warning", "error")
    )
    log_format: str = _setting(
        "auto",
        "`text` for people, `json` for machines, `auto` by whether the output is a terminal.",
        ("auto", "text", "json"),
    )

    @classmethod
    def load(cls, options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
        """Settings from command-line options (``None``: not given) and the environment.

        Raises:
            BadRequest: A value is no value of its setting; the message names both.
        """
        values: dict[str, Any] = {}
        for option in describe():
            given: Any = options.get(option.name)
            source = option.flag
            if given is None:
                given, source = environment.get(option.variable) or None, option.variable
            if given is not None:
                values[option.name] = option.parse(given, source)
        settings = cls(**values)
        return dataclasses.replace(settings, data_dir=settings.data_dir.expanduser().absolute())

    @property
    def loopback(self) -> bool:
        """Only this machine can reach the server."""
        return self.host in {"127.0.0.1", "::1", "localhost"} or self.host.startswith("127.")


@dataclass(frozen=True, slots=True)
class Option:
    """One setting, as the command line and the documentation show it."""

    name: str
    type: type
    default: Any
    help: str
    choices: tuple[str, ...]

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    def parse(self, text: Any, source: str) -> Any:
        """The setting's value from text, or a value that already has the type."""
        if self.choices and text not in self.choices:
            raise BadRequest(f"{source} must be one of {', '.join(self.choices)}, not `{text}`")
        if self.type is not int:
            return self.type(text)
        try:
            number = int(text)
        except ValueError:
            raise BadRequest(f"{source} must be a whole number, not `{text}`") from None
        least, most = (0, 65535) if self.name == "port" else (1, 2**31)
        if not least <= number <= most:
            raise BadRequest(f"{source} must lie between {least} and {most}, not {number}")
        return number


def describe() -> Iterator[Option]:
    """All settings in the order in which they are explained."""
    hints = {"int": int, "Path": Path}
    for field in dataclasses.fields(Settings):
        kind = field.type if isinstance(field.type, type) else hints.get(str(field.type), str)
        yield Option(
            field.name, kind, field.default, field.metadata["help"], field.metadata["choices"]
        )
