"""Evaluations: find them, read them, put them side by side."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.query import And, Eq, Field, Literal
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.store import CallFilter, CallQuery, Facet
from kiseki_server.domain.calls.types import Call
from kiseki_server.domain.costs.rules import PriceList, cost
from kiseki_server.domain.costs.service import CostService
from kiseki_server.domain.evaluations.definitions import Definitions, Readable
from kiseki_server.domain.evaluations.examples import Examples
from kiseki_server.domain.evaluations.finding import (
    MAX_NAMED,
    EvaluationFilter,
    Version,
    condition,
    order,
)
from kiseki_server.domain.evaluations.reading import (
    EVALUATE,
    SheetReader,
    is_evaluation,
    is_row,
    tokens_of,
)
from kiseki_server.domain.evaluations.rows import Rows
from kiseki_server.domain.evaluations.sheet import Sheet
from kiseki_server.domain.evaluations.store import EvaluationStore, Tally
from kiseki_server.domain.evaluations.types import (
    Definition,
    Evaluation,
    NamedRef,
    Progress,
    Status,
    Way,
)
from kiseki_server.domain.evaluations.values import figures
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.objects.service import ObjectService
from kiseki_server.domain.objects.types import ObjectFilter
from kiseki_server.domain.projects.types import Project
from kiseki_server.domain.tables.service import TableService
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, NotFound
from kiseki_server.kit.ids import ProjectId
from kiseki_server.kit.json import from_text
from kiseki_server.kit.transactions import UnitOfWork

STALLED_AFTER = 15 * 60 * 1_000_000
"""Microseconds in which nothing begins or ends in an open evaluation until it is thought dead."""
_BODIES = frozenset({"attributes", "inputs", "output", "summary"})
_MAX_OPEN = 1_000
_KEPT_TRIALS = 400_000
"""Trials of sheets that are kept for the next question."""
_SLACK = 3_600_000_000


@dataclass(frozen=True, slots=True)
class EvaluationPage:
    items: Sequence[Evaluation]
    more: bool
    total: int


class EvaluationService:
    """Answers questions about evaluations. Callers have authorized the project; ``readable`` says
    of which other projects they may see anything. Methods open transactions of their own."""

    def __init__(
        self,
        *,
        calls: CallService,
        store: EvaluationStore,
        objects: ObjectService,
        tables: TableService,
        costs: CostService,
        database: UnitOfWork,
        clock: Clock,
    ) -> None:
        self.calls = calls
        self.tables = tables
        self._store = store
        self._objects = objects
        self._costs = costs
        self._database = database
        self._clock = clock
        self._sheets = _Sheets()

    def page(
        self,
        at: Project,
        readable: Readable,
        filter: EvaluationFilter,
        *,
        sort: str | None = None,
        limit: int,
        offset: int = 0,
    ) -> EvaluationPage:
        """Evaluations that match, the newest first unless another order is asked for."""
        query = self._query(at, readable, filter)
        found = self.calls.page(
            replace(query, sort=(order(sort),), limit=limit + 1, offset=offset, bodies=_BODIES)
        )
        return EvaluationPage(
            items=self._evaluations(at.id, found[:limit], readable),
            more=len(found) > limit,
            total=self.calls.count(query),
        )

    def groups(
        self, at: Project, readable: Readable, filter: EvaluationFilter, by: str
    ) -> Sequence[tuple[NamedRef, int]]:
        """How many evaluations there are of each model, evaluation object or dataset.

        Raises:
            BadRequest: They cannot be grouped by that.
        """
        query = self._query(at, readable, filter)
        if by not in ("model", "evaluation", "dataset"):
            raise BadRequest(
                f"Evaluations cannot be grouped by `{by[:100]}`",
                hint="use model, evaluation or dataset",
            )
        names = ("model",) if by == "model" else ("self", "this")
        facets: list[Facet] = []
        for name in names:
            facets += self.calls.facets(query, Field(("inputs", name)), 1_000)
        definitions = self._definitions(readable)
        counted: dict[str, int] = {}
        known: dict[str, NamedRef] = {}
        if by == "dataset":
            defined = definitions.of(facet.value for facet in facets)
            for facet in facets:
                dataset = defined[facet.value].dataset
                if dataset is not None:
                    known[dataset.ref] = dataset
                    counted[dataset.ref] = counted.get(dataset.ref, 0) + facet.calls
        else:
            known = dict(definitions.named(facet.value for facet in facets))
            for facet in facets:
                counted[facet.value] = counted.get(facet.value, 0) + facet.calls
        rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
        return [(known[ref], count) for ref, count in rows]

    def get(self, at: Project, readable: Readable, id: str) -> Evaluation:
        """One evaluation.

        Raises:
            NotFound: There is none.
        """
        (found,) = self.many(at, readable, [id])
        return found

    def many(self, at: Project, readable: Readable, ids: Sequence[str]) -> Sequence[Evaluation]:
        """Evaluations, in the order of their ids.

        Raises:
            NotFound: One of them is not there.
        """
        known = self.calls.find(at.id, ids)
        for id in ids:
            if id not in known:
                raise NotFound(f"There is no evaluation `{id[:130]}`")
            if known[id].op_name != EVALUATE:
                raise NotFound(f"The call `{id[:130]}` is no evaluation")
        return self._evaluations(at.id, [self.calls.whole(known[id]) for id in ids], readable)

    def sheet(self, evaluation: Evaluation) -> Sheet:
        """The rows of an evaluation; the same object while nothing changes."""
        call = evaluation.call
        key = (call.project, call.id, evaluation.mark)
        known = self._sheets.get(key)
        if known is None:
            scorers = frozenset(ref.ref for ref in evaluation.definition.scorers)
            reader = SheetReader(self.calls, self._store, self.prices(call.project), scorers)
            known = reader.read(call)
            self._sheets.put(key, known)
        return known

    def rows(self, evaluations: Sequence[Evaluation]) -> Rows:
        """The rows of evaluations side by side, in the order of the first one's dataset."""
        first = evaluations[0]
        return Rows(
            self.calls,
            Examples(self.calls, self.tables),
            evaluations,
            [self.sheet(each) for each in evaluations],
            self.positions(first.call.project, first.definition),
        )

    def positions(self, project: ProjectId, definition: Definition) -> Sequence[str]:
        """Digests of the dataset's rows in its order; none where it is not known."""
        if definition.table is None:
            return ()
        return self.tables.order(project, definition.table)

    def prices(self, project: ProjectId) -> PriceList:
        with self._database.transaction():
            return self._costs.list_of(project)

    def spent(self, evaluation: Evaluation) -> tuple[int | None, float | None]:
        """Tokens and cost of all calls in an evaluation, scorers included."""
        usage = rules.usage(evaluation.call)
        if not usage:
            return None, None
        prices = self.prices(evaluation.call.project)
        moment = datetime.fromtimestamp(evaluation.call.started_at / 1_000_000, UTC)
        totals = [cost(tokens_of(used), prices.price(used.model, moment)).total for used in usage]
        known = [total for total in totals if total is not None]
        tokens = sum(used.total_tokens for used in usage)
        return tokens, sum(known) if len(known) == len(totals) else None

    def _query(self, at: Project, readable: Readable, filter: EvaluationFilter) -> CallQuery:
        refs = None
        if filter.datasets:
            refs = self._with_datasets(at, readable, self._resolved(at, filter.datasets))
        filter = replace(
            filter,
            models=self._resolved(at, filter.models),
            evaluations=self._resolved(at, filter.evaluations),
        )
        return CallQuery(
            project=at.id,
            filter=CallFilter(
                runs=(filter.run,) if filter.run else (), since=filter.since, until=filter.until
            ),
            condition=condition(filter, refs, self._unwanted(at.id, filter.statuses)),
        )

    def _resolved(self, at: Project, versions: Sequence[Version]) -> tuple[Version, ...]:
        """With digests in place of numbers of versions and aliases."""
        found: list[Version] = []
        for version in versions:
            if version.digest is None or len(version.digest) == 43:
                found.append(version)
                continue
            with self._database.transaction():
                known = self._objects.get(at, version.name, version.digest, values=False)
            found.append(Version(version.name, known.digest))
        return tuple(found)

    def _with_datasets(
        self, at: Project, readable: Readable, datasets: Sequence[Version]
    ) -> Sequence[str]:
        """References of the evaluation objects that have one of the datasets."""
        with self._database.transaction():
            objects = self._objects.find(
                at, ObjectFilter(base_classes=("Evaluation",)), limit=MAX_NAMED
            )
        refs = [
            f"weave-trace-internal:///{at.id}/{one.kind}/{one.name}:{one.digest}" for one in objects
        ]
        wanted = {(version.name, version.digest) for version in datasets}
        found = self._definitions(readable).of(refs)
        return [
            ref
            for ref in refs
            if (dataset := found[ref].dataset) is not None
            and ({(dataset.name, None), (dataset.name, dataset.digest)} & wanted)
        ]

    def _unwanted(self, project: ProjectId, statuses: Collection[Status]) -> Sequence[str]:
        """Open evaluations in the one of the two open states that is not asked for."""
        wanted = {Status.RUNNING, Status.STALLED} & set(statuses)
        if len(wanted) != 1:
            return ()
        running = Eq(Field(("summary", "weave", "status")), Literal("running"))
        opened = self.calls.page(
            CallQuery(
                project=project,
                condition=And((is_evaluation(), running)),
                limit=_MAX_OPEN,
                bodies=frozenset(),
            )
        )
        tallies = self._tallies(project, opened)
        return [
            call.id for call in opened if self._status(call, tallies.get(call.id)) not in wanted
        ]

    def _evaluations(
        self, project: ProjectId, calls: Sequence[Call], readable: Readable
    ) -> Sequence[Evaluation]:
        tallies = self._tallies(project, calls)
        inputs = {call.id: _map(call.inputs) for call in calls}
        selves = {id: _text(known.get("self") or known.get("this")) for id, known in inputs.items()}
        models = {id: _text(known.get("model")) for id, known in inputs.items()}
        definitions = self._definitions(readable)
        defined = definitions.of(ref for ref in selves.values() if ref)
        named = definitions.named(ref for refs in (selves, models) for ref in refs.values() if ref)
        return [
            self._evaluation(
                call,
                tallies.get(call.id),
                named.get(selves[call.id] or ""),
                named.get(models[call.id] or ""),
                defined.get(selves[call.id] or "", Definition()),
            )
            for call in calls
        ]

    def _evaluation(
        self,
        call: Call,
        tally: Tally | None,
        evaluation: NamedRef | None,
        model: NamedRef | None,
        definition: Definition,
    ) -> Evaluation:
        output = from_text(call.output) if call.ended_at is not None else None
        return Evaluation(
            call=call,
            status=self._status(call, tally),
            way=_way(_map(call.attributes)),
            evaluation=evaluation,
            model=model,
            definition=definition,
            progress=_progress(call, tally, definition),
            summary=figures(output),
            mark=hash((tally, call.ended_at, call.output, call.exception)),
        )

    def _status(self, call: Call, tally: Tally | None) -> Status:
        if call.exception is not None:
            return Status.FAILED
        if call.ended_at is not None:
            return Status.COMPLETED
        last = max(call.started_at, 0 if tally is None else tally.last)
        silent = microseconds(self._clock.now()) - last > STALLED_AFTER
        return Status.STALLED if silent else Status.RUNNING

    def _tallies(self, project: ProjectId, calls: Sequence[Call]) -> Mapping[str, Tally]:
        if not calls:
            return {}
        return self._store.tallies(
            CallQuery(
                project=project,
                filter=CallFilter(
                    parent_ids=tuple(call.id for call in calls),
                    since=min(call.started_at for call in calls) - _SLACK,
                ),
                condition=is_row(),
            )
        )

    def _definitions(self, readable: Readable) -> Definitions:
        return Definitions(self._objects, self.tables, self._database, readable)


