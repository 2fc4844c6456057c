"""Annotation queues: make them, fill them, work through them, and see what came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from kiseki_server.domain.annotations.agreement import (
    Ratings,
    krippendorff_alpha,
    pairwise_kappa,
)
from kiseki_server.domain.annotations.store import QueueStore
from kiseki_server.domain.annotations.types import (
    Item,
    ItemView,
    Progress,
    Queue,
    QueueStats,
    State,
)
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.feedback.store import FeedbackStore
from kiseki_server.domain.feedback.types import ANNOTATION, Feedback, FeedbackFilter
from kiseki_server.domain.objects.refs import CallRef
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Deleted, NotFound, TooLarge
from kiseki_server.kit.json import from_text, to_text
from kiseki_server.kit.transactions import UnitOfWork

MAX_NAME = 256
MAX_TEXT = 4_096
MAX_ADDED = 1_000
MAX_SCORERS = 100


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the annotators of one question agree."""

    name: str
    """Of the annotation."""
    annotators: int
    items: int
    """That have a value."""
    alpha: float | None
    """Krippendorff's."""
    kappas: Mapping[tuple[str, str], tuple[float | None, int]]
    """Cohen's, of each two annotators, with the items that both have judged."""


@dataclass(frozen=True, slots=True)
class Result:
    """What annotators have said about one call."""

    call: str
    values: Mapping[str, Mapping[str, Any]]
    """By annotation and annotator."""


