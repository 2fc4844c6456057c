"""The client's filters and orders of runs: MongoDB-style JSON, `+field` and `-field`."""

from __future__ import annotations

from kiseki_server.domain.filters.tree import Field, Path
from kiseki_server.kit.errors import BadRequest
from kiseki_server.protocols.wandb.mongo import Reader

_ATTRIBUTES = {
    "name": "name",
    "displayName": "display_name",
    "display_name": "display_name",
    "state": "state",
    "group": "group",
    "jobType": "job_type",
    "job_type": "job_type",
    "tags": "tags",
    "username": "user",
    "user": "user",
    "host": "host",
    "notes": "notes",
    "description": "notes",
    "createdAt": "created_at",
    "created_at": "created_at",
    "updatedAt": "updated_at",
    "updated_at": "updated_at",
    "heartbeatAt": "heartbeat_at",
    "heartbeat_at": "heartbeat_at",
    "duration": "duration",
    "historyLineCount": "history_lines",
    "history_line_count": "history_lines",
    "sweep": "sweep",
    "sweepName": "sweep",
}
_TIMES = ("created_at", "updated_at", "heartbeat_at")


def _field(name: str) -> Field:
    """The field by the client's name.

    Raises:
        BadRequest: There is no such field of runs.
    """
    root, _, rest = name.partition(".")
    if root == "config" and rest:
        return Field(("config", *_config_path(rest)))
    if root in ("summary_metrics", "summaryMetrics", "summary") and rest:
        return Field(("summary", *rest.split(".")))
    if root == "keys_info":
        return _logged(name)
    if name in _ATTRIBUTES:
        return Field((_ATTRIBUTES[name],))
    raise BadRequest(
        f"Runs cannot be filtered or ordered by `{name[:80]}`",
        hint=f"Use {', '.join(sorted(_ATTRIBUTES))}, config.<key>, summary_metrics.<key> "
        "or keys_info.keys.<key>.",
    )


def _logged(name: str) -> Field:
    """The key of a history, of which the client may ask whether it was logged."""
    _, _, rest = name.partition(".")
    among, _, key = rest.partition(".")
    if among != "keys" or not key:
        raise BadRequest(
            f"Runs cannot be filtered or ordered by `{name[:80]}`",
            hint="Use keys_info.keys.<key> with $exists: whether a key was logged.",
        )
    return Field(("history", *key.split(".")))


def _config_path(rest: str) -> Path:
    """Keys below the config; the envelope's `value` may stand behind the first or the last."""
    parts = rest.split(".")
    if len(parts) > 1 and parts[1] == "value":
        del parts[1]
    elif len(parts) > 1 and parts[-1] == "value":
        del parts[-1]
    return tuple(parts)


_reader = Reader(
    "runs",
    _field,
    lists=frozenset({("tags",)}),
    times=frozenset((name,) for name in _TIMES),
    missing=frozenset({("sweep",)}),  # there are no sweeps: starting a run in one is refused
)
parse = _reader.parse
parse_order = _reader.parse_order
