"""Feedback: give it, find it, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kiseki_server.domain.calls.query import Node
from kiseki_server.domain.feedback import conditions, rules
from kiseki_server.domain.feedback.store import FeedbackStore, QueueBook
from kiseki_server.domain.feedback.types import ANNOTATION, Feedback, FeedbackFilter
from kiseki_server.domain.objects import schemas
from kiseki_server.domain.objects.refs import ObjectRef, parse
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text

ANNOTATION_CLASS = "AnnotationSpec"


class FeedbackService:
    """Use-cases of feedback. Callers have authorized the project; references have their stored
    form. All methods work in the caller's transaction."""

    def __init__(self, feedback: FeedbackStore, objects: ObjectService, queues: QueueBook) -> None:
        self._feedback = feedback
        self._objects = objects
        self._queues = queues

    def give(self, at: Project, feedback: Sequence[Feedback]) -> Sequence[Feedback]:
        """Store feedback, all of it or nothing; as it was stored.

        Raises:
            BadRequest: One is not what its type asks for.
        """
        stored = [rules.checked(each) for each in feedback]
        for queue in {each.queue_id for each in stored if each.queue_id}:
            if not self._queues.has(at.id, queue):
                raise BadRequest(f"There is no annotation queue `{queue[:100]}`")
        for each in stored:
            if each.type.startswith(ANNOTATION):
                self._check_value(at, each)
        self._feedback.put(stored)
        return stored

    def _check_value(self, at: Project, feedback: Feedback) -> None:
        ref = parse(feedback.annotation_ref or "")
        assert isinstance(ref, ObjectRef)
        key = (ref.kind, ref.name, ref.version)
        spec = self._objects.by_digest(at.id, [key]).get(key)
        if spec is None or spec.deleted_at is not None:
            raise BadRequest(f"There is no annotation {ref.name}:{ref.version}")
        if ANNOTATION_CLASS not in {spec.base_class, spec.leaf_class}:
            raise BadRequest(f"{ref.name}:{ref.version} is no {ANNOTATION_CLASS}")
        fields: dict[str, Any] = from_text(self._objects.text(spec))
        schema: dict[str, Any] = fields.get("field_schema") or {}
        wrong = schemas.mismatch(feedback.payload["value"], schema)
        if wrong is not None:
            raise BadRequest(f"The value does not fit the annotation `{ref.name}`: {wrong}")

    def find(
        self,
        at: Project,
        condition: Node | None = None,
        filter: FeedbackFilter | None = None,
    ) -> Sequence[Feedback]:
        """Feedback for which the condition is true, by time of creation, then id."""
        filter = filter or conditions.narrowed(condition)
        found = self._feedback.find(at.id, filter)
        if condition is None:
            return found
        return [each for each in found if conditions.holds(condition, each)]

    def purge(self, at: Project, condition: Node) -> int:
        """Remove the feedback with the ids that a condition consists of; how much there was.

        Raises:
            BadRequest: It asks for anything else than ids.
        """
        return self._feedback.delete(at.id, conditions.ids_of(condition))

    def remove(self, at: Project, id: str) -> int:
        """Take a statement back; how many there were of this id."""
        return self._feedback.delete(at.id, [id])

    def replace(self, at: Project, id: str, feedback: Feedback) -> Feedback:
        """Put feedback in the place of another.

        Raises:
            NotFound: There is no such feedback.
            BadRequest: As in `give`.
        """
        if not self._feedback.find(at.id, FeedbackFilter(ids=(id,))):
            raise NotFound(f"There is no feedback {id[:100]}")
        (stored,) = self.give(at, [feedback])
        if stored.id != id:
            self._feedback.delete(at.id, [id])
        return stored

    def of(self, project: ProjectId, refs: Sequence[str]) -> Mapping[str, Sequence[Feedback]]:
        """The feedback of each reference that has any, by time of creation."""
        found: dict[str, list[Feedback]] = {}
        wanted = tuple(dict.fromkeys(refs))
        if wanted:
            for each in self._feedback.find(project, FeedbackFilter(refs=wanted)):
                found.setdefault(each.ref, []).append(each)
        return found

    def between(
        self, at: Project, since: datetime, before: datetime, type: str | None = None
    ) -> Sequence[Feedback]:
        """Feedback of a time, of one type if it is named."""
        types = None if type is None else (type,)
        return self._feedback.find(at.id, FeedbackFilter(since=since, before=before, types=types))
