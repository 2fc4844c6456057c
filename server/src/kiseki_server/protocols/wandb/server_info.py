"""What the server is and can do."""

from __future__ import annotations

from typing import Any

import kiseki_server
from kiseki_server.protocols.wandb.context import Context

FEATURES = (
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "ARTIFACT_REGISTRY_SEARCH",
    "ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID",
    "CLIENT_IDS",
    "FILESTREAM_GZIP",
    "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
    "LARGE_FILENAMES",
    "MARK_RUN_FILES_UPLOADED",
    "STRUCTURED_CONSOLE_LOGS",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "UPDATE_RUN_STATE",
    "USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
)
"""Flags of the client that are honoured; each makes it send or ask for more."""

CLIENTS = ("0.31.0", "0.28.2", "0.25.1", "0.19.11")
"""Versions of the client that are tested against this server, newest first."""


class ServerInfoNode:
    """`ServerInfo`."""

    def __init__(self, context: Context) -> None:
        self.frontend_host = context.address

    @property
    def features(self) -> list[dict[str, Any]]:
        return [{"name": name, "isEnabled": True} for name in FEATURES]

    @property
    def cli_version_info(self) -> dict[str, str]:
        # No newer client is too new: what it asks for in vain is said by its own error.
        return {"min_cli_version": CLIENTS[-1], "max_cli_version": "999.0.0"}

    @property
    def latest_local_version_info(self) -> dict[str, Any]:
        version = kiseki_server.__version__
        return {
            "outOfDate": False,
            "latestVersionString": version,
            "versionOnThisInstanceString": version,
        }
