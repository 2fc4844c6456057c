"""Where queries and mutations begin."""

from __future__ import annotations

from typing import Any

from kiseki_server.domain.accounts.types import Entity, Organization, User
from kiseki_server.domain.artifacts.types import Collection, Version
from kiseki_server.domain.projects.types import Project
from kiseki_server.protocols.wandb import (
    artifact_changes,
    artifact_collections,
    artifact_uploads,
    artifacts,
    people,
    project_members,
    projects,
    run_changes,
    run_files,
    teams,
)
from kiseki_server.protocols.wandb.context import Context
from kiseki_server.protocols.wandb.server_info import ServerInfoNode

Given = dict[str, Any]
Payload = dict[str, Any]


class QueryRoot:
    """`Query`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    @property
    def viewer(self) -> User:
        return self._context.actor.user

    @property
    def server_info(self) -> ServerInfoNode:
        return ServerInfoNode(self._context)

    def entity(self, name: str | None = None) -> Entity | dict[str, Any]:
        return people.find_entity(self._context, name)

    def project(self, name: str | None = None, entity_name: str | None = None) -> Project | None:
        return projects.find_project(self._context, entity_name, name)

    model = project

    def models(
        self,
        entity_name: str | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> dict[str, Any]:
        return projects.list_projects(self._context, entity_name, first, after)

    def organization(self, name: str) -> Organization | None:
        return people.find_organization(self._context, name)

    def artifact(self, id: str) -> Version | None:
        return artifacts.find_version(self._context, id)

    def artifact_collection(self, id: str) -> Collection | None:
        return artifact_collections.find_collection(self._context, id)

    def client_idmapping(self, client_id: str) -> dict[str, Any] | None:
        return artifact_uploads.client_id_mapping(self._context, client_id)

    def users(self, query: str | None = None) -> dict[str, Any]:
        return people.search(self._context, query)


class MutationRoot:
    """`Mutation`; each takes one object of input."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def upsert_bucket(self, input: Given) -> Payload:
        return run_changes.upsert_bucket(self._context, input)

    def rewind_run(self, input: Given) -> Payload:
        return run_changes.rewind_run(self._context, input)

    def delete_run(self, input: Given) -> Payload:
        return run_changes.delete_run(self._context, input)

    def stop_run(self, input: Given) -> Payload:
        return run_changes.stop_run(self._context, input)

    def update_run_state(self, input: Given) -> Payload:
        return run_changes.update_run_state(self._context, input)

    def notify_scriptable_run_alert(self, input: Given) -> Payload:
        return run_changes.notify_alert(self._context, input)

    def create_run_files(self, input: Given) -> Payload:
        return run_files.create_run_files(self._context, input)

    def mark_run_files_uploaded(self, input: Given) -> Payload:
        return run_files.mark_uploaded(self._context, input)

    def delete_files(self, input: Given) -> Payload:
        return run_files.delete_files(self._context, input)

    def upsert_model(self, input: Given) -> Payload:
        return projects.upsert_model(self._context, input)

    def rename_project(self, input: Given) -> Payload:
        return projects.rename_project(self._context, input)

    def delete_model(self, input: Given) -> Payload:
        return projects.delete_model(self._context, input)

    def create_project_members(self, input: Given) -> Payload:
        return project_members.create_members(self._context, input)

    def delete_project_members(self, input: Given) -> Payload:
        return project_members.delete_members(self._context, input)

    def update_project_member(self, input: Given) -> Payload:
        return project_members.update_member(self._context, input)

    def update_project_team_member(self, input: Given) -> Payload:
        return project_members.update_team_member(self._context, input)

    def create_team(self, input: Given) -> Payload:
        return teams.create_team(self._context, input)

    def create_invite(self, input: Given) -> Payload:
        return teams.create_invite(self._context, input)

    def delete_invite(self, input: Given) -> Payload:
        return teams.delete_invite(self._context, input)

    def create_service_account(self, input: Given) -> Payload:
        return teams.create_service_account(self._context, input)

    def create_user(self, input: Given) -> Payload:
        return teams.create_user(self._context, input)

    def update_user(self, input: Given) -> Payload:
        return teams.update_user(self._context, input)

    def generate_api_key(self, input: Given) -> Payload:
        return teams.generate_api_key(self._context, input)

    def delete_api_key(self, input: Given) -> Payload:
        return teams.delete_api_key(self._context, input)

    def create_artifact(self, input: Given) -> Payload:
        return artifact_uploads.create_artifact(self._context, input)

    def create_artifact_manifest(self, input: Given) -> Payload:
        return artifact_uploads.create_manifest(self._context, input)

    def update_artifact_manifest(self, input: Given) -> Payload:
        return artifact_uploads.update_manifest(self._context, input)

    def create_artifact_files(self, input: Given) -> Payload:
        return artifact_uploads.create_files(self._context, input)

    def complete_multipart_upload_artifact(self, input: Given) -> Payload:
        return artifact_uploads.completed_parts(self._context, input)

    def commit_artifact(self, input: Given) -> Payload:
        return artifact_uploads.committed(self._context, input)

    def use_artifact(self, input: Given) -> Payload:
        return artifact_uploads.use(self._context, input)

    def update_artifact(self, input: Given) -> Payload:
        return artifact_changes.update(self._context, input)

    def add_aliases(self, input: Given) -> Payload:
        return artifact_changes.add_aliases(self._context, input)

    def delete_aliases(self, input: Given) -> Payload:
        return artifact_changes.delete_aliases(self._context, input)

    def delete_artifact(self, input: Given) -> Payload:
        return artifact_changes.delete(self._context, input)

    def link_artifact(self, input: Given) -> Payload:
        return artifact_changes.link(self._context, input)

    def unlink_artifact(self, input: Given) -> Payload:
        return artifact_changes.unlink(self._context, input)

    def create_artifact_type(self, input: Given) -> Payload:
        return artifact_changes.create_type(self._context, input)

    def update_artifact_sequence(self, input: Given) -> Payload:
        return artifact_changes.update_sequence(self._context, input)

    def update_artifact_portfolio(self, input: Given) -> Payload:
        return artifact_changes.update_portfolio(self._context, input)

    def move_artifact_sequence(self, input: Given) -> Payload:
        return artifact_changes.move_sequence(self._context, input)

    def delete_artifact_sequence(self, input: Given) -> Payload:
        return artifact_changes.delete_sequence(self._context, input)

    def delete_artifact_portfolio(self, input: Given) -> Payload:
        return artifact_changes.delete_portfolio(self._context, input)

    def create_artifact_collection_tag_assignments(self, input: Given) -> Payload:
        return artifact_changes.add_tags(self._context, input)

    def delete_artifact_collection_tag_assignments(self, input: Given) -> Payload:
        return artifact_changes.delete_tags(self._context, input)
