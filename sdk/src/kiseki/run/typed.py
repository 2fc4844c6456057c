"""Values beside numbers in a row of a run: what they become, and where their files go."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import msgspec

from kiseki.errors import ValueTypeError
from kiseki.run import files
from kiseki.run.directory import random_name
from kiseki.wire import records
from kiseki.wire.artifacts import ARTIFACTS, PLAN, Plan, PlannedEntry

if TYPE_CHECKING:
    from kiseki.media.value import Json, Keeper, Media

_OWN = "kiseki.media"
_FOREIGN = frozenset({"PIL", "matplotlib", "pandas", "plotly"})
_HASH_SIGNS = 20
_LONGEST_NAME = 128
_encode_json = msgspec.json.Encoder().encode

Extra: TypeAlias = records.File | records.Remark | records.Artifact
"""Records that come before the row that needs them."""


class RunKeeper:
    """Keeps files of media in the folder of a run, beside its journal."""

    def __init__(
        self,
        key: str,
        step: int,
        folder: Path | None,
        run: str,
        *,
        fsync: bool,
        errands: list[Extra],
    ) -> None:
        self.key = key
        self._step = step
        self._folder = folder
        self._run = run
        self._fsync = fsync
        self._errands = errands

    def file(self, content: bytes | Path, folder: str, suffix: str) -> Json:
        digest, size = _facts(content)
        name = import_module("kiseki.media.value").safe_key(self.key)
        path = f"{folder}/{name}_{self._step}_{digest[:_HASH_SIGNS]}{suffix}"
        if self._folder is not None:
            target = files.place_of(self._folder, path)
            if not target.exists():
                if isinstance(content, bytes):
                    files.write(content, target, fsync=self._fsync)
                else:
                    files.snapshot(content, target)
                    digest, size = _facts(target)
            self._errands.append(records.File(path))
        return {"path": path, "sha256": digest, "size": size}

    def note(self, section: str, name: str, value: Any) -> None:
        self._errands.append(records.Remark(section, name, value))

    def table(self, path: str, kept: Iterable[str]) -> Json:
        """Log a table's file as an artifact, too, with the files that its cells name."""
        if self._folder is None:
            return {}
        id = random_name(20)
        end = ".table.json"
        name = self.key.rpartition("/")[2] + end
        collection = _as_collection(f"run-{self._run}-{self.key}")
        entries = [
            PlannedEntry(
                path=inside,
                size=files.place_of(self._folder, source).stat().st_size,
                source=f"{records.FILES}/{source}",
                keep=True,
            )
            for inside, source in {name: path, **{one: one for one in kept}}.items()
        ]
        plan = Plan(
            id=id,
            type="run_table",
            collection=collection,
            entries=entries,
            history_step=self._step,
        )
        folder = self._folder / ARTIFACTS / id
        files.write(_encode_json(plan), folder / PLAN, fsync=self._fsync)
        self._errands.append(records.Artifact(id, collection))
        return {"artifact_path": f"wandb-client-artifact://{id}/{name}"}


def _as_collection(text: str) -> str:
    """A name that an artifact can have."""
    name = "".join("_" if c in "/:\\?%" or not c.isprintable() else c for c in text)
    if len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_NAME - 9]}_{digest}"


def typed_values(
    value: Any, key: str, keeper_for: Callable[[str], Keeper]
) -> dict[str, Any] | None:
    """What the history has of a value, by key; ``None``: it is none of these.

    Raises:
        ValueTypeError: A list holds media of different kinds.
    """
    module = type(value).__module__
    if module.startswith(_OWN):
        return _own(value, key, keeper_for)
    if isinstance(value, (list, tuple)) and value:
        items = cast("Sequence[Any]", value)
        if not type(items[0]).__module__.startswith(_OWN):
            return None
        kind = cast("type[Media]", type(items[0]))
        if wrong := [item for item in items if type(item) is not kind]:
            raise ValueTypeError(
                f"{key!r} is a list of {kind.__name__} and {type(wrong[0]).__name__}; "
                "only media of one kind can be in a list"
            )
        if not hasattr(kind, "logged_together"):
            raise ValueTypeError(f"{key!r}: a list of {kind.__name__} cannot be logged")
        return {key: kind.logged_together(items, keeper_for(key))}
    if module.partition(".")[0] in _FOREIGN and (made := _made_of(value, module)) is not None:
        return {key: made.logged(keeper_for(key))}
    return None


def _own(value: Any, key: str, keeper_for: Callable[[str], Keeper]) -> dict[str, Any]:
    chart = sys.modules.get("kiseki.media.chart")
    if chart is not None and isinstance(value, chart.CustomChart):
        return value.logged(keeper_for(key), keeper_for(chart.chart_key(key)))
    return {key: value.logged(keeper_for(key))}


def _made_of(value: Any, module: str) -> Media | None:
    """A medium from a figure, a picture or a dataframe of another library."""
    kind = type(value).__name__
    package = module.partition(".")[0]
    if package == "plotly" and kind in ("Figure", "FigureWidget"):
        return import_module("kiseki.media.texts").Plotly(value)
    if package == "pandas" and kind == "DataFrame":
        return import_module("kiseki.media.table").Table(dataframe=value)
    drawn = package == "matplotlib" and (hasattr(value, "savefig") or hasattr(value, "figure"))
    if drawn or (package == "PIL" and hasattr(value, "save")):
        return import_module("kiseki.media.image").Image(value)
    return None


def _facts(content: bytes | Path) -> tuple[str, int]:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest(), len(content)
    with content.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest, stream.tell()
