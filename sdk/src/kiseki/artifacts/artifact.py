"""Artifacts: versioned sets of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kiseki.artifacts.draft import Draft, DraftEntry
from kiseki.artifacts.entry import ArtifactEntry, shown
from kiseki.artifacts.filling import Filling
from kiseki.artifacts.names import Place, checked_collection, place_of
from kiseki.artifacts.reading import Reading
from kiseki.artifacts.sending import send
from kiseki.artifacts.waiting import awaited
from kiseki.errors import UsageError, ValueTypeError
from kiseki.run import current
from kiseki.run.values import plain
from kiseki.wire.artifacts import Plan, Result

if TYPE_CHECKING:
    from kiseki.query.server import Server
    from kiseki.run.run import Run


class Artifact(Filling, Reading):
    """A set of files with a name and versions: a dataset, a model, results.

    Fill it, and give it to `Run.log_artifact`; or get one from `Run.use_artifact` or `Api`.

    Args:
        name: What it is called, without a version.
        type: What kind of thing it is, such as "dataset" or "model".
        description: A longer text.
        metadata: Whatever else is known of it, as a dict.
        incremental: Accepted for W&B's sake; use `new_draft`.
        use_as: Accepted for W&B's sake.

    Raises:
        UsageError: Nothing can be called so.
    """

    def __init__(
        self,
        name: str,
        type: str,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
    ) -> None:
        self._collection = checked_collection(name)
        self._type = checked_collection(type)
        self._description = description
        self._metadata = _checked_metadata(metadata or {})
        self._aliases: list[str] = []
        self._tags: list[str] = []
        self._ttl: int | None = None
        self._draft: Draft | None = Draft()
        self._server: Server | None = None
        self._place: Place | None = None
        self._facts: dict[str, Any] = {}
        self._run: Run | None = None
        self._entries: dict[str, ArtifactEntry] | None = None
        self._disabled = False
        self._folder = Path()

    @classmethod
    def of(cls, server: Server, facts: dict[str, Any]) -> Artifact:
        """A version that the server has; for `Api` and `Run`."""
        made = cls(facts["collection"], facts["type"])
        made._draft = None
        made._server = server
        made._took(facts)
        return made

    # What is known

    @property
    def name(self) -> str:
        """The collection and the version, such as ``digits:v3``."""
        return f"{self._collection}:{self.version}" if self._facts else self._collection

    @property
    def collection_name(self) -> str:
        """The name without a version."""
        return self._collection

    @property
    def qualified_name(self) -> str:
        """Entity, project, collection and version."""
        place = self._known_place("qualified_name")
        return f"{place.entity}/{place.project}/{self.name}"

    @property
    def type(self) -> str:
        return self._type

    @property
    def entity(self) -> str:
        return self._known_place("entity").entity

    @property
    def project(self) -> str:
        return self._known_place("project").project

    @property
    def version(self) -> str:
        """``v0``, ``v1`` … ."""
        return f"v{self._fact('index')}"

    @property
    def id(self) -> int:
        """The version's number on the server, wherever it is linked."""
        return self._fact("id")

    @property
    def state(self) -> str:
        """ "draft", "pending" (on its way) or "committed"."""
        if self._facts:
            return str(self._facts["state"])
        if self._disabled:
            return "committed"
        return "draft" if self._run is None else "pending"

    @property
    def digest(self) -> str:
        """The same for the same files."""
        if self._draft is not None and self._run is None:
            return self._draft.digest
        return str(self._fact("digest"))

    @property
    def size(self) -> int:
        """Bytes of all files."""
        if self._draft is not None:
            return sum(entry.size for entry in self._draft.entries.values())
        return int(self._fact("size"))

    @property
    def file_count(self) -> int:
        if self._draft is not None:
            return len(self._draft.entries)
        return int(self._fact("file_count"))

    @property
    def created_at(self) -> str:
        return str(self._fact("created_at"))

    @property
    def updated_at(self) -> str:
        return str(self._fact("updated_at"))

    @property
    def history_step(self) -> int | None:
        """The step of the run at which it was logged."""
        return self._fact("history_step")

    @property
    def description(self) -> str | None:
        """A longer text. A change of what is logged already is kept by `save`."""
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        self._description = description

    @property
    def metadata(self) -> dict[str, Any]:
        """Whatever else is known. A change of what is logged already is kept by `save`."""
        return self._metadata

    @metadata.setter
    def metadata(self, metadata: Mapping[str, Any]) -> None:
        self._metadata = _checked_metadata(metadata)

    @property
    def aliases(self) -> list[str]:
        """Names of this version. A change of what is logged already is kept by `save`."""
        return self._aliases

    @aliases.setter
    def aliases(self, aliases: Sequence[str]) -> None:
        self._aliases = _texts("aliases", aliases)

    @property
    def tags(self) -> list[str]:
        """Tags of this version. A change of what is logged already is kept by `save`."""
        return self._tags

    @tags.setter
    def tags(self, tags: Sequence[str]) -> None:
        self._tags = _texts("tags", tags)

    @property
    def ttl(self) -> int | None:
        """Seconds after which the version is deleted; ``None``: as its project has it, -2: never.

        A change of what is logged already is kept by `save`.
        """
        return self._ttl

    @ttl.setter
    def ttl(self, ttl: Any) -> None:
        seconds = ttl.total_seconds() if hasattr(ttl, "total_seconds") else ttl
        if seconds is not None and (not isinstance(seconds, (int, float)) or seconds < -2):
            raise ValueTypeError(f"ttl is a number of seconds or a timedelta, not {ttl!r}")
        self._ttl = None if seconds is None or seconds == -1 else int(seconds)

    def __repr__(self) -> str:
        return f"<Artifact {self.name}, {self.state}>"

    # Bringing it to the server

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Keep it: log it if it is not logged, else keep what was changed of it.

        Args:
            project: Where it is made, if there is no run; "entity/project" or "project".
            settings: Accepted for W&B's sake.

        Raises:
            ServerError: The server cannot be asked, or refused.
        """
        if self._draft is None:
            self._keep_changes()
            return
        run = current.active()
        if run is not None and project is None:
            run.log_artifact(self)
            return
        self._committed(*send(self, project))

    def wait(self, timeout: float | None = None) -> Artifact:
        """Wait until the server has it.

        Args:
            timeout: Seconds to wait at most; for ever if not given.

        Raises:
            ServerError: The server will not have it.
            UnreachableError: The time is over.
            UsageError: It is not logged, or the run is offline.
        """
        if self._facts or self._disabled:
            return self
        if self._run is None:
            raise UsageError("The artifact is not logged yet", hint="run.log_artifact(artifact)")
        result = awaited(self._run, self._folder, self._collection, timeout)
        self._committed(result, self._run.server())
        return self

    def logged_to(self, run: Run, plan_folder: Path | None) -> None:
        """It is the run's from now on; for `Run.log_artifact`."""
        self._run = run
        self._entries = None
        if plan_folder is None:
            self._disabled = True
        else:
            self._folder = plan_folder

    def plan(self, aliases: Sequence[str], tags: Sequence[str], step: int | None) -> Plan:
        """What is to be made of it; the files are still to be named."""
        draft = self._own_draft()
        return Plan(
            id=draft.id,
            type=self._type,
            collection=self._collection,
            entries=[],
            description=self._description,
            metadata=self._metadata,
            aliases=list(dict.fromkeys([*self._aliases, *aliases])),
            tags=list(dict.fromkeys([*self._tags, *tags])),
            ttl=-1 if self._ttl is None else self._ttl,
            base=draft.base,
            history_step=step,
        )

    @property
    def own_draft(self) -> Draft:
        """Its files while it is not logged; for `Run.log_artifact`."""
        return self._own_draft()

    @property
    def pending_draft(self) -> str | None:
        """Names its folder while it is on its way; for `Run.use_artifact`."""
        return None if self._draft is None else self._draft.id

    def is_draft(self) -> bool:
        """Whether it is not logged yet."""
        return self.state == "draft"

    # Its files

    @property
    def entries(self) -> dict[str, ArtifactEntry]:
        """Its files by path."""
        if self._draft is not None and self._run is None:
            return {path: shown(entry) for path, entry in self._draft.entries.items()}
        if self._entries is None:
            server, path = self._readable()
            self._entries = {
                item["path"]: self._entry(server, path, item)
                for item in server.pages(f"{path}/files", limit=10_000)
            }
        return self._entries

    def new_draft(self) -> Artifact:
        """A new version to be filled, which begins with the files of this one.

        Only what changes is sent.
        """
        self.wait()
        made = Artifact(self._collection, self._type, self._description, self._metadata)
        entries = [
            DraftEntry(
                entry.path,
                entry.size,
                reference=entry.reference,
                digest=entry.digest,
                extra=None if entry.extra is None else dict(entry.extra),
            )
            for entry in self.entries.values()
        ]
        if any(entry.algorithm != "md5" for entry in self.entries.values()):
            raise UsageError(
                f"{self.name} has digests that this client cannot make: copy its files"
            )
        made._draft = Draft(self.id, entries)
        return made

    # Its place among others

    def link(self, target_path: str, aliases: Sequence[str] | None = None) -> Artifact:
        """Show it in a collection of another project or of a registry.

        Args:
            target_path: "collection", "project/collection" or "entity/project/collection"; a
                registry is the project "wandb-registry-NAME" of an organisation.
            aliases: Its aliases there.

        Returns:
            The version as it stands there.
        """
        self.wait()
        server, _ = self._readable()
        place = self._known_place("link")
        target = place_of(target_path, server, place.entity, place.project)
        facts = server.call(
            "POST",
            f"/artifacts/versions/{self.id}/links",
            {
                "entity": target.entity,
                "project": target.project,
                "collection": target.collection,
                "aliases": _texts("aliases", aliases or ()),
            },
        )
        return Artifact.of(server, facts)

    def unlink(self) -> None:
        """Take this link out of its collection; the version stays where it was made."""
        server, path = self._readable()
        server.call("DELETE", f"{path}/link")

    def delete(self, delete_aliases: bool = False) -> None:
        """Delete the version and free the bytes that nothing else needs.

        Args:
            delete_aliases: Even if it has aliases.

        Raises:
            ServerError: It has aliases, or you may not delete it.
        """
        self.wait()
        server, path = self._readable()
        server.call("DELETE", path, with_aliases=delete_aliases)
        self._facts["state"] = "deleted"

    def logged_by(self) -> Any:
        """The run that made it, as `Api` gives it; ``None``: no run did."""
        server, _ = self._readable()
        maker = self._fact("made_by")
        if maker is None:
            return None
        api: Any = import_module("kiseki.query.api")
        path = "/".join((maker["entity"], maker["project"], maker["run"]))
        return api.Api(server=server).run(path)

    def used_by(self) -> list[Any]:
        """The runs that used it, as `Api` gives them."""
        server, _ = self._readable()
        api: Any = import_module("kiseki.query.api")
        return api.Api(server=server).users_of(self)

    # Inside

    def _own_draft(self) -> Draft:
        if self._draft is None or self._run is not None or self._facts:
            raise UsageError(
                f"{self._collection!r} is logged, and its files cannot change any more",
                hint="make another version: draft = artifact.new_draft()",
            )
        return self._draft

    def _fact(self, name: str) -> Any:
        if not self._facts:
            if self._run is None:
                raise UsageError(
                    f"The artifact has no {name} before it is logged", hint="run.log_artifact(it)"
                )
            self.wait()
        if self._disabled:
            return 0 if name in ("id", "index") else None
        return self._facts.get(name)

    def _known_place(self, what: str) -> Place:
        self._fact(what)
        if self._place is None:
            raise UsageError("A disabled run keeps no artifacts")
        return self._place

    def _readable(self) -> tuple[Server, str]:
        """The server, and the version's path below ``/api/v1``."""
        place = self._known_place("files")
        assert self._server is not None
        return self._server, version_path(place)

    def _entry(self, server: Server, path: str, item: dict[str, Any]) -> ArtifactEntry:
        files: Any = import_module("kiseki.run.files")
        api: Any = import_module("kiseki.query.server")
        name = files.checked_path(item["path"])
        quoted = "/".join(api.part(one) for one in name.split("/"))
        return ArtifactEntry(
            path=name,
            size=item["size"],
            digest=item["digest"],
            reference=item["reference"],
            address=f"/api/v1{path}/files/{quoted}",
            algorithm=self._facts["digest_algorithm"],
            server=server,
            extra=item.get("extra"),
        )

    def _took(self, facts: dict[str, Any]) -> None:
        self._facts = facts
        self._collection = facts["collection"]
        self._type = facts["type"]
        self._place = Place(
            facts["entity"], facts["project"], self._collection, f"v{facts['index']}"
        )
        self._description = facts["description"]
        self._metadata = dict(facts["metadata"])
        self._aliases = list(facts["aliases"])
        self._tags = list(facts["tags"])
        self._ttl = None if facts["ttl"] == -1 else facts["ttl"]

    def _committed(self, result: Result, server: Server) -> None:
        place = Place(
            result.entity or "", result.project or "", self._collection, f"v{result.index}"
        )
        facts = server.get(version_path(place))
        self._server, self._draft = server, None
        self._took(facts)

    def _keep_changes(self) -> None:
        server, path = self._readable()
        before = self._facts
        tags = set(before["tags"])
        change = {
            "description": self._description,
            "metadata": _checked_metadata(self._metadata),
            "ttl": -1 if self._ttl is None else self._ttl,
            "add_tags": [tag for tag in self._tags if tag not in tags],
            "remove_tags": sorted(tags - set(self._tags)),
        }
        facts = server.call("PATCH", path, change)
        api: Any = import_module("kiseki.query.server")
        for alias in [one for one in self._aliases if one not in before["aliases"]]:
            facts = server.call("PUT", f"{path}/aliases/{api.part(alias)}")
        for alias in [one for one in before["aliases"] if one not in self._aliases]:
            facts = server.call("DELETE", f"{path}/aliases/{api.part(alias)}")
        self._took(facts)


def version_path(place: Place) -> str:
    """Path of a version below ``/api/v1``."""
    part: Any = import_module("kiseki.query.server").part
    entity, project, collection, ref = (part(one) for one in place)
    return f"/projects/{entity}/{project}/artifacts/collections/{collection}/versions/{ref}"


def find(server: Server, place: Place, type: str | None = None) -> Artifact:
    """A version that the server has.

    Raises:
        NotFoundError: There is none.
        UsageError: It is of another type.
    """
    found = Artifact.of(server, server.get(version_path(place)))
    if type is not None and found.type != type:
        raise UsageError(f"{found.name} is of the type {found.type!r}, not {type!r}")
    return found


def _texts(what: str, texts: Any) -> list[str]:
    if isinstance(texts, str):
        raise ValueTypeError(f"{what} are a list of texts, not the text {texts!r}")
    return list(dict.fromkeys(str(text) for text in texts))


def _checked_metadata(metadata: Any) -> dict[str, Any]:
    if not isinstance(metadata, Mapping):
        raise ValueTypeError(f"metadata is a dict, not {type(metadata).__name__}")
    checked = plain(dict(cast("Mapping[str, Any]", metadata)), "metadata")
    return cast("dict[str, Any]", checked)
