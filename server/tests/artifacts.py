"""Artifacts made through the service, for tests of what becomes of them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiseki_server.app.services import Services
from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.artifacts.service import ArtifactService
from kiseki_server.domain.artifacts.types import (
    Created,
    Entry,
    EntryList,
    ManifestKind,
    Membership,
    NewFile,
    NewVersion,
    Version,
    VersionState,
)
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.runs.types import Run, RunChange
from kiseki_server.kit.ids import VersionId


def md5(data: bytes) -> str:
    """The MD5 of bytes as clients write it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def md5_hex(data: bytes) -> str:
    """The MD5 of bytes in hexadecimal digits."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def digest_of(files: Mapping[str, bytes]) -> str:
    """A version's digest: any text that the same files share."""
    listed = "".join(f"{path}:{md5(data)}\n" for path, data in sorted(files.items()))
    return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()


def listed(files: Mapping[str, bytes]) -> list[Entry]:
    """The files as a client lists them."""
    return [Entry(path, md5(data), len(data), None) for path, data in files.items()]


@dataclass
class ArtifactWorld:
    """Somebody who logs artifacts to a project."""

    services: Services
    actor: Actor
    project: Project

    @property
    def service(self) -> ArtifactService:
        return self.services.artifacts

    @classmethod
    def of(cls, services: Services, project: str = "vision") -> ArtifactWorld:
        with services.database.transaction(write=True):
            admin = services.stores.users.named("admin")
            assert admin is not None
            actor = services.accounts.actor(admin)
            return cls(services, actor, services.projects.ensure(actor, None, project))

    def run(self, name: str) -> Run:
        with self.services.database.transaction(write=True):
            return self.services.runs.ensure(self.project, name, RunChange(), self.actor)

    def create(
        self, name: str, files: Mapping[str, bytes], *, type: str = "dataset", **more: Any
    ) -> Created:
        draft = NewVersion(**{"type": type, "collection": name, "digest": digest_of(files), **more})
        with self.services.database.transaction(write=True):
            return self.service.create(self.project, draft, self.actor)

    def send(self, version: Version, files: Mapping[str, bytes]) -> list[str]:
        """Announce files and upload what is not there; the paths that were sent."""
        new = [NewFile(path, md5(data), len(data)) for path, data in files.items()]
        with self.services.database.transaction(write=True):
            plans = self.service.announce(version, new)
        sent = [plan.file for plan in plans if plan.action == "put"]
        for file in sent:
            with self.service.arrive(version.id, file.path, file.digest, file.size) as arrival:
                arrival.write(files[file.path])
                arrival.finish()
        return [file.path for file in sent]

    def commit(
        self,
        version: VersionId,
        entries: Sequence[Entry],
        kind: ManifestKind = ManifestKind.FULL,
    ) -> Membership:
        return self.service.commit(version, self.actor, [EntryList(kind, entries)])

    def log(self, name: str, files: Mapping[str, bytes], **more: Any) -> Membership:
        """A committed version of these files."""
        created = self.create(name, files, **more)
        if created.version.state is not VersionState.COMMITTED:
            self.send(created.version, files)
            return self.commit(created.version.id, listed(files))
        return self.resolve(f"{name}:latest")

    def resolve(self, name: str) -> Membership:
        with self.services.database.transaction():
            return self.service.resolve(self.project, name)

    def read(self, version: Version, path: str) -> bytes:
        with self.services.database.transaction():
            return b"".join(self.service.read(self.service.entry(version, path)))

    def paths(self, version: Version) -> list[str]:
        with self.services.database.transaction():
            return [entry.path for entry in self.service.all_entries(version)]

    def stored(self) -> int:
        """How many blobs there are, once what has no name is gone."""
        self.services.files.collect()
        path = self.services.settings.data_dir / "blobs"
        if path.exists():
            return sum(1 for found in path.rglob("*") if found.is_file())
        return len(self.services.stores.blobs._blobs)  # pyright: ignore[reportAttributeAccessIssue]
