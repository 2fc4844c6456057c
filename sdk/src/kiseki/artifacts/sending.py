"""Logging an artifact without a run, in this process."""

from __future__ import annotations

import shutil
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kiseki.artifacts.fetch import Bar
from kiseki.wire.artifacts import Result

if TYPE_CHECKING:
    from kiseki.artifacts.artifact import Artifact
    from kiseki.query.server import Server


def send(artifact: Artifact, project: str | None) -> tuple[Result, Server]:
    """Send a filled artifact to a project ("entity/project" or "project").

    Raises:
        ServerError: The server cannot be asked, or refused.
    """
    settings: Any = import_module("kiseki.settings").load_settings()
    query: Any = import_module("kiseki.query.server")
    transport: Any = import_module("kiseki._transport.artifact_upload")
    client_module: Any = import_module("kiseki._transport.client")
    server = query.Server(settings.base_url, settings.api_key)
    entity, _, name = (project or "").rpartition("/")
    name = name or settings.project or "uncategorized"
    entity = entity or settings.entity or server.default_entity
    draft = artifact.own_draft
    root = draft.folder.parent.parent
    draft.hand_over(root, artifact.plan((), (), None))
    folder = draft.folder
    bar = Bar(artifact.size, f"uploading {artifact.collection_name}")
    client = server.new_client()
    try:
        upload = transport.ArtifactUpload(root, folder, entity, name, None, client, bar.add)
        result = upload.run()
    except client_module.SendError as error:
        raise query.told(error, server.base_url, server.api_key) from None
    finally:
        client.close()
        bar.end()
    shutil.rmtree(folder, ignore_errors=True)
    return result, server
