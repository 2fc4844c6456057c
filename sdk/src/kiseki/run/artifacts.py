"""What a run does with artifacts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from kiseki.artifacts.artifact import Artifact, find
from kiseki.artifacts.names import REGISTRY, place_of
from kiseki.artifacts.waiting import awaited
from kiseki.errors import FileError, UsageError, ValueTypeError
from kiseki.wire.records import Artifact as ArtifactRecord
from kiseki.wire.records import Input, Link

if TYPE_CHECKING:
    from kiseki.run.run import Run


def log(
    run: Run,
    artifact_or_path: Artifact | str | PathLike[str],
    name: str | None,
    type: str | None,
    aliases: Iterable[str] | None,
    tags: Iterable[str] | None,
) -> Artifact:
    """`Run.log_artifact`."""
    artifact = artifact_or_path
    if not isinstance(artifact, Artifact):
        artifact = _of_path(run, artifact, name, type)
    draft = artifact.own_draft
    plan = artifact.plan(_texts("aliases", aliases), _texts("tags", tags), run.step)
    if run.directory is None:
        artifact.logged_to(run, None)
        return artifact
    draft.hand_over(run.directory, plan)
    run.append(ArtifactRecord(draft.id, plan.collection))
    artifact.logged_to(run, draft.folder)
    run.artifacts[plan.collection] = draft.folder
    return artifact


def use(
    run: Run,
    artifact_or_name: Artifact | str,
    type: str | None,
    aliases: Iterable[str] | None,
    use_as: str | None,
) -> Artifact:
    """`Run.use_artifact`."""
    if isinstance(artifact_or_name, Artifact):
        artifact = artifact_or_name
        if artifact.is_draft():
            log(run, artifact, None, None, aliases, None)
        if artifact.state == "pending":
            draft = artifact.pending_draft
            run.append(Input(None, draft, artifact.collection_name, use_as))
        elif run.directory is not None:
            run.append(Input(artifact.id, None, None, use_as))
        return artifact
    if run.disabled or run.offline:
        how = "disabled" if run.disabled else "offline"
        raise UsageError(
            f"The run is {how}, so that {artifact_or_name!r} cannot be asked for",
            hint="fetch it before with kiseki.Api().artifact(…).download(), and read the files",
        )
    server = run.server()
    place = place_of(artifact_or_name, server, run.entity, run.project)
    own = run.artifacts.get(place.collection)
    if own is not None:
        awaited(run, own, place.collection, None)  # what was logged before can be used now
    artifact = find(server, place, type)
    run.append(Input(artifact.id, None, None, use_as))
    return artifact


def link(run: Run, artifact: Artifact, target_path: str, aliases: Iterable[str] | None) -> None:
    """`Run.link_artifact`."""
    if artifact.is_draft():
        log(run, artifact, None, None, None, None)
    if run.directory is None:
        return
    *before, collection = target_path.strip("/").split("/")
    if not collection or len(before) > 2:
        raise UsageError(
            f"{target_path!r} is no collection", hint="use 'entity/project/collection' or less"
        )
    project = before[-1] if before else run.project
    entity = before[0] if len(before) == 2 else None
    if project.startswith(REGISTRY):
        entity = place_of(target_path, run.server(), run.entity, run.project).entity
    pending = artifact.state == "pending"
    run.append(
        Link(
            None if pending else artifact.id,
            artifact.pending_draft if pending else None,
            artifact.collection_name if pending else None,
            entity,
            project,
            collection,
            _texts("aliases", aliases),
        )
    )


def _of_path(run: Run, path: str | PathLike[str], name: str | None, type: str | None) -> Artifact:
    text = os.fsdecode(fspath(path))
    last = text.rstrip("/").rpartition("/")[2] or "files"
    artifact = Artifact(name or _clean(f"run-{run.id}-{last}"), type or "unspecified")
    if "://" in text:
        artifact.add_reference(text)
    elif Path(text).expanduser().is_dir():
        artifact.add_dir(text)
    elif Path(text).expanduser().is_file():
        artifact.add_file(text)
    else:
        raise FileError(f"log_artifact: there is neither a file nor a folder {text!r}")
    return artifact


def _clean(name: str) -> str:
    kept = "".join(c if c.isprintable() and c not in "/:\\?%" else "_" for c in name)
    return kept.strip()[:128]


def _texts(what: str, texts: Iterable[str] | None) -> list[str]:
    if isinstance(texts, str):
        raise ValueTypeError(f"{what} are a list of texts, not the text {texts!r}")
    return [str(text) for text in texts or ()]
