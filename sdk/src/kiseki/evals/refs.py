"""``publish`` and ``ref``: versions by reference."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from kiseki.errors import NoRunError, NotFoundError, UsageError
from kiseki.evals.dataset import Dataset
from kiseki.evals.objects import Object, reference_of
from kiseki.tracing.sink import active, require
from kiseki.wire.traced import REF

if TYPE_CHECKING:
    from kiseki.run.run import Run

_REF = re.compile(
    r"(?:kiseki:///|weave:///(?P<entity>[^/]+)/(?P<project>[^/]+)/)"
    r"(?P<kind>object|op)/(?P<name>[^/:]+):(?P<version>[^/:]+)"
)
_SHORT = re.compile(r"(?P<name>[\w.-]+)(?::(?P<version>[\w.-]+))?")
_NUMBERED = re.compile(r"[\w.-]+")


class Ref:
    """A version of an object or an op."""

    def __init__(
        self,
        name: str,
        version: str = "latest",
        *,
        kind: str = "object",
        entity: str | None = None,
        project: str | None = None,
    ) -> None:
        self.name = name
        self.version = version
        """A digest, ``v3``, or an alias such as ``latest``."""
        self.kind = kind
        self.entity = entity
        self.project = project

    @property
    def uri(self) -> str:
        """The reference as text, as it stands in calls of this project."""
        return f"{REF}{self.kind}/{self.name}:{self.version}"

    def get(self) -> Any:
        """The object itself, from the server; the code of an op as text.

        What this program has published is sent first. Objects of known classes come back as such,
        others as maps.

        Raises:
            NotFoundError: There is no such version.
            UnreachableError: The server cannot be asked.
        """
        run = _run()
        if run.offline:
            raise UsageError("An offline run has no server to read from")
        run.wait_for_upload()
        server: Any = run.server()
        entity = self.entity or run.entity or server.default_entity
        place = f"/projects/{quote(entity, '')}/{quote(self.project or run.project, '')}"
        names = f"{quote(self.name, '')}/versions/{quote(self.version, '')}"
        try:
            found = server.get(f"{place}/objects/{self.kind}/{names}")
        except NotFoundError:
            if self.kind == "op" or not _NUMBERED.fullmatch(self.name):
                raise
            found = server.get(f"{place}/objects/op/{names}")
        for file in found["files"]:
            if file["name"] == "obj.py":
                return _text(server, f"/api/v1{place}/objects/files/{file['digest']}")
        value = found["value"]
        if isinstance(value, dict) and found.get("table"):
            pages = server.pages(f"{place}/tables/{found['table']}/rows", 1000)
            value = {**cast("dict[str, Any]", value), "rows": [row["value"] for row in pages]}
        return _revived(value)

    def __str__(self) -> str:
        return self.uri

    def __repr__(self) -> str:
        return f"<Ref {self.uri}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and self.uri == other.uri

    def __hash__(self) -> int:
        return hash(self.uri)

    def __kiseki_ref__(self) -> str:
        return self.uri


def publish(value: Any, name: str | None = None) -> Ref:
    """Publish a version of a model, dataset, prompt, scorer, op, or of any plain value.

    Nothing is waited for. An unchanged value is the version that it was.

    Args:
        value: What is published. Objects within it are published, too.
        name: The name; otherwise the object's own.

    Raises:
        NoRunError: There is no run.
        UsageError: A plain value has no name.
    """
    sink = require("kiseki.publish")
    if sink is None:
        return Ref(name or getattr(value, "object_name", None) or type(value).__name__)
    return ref(reference_of(value, sink, name))


def ref(text: str) -> Ref:
    """A reference: ``"name"``, ``"name:v3"``, ``"name:alias"``, or a whole one.

    Raises:
        UsageError: The text is none.
    """
    found = _REF.fullmatch(text)
    if found is not None:
        parts = found.groupdict()
        return Ref(
            parts["name"],
            parts["version"],
            kind=parts["kind"],
            entity=parts["entity"],
            project=parts["project"],
        )
    short = _SHORT.fullmatch(text)
    if short is None:
        raise UsageError(
            f"{text[:200]!r} is no reference", hint='write "name", "name:v3" or "name:latest"'
        )
    return Ref(short["name"], short["version"] or "latest")


def _run() -> Run:
    sink = active()
    if sink is None:
        raise NoRunError(hint='call kiseki.init("entity/project") first')
    return sink.run


def _text(server: Any, path: str) -> str:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "obj.py"
        server.download(path, target)
        return target.read_text()


def _revived(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    known = cast("dict[str, Any]", value)
    name = known.get("_class_name")
    if name == "Dataset":
        return Dataset(
            known.get("rows") or (), name=known.get("name"), description=known.get("description")
        )
    # Built-in classes are known once their modules are.
    import_module("kiseki.evals.prompts")
    cls = Object.known.get(str(name))
    return known if cls is None else cls.from_value(known)