class _Sheets:
    """The sheets that were asked for last, up to a number of trials."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[ProjectId, str, int], Sheet] = OrderedDict()
        self._trials = 0

    def get(self, key: tuple[ProjectId, str, int]) -> Sheet | None:
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def put(self, key: tuple[ProjectId, str, int], sheet: Sheet) -> None:
        with self._lock:
            for old in [known for known in self._known if known[:2] == key[:2]]:
                self._trials -= len(self._known.pop(old).trials)
            self._known[key] = sheet
            self._trials += len(sheet.trials)
            while self._trials > _KEPT_TRIALS and len(self._known) > 1:
                _, oldest = self._known.popitem(last=False)
                self._trials -= len(oldest.trials)


def _progress(call: Call, tally: Tally | None, definition: Definition) -> Progress:
    total = None if definition.rows is None else definition.rows * definition.trials
    if tally is None:
        return Progress(total=total)
    progress = Progress(
        done=tally.ended,
        failed=tally.failed,
        running=tally.calls - tally.ended if call.ended_at is None else 0,
        total=total,
    )
    seconds = (tally.last - call.started_at) / 1_000_000
    if call.ended_at is not None or not tally.ended or seconds <= 0:
        return progress
    rate = tally.ended / seconds
    left = None if total is None else max(0.0, (total - tally.ended) / rate)
    return replace(progress, per_second=rate, seconds_left=left)


def _way(attributes: Mapping[str, Any]) -> Way:
    meta: Any = attributes.get("_weave_eval_meta")
    if isinstance(meta, Mapping) and "imperative" in meta:
        return "imperative"
    weave: Any = attributes.get("weave")
    if isinstance(weave, Mapping) and "evaluation_run" in weave:
        return "api"
    return "declarative"


def _map(text: str) -> Mapping[str, Any]:
    value = from_text(text)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