class QueueService:
    """Use-cases of queues. Callers have authorized the project; references have their stored form.
    Methods open transactions of their own."""

    def __init__(
        self,
        queues: QueueStore,
        calls: CallService,
        feedback: FeedbackStore,
        database: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._queues = queues
        self._calls = calls
        self._feedback = feedback
        self._database = database
        self._clock = clock

    def create(
        self, at: Project, name: str, description: str, scorers: Sequence[str], *, by: str
    ) -> Queue:
        """Make a queue.

        Raises:
            BadRequest: The name, or something else of it, is not acceptable.
        """
        now = self._clock.now()
        queue = Queue(
            id=str(uuid4()),
            project=at.id,
            name=name,
            description=description,
            scorers=tuple(scorers),
            created_by=by,
            created_at=now,
            updated_at=now,
        )
        _check(queue)
        with self._database.transaction(write=True):
            self._queues.put(queue)
        return queue

    def get(self, at: Project, id: str) -> Queue:
        """A queue.

        Raises:
            NotFound: There is none; `Deleted` if there was.
        """
        with self._database.transaction():
            return self._living(at, id)

    def _living(self, at: Project, id: str) -> Queue:
        found = self._queues.get(at.id, id)
        if found is None:
            raise NotFound(f"There is no annotation queue `{id[:100]}`")
        if found.deleted_at is not None:
            raise Deleted(
                f"The annotation queue `{found.name}` was deleted", deleted_at=found.deleted_at
            )
        return found

    def all(self, at: Project, name: str = "") -> Sequence[Queue]:
        """The queues whose name has a part, without regard to case."""
        wanted = name.lower()
        with self._database.transaction():
            found = self._queues.all(at.id)
        return [queue for queue in found if wanted in queue.name.lower()]

    def change(
        self,
        at: Project,
        id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        scorers: Sequence[str] | None = None,
    ) -> Queue:
        """Change what is not ``None``; raises as `create` and `get`."""
        with self._database.transaction(write=True):
            known = self._living(at, id)
            queue = replace(
                known,
                name=known.name if name is None else name,
                description=known.description if description is None else description,
                scorers=known.scorers if scorers is None else tuple(scorers),
                updated_at=self._clock.now(),
            )
            _check(queue)
            self._queues.put(queue)
        return queue

    def delete(self, at: Project, id: str) -> Queue:
        """Delete a queue; what was said about its calls stays."""
        with self._database.transaction(write=True):
            now = self._clock.now()
            queue = replace(self._living(at, id), deleted_at=now, updated_at=now)
            self._queues.put(queue)
        return queue

    def add_calls(
        self, at: Project, id: str, calls: Sequence[str], fields: Sequence[str], *, by: str
    ) -> tuple[int, int]:
        """Add calls to a queue; how many are new in it, and how many were there. Unknown calls
        are left out.

        Raises:
            TooLarge: These are too many at once.
            NotFound: As in `get`.
        """
        if len(calls) > MAX_ADDED:
            raise TooLarge(f"At most {MAX_ADDED} calls can be added at once, not {len(calls)}")
        self.get(at, id)
        known = self._calls.find(at.id, dict.fromkeys(calls))
        now = self._clock.now()
        items = [
            Item(
                id=str(uuid4()),
                queue=id,
                call=call.id,
                op=call.op,
                trace_id=call.trace_id,
                started_at=call.started_at,
                ended_at=call.ended_at,
                display_fields=tuple(fields),
                added_by=by,
                created_at=now,
            )
            for call in (known[call] for call in dict.fromkeys(calls) if call in known)
        ]
        with self._database.transaction(write=True):
            self._living(at, id)
            added = self._queues.add_items(items)
        return added, len(items) - added

    def items(self, at: Project, id: str) -> Sequence[ItemView]:
        """All items of a queue, in the order in which they were added."""
        with self._database.transaction():
            self._living(at, id)
            items, progress = self._queues.items(id), self._queues.progress(id)
        by_item: dict[str, list[Progress]] = {}
        for each in progress:
            by_item.setdefault(each.item, []).append(each)
        return [
            _view(item, by_item.get(item.id, ()), position)
            for position, item in enumerate(items, 1)
        ]

    def set_state(self, at: Project, id: str, item: str, state: State, *, by: str) -> ItemView:
        """Note how far an annotator is with an item.

        Raises:
            NotFound: There is no such item, or queue.
            BadRequest: That would be a step back.
        """
        views = {view.item.id: view for view in self.items(at, id)}
        view = views.get(item)
        if view is None:
            raise NotFound(f"There is no item `{item[:100]}` in this queue")
        now = view.states.get(by, State.UNSTARTED)
        if state is now:
            return view
        if now.final or state is State.UNSTARTED:
            raise BadRequest(f"An item that is `{now}` cannot become `{state}`")
        with self._database.transaction(write=True):
            self._living(at, id)
            self._queues.set_progress(
                Progress(item=item, user=by, state=state, at=self._clock.now())
            )
        return next(each for each in self.items(at, id) if each.item.id == item)

    def stats(self, at: Project, ids: Collection[str]) -> Mapping[str, QueueStats]:
        """How far those of the queues are that there are."""
        found: dict[str, QueueStats] = {}
        for id in dict.fromkeys(ids):
            try:
                views = self.items(at, id)
            except NotFound:
                continue
            people: dict[str, Counter[State]] = {}
            for view in views:
                for person, state in view.states.items():
                    people.setdefault(person, Counter())[state] += 1
            done = sum(any(state.final for state in view.states.values()) for view in views)
            found[id] = QueueStats(total=len(views), completed=done, annotators=people)
        return found

    def results(self, at: Project, id: str) -> Sequence[Result]:
        """What annotators have said about the queue's calls, in the order of its items.

        Of what one person has said twice, the last counts.
        """
        calls = [view.item.call for view in self.items(at, id)]
        refs = {str(CallRef(at.id, call)): call for call in calls}
        if not refs:
            return ()
        with self._database.transaction():
            said = self._feedback.find(at.id, FeedbackFilter(refs=tuple(refs)))
        values: dict[str, dict[str, dict[str, Any]]] = {}
        for each in said:
            if each.type.startswith(ANNOTATION) and each.queue_id in (None, "", id):
                of = values.setdefault(refs[each.ref], {})
                of.setdefault(each.type.removeprefix(ANNOTATION), {})[_who(each)] = (
                    each.payload.get("value")
                )
        return [Result(call, values.get(call, {})) for call in calls]

    def agreement(self, at: Project, id: str) -> Sequence[Agreement]:
        """How far the annotators of each question agree."""
        results = self.results(at, id)
        found: list[Agreement] = []
        for name in sorted({name for result in results for name in result.values}):
            ratings: Ratings = {
                result.call: {
                    person: _comparable(value) for person, value in result.values[name].items()
                }
                for result in results
                if name in result.values
            }
            found.append(
                Agreement(
                    name=name,
                    annotators=len({person for of in ratings.values() for person in of}),
                    items=len(ratings),
                    alpha=krippendorff_alpha(ratings),
                    kappas=pairwise_kappa(ratings),
                )
            )
        return found

    def rows(self, at: Project, id: str) -> Sequence[dict[str, Any]]:
        """The results as rows of a dataset: inputs and output of each call that somebody has
        judged, and for each question the value that most annotators gave (the mean of numbers)."""
        results = [result for result in self.results(at, id) if result.values]
        calls = self._calls.find(at.id, [result.call for result in results])
        rows: list[dict[str, Any]] = []
        for result in results:
            call = calls.get(result.call)
            if call is None:
                continue
            call = self._calls.whole(call)
            rows.append(
                {
                    "inputs": from_text(call.inputs),
                    "output": from_text(call.output),
                    "annotations": {
                        name: _consensus(list(of.values())) for name, of in result.values.items()
                    },
                    "call": str(CallRef(at.id, call.id)),
                }
            )
        return rows


def _view(item: Item, progress: Sequence[Progress], position: int) -> ItemView:
    last = progress[-1] if progress else None
    return ItemView(
        item=item,
        states={each.user: each.state for each in progress},
        state=State.UNSTARTED if last is None else last.state,
        annotator=None if last is None else last.user,
        updated_at=item.created_at if last is None else last.at,
        position=position,
    )


def _who(feedback: Feedback) -> str:
    return feedback.creator or feedback.user


def _comparable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else to_text(value)


def _consensus(values: Sequence[Any]) -> Any:
    """The mean of numbers, else the commonest value; of several the one that was given first."""
    if all(isinstance(each, int | float) and not isinstance(each, bool) for each in values):
        return sum(values) / len(values) if len(values) > 1 else values[0]
    counts = Counter(to_text(each) for each in values)
    return from_text(counts.most_common(1)[0][0])


def _check(queue: Queue) -> None:
    if not queue.name.strip() or len(queue.name) > MAX_NAME or "\0" in queue.name:
        raise BadRequest(f"The name of a queue has 1 to {MAX_NAME} characters")
    if len(queue.description) > MAX_TEXT or "\0" in queue.description:
        raise BadRequest(f"The description of a queue has at most {MAX_TEXT} characters")
    if len(queue.scorers) > MAX_SCORERS:
        raise BadRequest(f"A queue asks for at most {MAX_SCORERS} annotations")
