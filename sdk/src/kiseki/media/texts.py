"""Media whose files are texts: pages, scenes, molecules, figures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, cast

from kiseki.errors import FileError, ValueRangeError, ValueTypeError
from kiseki.media.value import (
    FileMedia,
    Json,
    Keeper,
    as_array,
    captions,
    existing,
    module_of,
    needed,
)
from kiseki.run.values import plain

_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_BASE = '<base target="_blank">'
_SUFFIXES_3D = ("pts.json", "obj", "gltf", "glb", "babylon", "stl")
_MOST_POINTS = 300_000


class Html(FileMedia):
    """A page, shown in a frame of its own that cannot reach anything else.

    Args:
        data: HTML; the path of a file that ends in ``.html``; or an open file.
        inject: Whether its links open in a new tab.
        data_is_not_path: Whether ``data`` is HTML even if there is a file of that name.

    Raises:
        FileError: There is no such file.
    """

    TYPE = "html-file"
    FOLDER = "media/html"

    def __init__(
        self,
        data: str | PathLike[str] | Any,
        inject: bool = True,
        data_is_not_path: bool = False,
    ) -> None:
        if isinstance(data, PathLike) or (
            isinstance(data, str) and not data_is_not_path and _names_page(data)
        ):
            text = existing(cast("str", data), "Html").read_text("utf-8", "replace")
        elif isinstance(data, str):
            text = data
        else:
            text = _read(data, "Html")
        if inject:
            found = _HEAD.search(text)
            at = found.end() if found else 0
            text = f"{text[:at]}{_BASE}{text[at:]}"
        super().__init__(text.encode("utf-8", "replace"), ".html", None)

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        pages = [item.logged(keeper) for item in items]
        return {"_type": "html", "count": len(items), "html": pages}


class Object3D(FileMedia):
    """A scene or a cloud of points.

    Args:
        data_or_path: A file (.obj, .gltf, .glb, .babylon, .stl, .pts.json); an array of
            (points, 3, 4 or 6): x, y, z, and a category or red, green and blue; a dict with
            ``type``, ``points``, ``boxes`` and ``vectors``; or an open file with its
            ``file_type``.
        caption: A line below it.
        file_type: What an open file is: "obj", "gltf" … .

    Raises:
        ValueTypeError: This is no scene.
        FileError: There is no such file, or it is of no known kind.
    """

    TYPE = "object3D-file"
    FOLDER = "media/object3D"

    def __init__(
        self,
        data_or_path: str | PathLike[str] | Mapping[str, Any] | Any,
        caption: str | None = None,
        file_type: str | None = None,
    ) -> None:
        content: bytes | Path
        kind = "pts.json"
        if isinstance(data_or_path, (str, PathLike)):
            content = existing(cast("str | PathLike[str]", data_or_path), "Object3D")
            kind = _suffix_of(content.name, _SUFFIXES_3D, "Object3D")
        elif isinstance(data_or_path, Mapping):
            content = _json(_scene(cast("Mapping[str, Any]", data_or_path)))
        elif callable(getattr(data_or_path, "read", None)):
            kind = _suffix_of(f".{file_type or ''}", _SUFFIXES_3D, "Object3D(file_type=…)")
            content = _read(data_or_path, "Object3D").encode()
        else:
            content = _json(_points(data_or_path, "Object3D"))
        super().__init__(content, f".{kind}", caption)

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        objects = [item.logged(keeper) for item in items]
        names = [str(one["path"]).removeprefix(f"{cls.FOLDER}/") for one in objects]
        return {
            "_type": "object3D",
            "filenames": names,
            "count": len(items),
            "objects": objects,
            **captions(items),
        }


class Molecule(FileMedia):
    """A molecule.

    Args:
        data_or_path: A file of one of the kinds in ``FILES``, or an open file with its
            ``file_type``.
        caption: A line below it.
        file_type: What an open file is: "pdb", "sdf" … .

    Raises:
        FileError: There is no such file, or it is of no known kind.
    """

    TYPE = "molecule-file"
    FOLDER = "media/molecule"
    FILES: ClassVar[tuple[str, ...]] = (
        *("pdb", "pqr", "mmcif", "mcif", "cif", "sdf", "sd", "gro", "mol2", "mmtf"),
    )

    def __init__(
        self,
        data_or_path: str | PathLike[str] | Any,
        caption: str | None = None,
        file_type: str | None = None,
    ) -> None:
        content: bytes | Path
        if isinstance(data_or_path, (str, PathLike)):
            content = existing(cast("str | PathLike[str]", data_or_path), "Molecule")
            kind = _suffix_of(content.name, self.FILES, "Molecule")
        else:
            kind = _suffix_of(f".{file_type or ''}", self.FILES, "Molecule(file_type=…)")
            content = _read(data_or_path, "Molecule").encode()
        super().__init__(content, f".{kind}", caption)

    @classmethod
    def from_smiles(
        cls, data: str, caption: str | None = None, *, sanitize: bool = True
    ) -> Molecule:
        """A molecule from its SMILES; needs RDKit."""
        chem: Any = needed("rdkit.Chem", "Molecule.from_smiles", "rdkit")
        found = chem.MolFromSmiles(data, sanitize=sanitize)
        if found is None:
            raise ValueRangeError(f"{data!r} is no SMILES")
        return cls.from_rdkit(found, caption or data)

    @classmethod
    def from_rdkit(cls, data_or_path: Any, caption: str | None = None) -> Molecule:
        """A molecule of RDKit, placed in space if it is not yet."""
        chem: Any = needed("rdkit.Chem", "Molecule.from_rdkit", "rdkit")
        all_chem: Any = needed("rdkit.Chem.AllChem", "Molecule.from_rdkit", "rdkit")
        molecule = data_or_path
        if not molecule.GetNumConformers():
            molecule = chem.AddHs(molecule)
            all_chem.EmbedMolecule(molecule)
        made = cls.__new__(cls)
        FileMedia.__init__(made, chem.MolToPDBBlock(molecule).encode(), ".pdb", caption)
        return made

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        values = [item.logged(keeper) for item in items]
        return {
            "_type": "molecule",
            "filenames": [value["path"] for value in values],
            "count": len(items),
            **captions(items),
        }


class Plotly(FileMedia):
    """A figure of Plotly.

    Args:
        val: A Plotly figure, or the path of one that was written as JSON.

    Raises:
        ValueTypeError: This is no figure.
        FileError: There is no such file.
    """

    TYPE = "plotly-file"
    FOLDER = "media/plotly"

    def __init__(self, val: Any) -> None:
        content: bytes | Path
        if isinstance(val, (str, PathLike)):
            content = existing(cast("str | PathLike[str]", val), "Plotly")
        elif callable(getattr(val, "to_json", None)):
            content = str(val.to_json()).encode()
        else:
            raise ValueTypeError(f"Plotly takes a figure of Plotly, not {type(val).__name__}")
        super().__init__(content, ".plotly.json", None)

    @classmethod
    def logged_together(cls, items: Sequence[Any], keeper: Keeper) -> Json:
        figures = [item.logged(keeper) for item in items]
        return {"_type": "plotly", "count": len(items), "plotly": figures}


def _names_page(text: str) -> bool:
    return text.lower().endswith((".html", ".htm")) and "\n" not in text and "<" not in text


def _read(stream: Any, what: str) -> str:
    read = getattr(stream, "read", None)
    if not callable(read):
        raise ValueTypeError(f"{what}: {type(stream).__name__} is neither a path nor an open file")
    if callable(seek := getattr(stream, "seek", None)):
        seek(0)
    content = read()
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)


def _suffix_of(name: str, known: Sequence[str], what: str) -> str:
    for kind in known:
        if name.lower().endswith(f".{kind}"):
            return kind
    raise FileError(f"{what}: {name.strip('.')!r} is none of {', '.join(known)}")


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _points(data: Any, what: str) -> list[list[float]]:
    array = as_array(data, what)
    if array.ndim != 2 or array.shape[1] not in (3, 4, 6) or array.dtype.kind not in "iuf":
        raise ValueTypeError(
            f"{what}: an array of {array.dtype} and shape {tuple(array.shape)} is no cloud of "
            "points; (points, 3, 4 or 6) would be one"
        )
    if len(array) > _MOST_POINTS:
        raise ValueRangeError(
            f"{what}: {len(array):,} points are more than {_MOST_POINTS:,}",
            hint="log every n-th of them",
        )
    if array.dtype.kind == "f" and not bool((abs(array) < float("inf")).all()):
        raise ValueRangeError(f"{what}: some coordinates are no finite numbers")
    return array.tolist()


def _scene(data: Mapping[str, Any]) -> Json:
    if "type" not in data:
        raise ValueTypeError("Object3D: the dict has no 'type'", hint="use {'type': 'lidar/beta'}")
    scene: Json = {"type": str(data["type"])}
    for name in ("points", "boxes", "vectors"):
        value = data.get(name)
        if name == "points" and value is not None and module_of(value) != "builtins":
            scene[name] = _points(value, "Object3D['points']") if len(value) else []
        else:
            given: Any = [] if value is None else value
            items = given.tolist() if hasattr(given, "tolist") else given
            scene[name] = plain(list(items), f"Object3D[{name!r}]")
    return scene
