"""Media and tables as files of an artifact."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kiseki.errors import UsageError
from kiseki.media.table import Table
from kiseki.media.value import Json, Media

if TYPE_CHECKING:
    from kiseki.artifacts.reading import Reading

_TABLE = ".table.json"
_ENDS = (
    *("table", "image-file", "audio-file", "video-file", "html-file", "object3D-file"),
    *("molecule-file", "plotly-file", "histogram"),
)
_HASH_SIGNS = 20


class _Keeper:
    """Keeps files under names of their bytes."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.files: dict[str, bytes | Path] = {}

    def file(self, content: bytes | Path, folder: str, suffix: str) -> Json:
        data = content if isinstance(content, bytes) else content.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        path = f"{folder}/{digest[:_HASH_SIGNS]}{suffix}"
        self.files[path] = content
        return {"path": path, "sha256": digest, "size": len(data)}

    def note(self, section: str, name: str, value: Any) -> None:
        """Labels stand in the files themselves, too."""

    def table(self, path: str, kept: Iterable[str]) -> Json:
        return {}


def kept_in(obj: Media, name: str) -> dict[str, bytes | Path]:
    """The files that an added medium becomes, by their paths in the artifact."""
    path = kept_path(obj, name)
    keeper = _Keeper(name)
    if isinstance(obj, Table):
        content, _ = obj.encoded(obj.data, keeper)
    else:
        content = json.dumps(obj.logged(keeper), ensure_ascii=False).encode()
    return {**keeper.files, path: content}


def kept_path(obj: Media, name: str) -> str:
    """Where an added medium lies in the artifact."""
    end = f".{'table' if obj.TYPE == 'table-file' else obj.TYPE}.json"
    return name if name.endswith(end) else name + end


def restored(artifact: Reading, name: str) -> Any:
    """A medium that was added; ``None``: there is none of this name."""
    paths = [name, *(f"{name}.{end}.json" for end in _ENDS)]
    path = next((one for one in paths if one in artifact.entries), None)
    if path is None:
        return None
    content = json.loads(Path(_fetched(artifact, path)).read_text("utf-8"))
    if path.endswith(_TABLE) and "columns" in content:
        rows = [[_cell(artifact, cell) for cell in row] for row in content["data"]]
        return Table(columns=content["columns"], data=rows)
    return _cell(artifact, content)


def _cell(artifact: Reading, cell: Any) -> Any:
    if not isinstance(cell, dict) or "_type" not in cell:
        return cast("Any", cell)
    value = cast("Json", cell)
    kind = value["_type"]
    if kind == "histogram":
        histogram: Any = import_module("kiseki.media.histogram")
        return histogram.Histogram(np_histogram=(value["values"], value["bins"]))
    places = {
        "image-file": ("kiseki.media.image", "Image"),
        "audio-file": ("kiseki.media.audio", "Audio"),
        "video-file": ("kiseki.media.video", "Video"),
        "html-file": ("kiseki.media.texts", "Html"),
        "object3D-file": ("kiseki.media.texts", "Object3D"),
        "molecule-file": ("kiseki.media.texts", "Molecule"),
        "plotly-file": ("kiseki.media.texts", "Plotly"),
    }
    if kind not in places:
        raise UsageError(f"The artifact holds a {kind!r}, which cannot be made here")
    module, name = places[kind]
    made: Any = getattr(import_module(module), name)
    file = Path(_fetched(artifact, value["path"]))
    more: dict[str, Any] = {"inject": False} if name == "Html" else {}
    if value.get("caption") is not None:
        more["caption"] = value["caption"]
    return made(file, **more)


def _fetched(artifact: Reading, path: str) -> str:
    draft: Any = import_module("kiseki.artifacts.draft")
    return artifact.get_entry(path).download(draft.cache_dir() / "objects" / str(artifact.id))
