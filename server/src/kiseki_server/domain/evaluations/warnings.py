"""What speaks against comparing evaluations. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from kiseki_server.domain.evaluations.comparing import Alignment
from kiseki_server.domain.evaluations.sheet import Sheet
from kiseki_server.domain.evaluations.statistics import FEW_PAIRS
from kiseki_server.domain.evaluations.types import Evaluation, NamedRef, Status

Code = Literal[
    "dataset_differs",
    "rows_differ",
    "scorer_differs",
    "evaluation_differs",
    "trials_differ",
    "unfinished",
    "coverage_differs",
    "few_pairs",
    "duplicates",
    "truncated",
]
_COVERAGE = 0.02
"""Difference of the parts of rows with a score that is worth a word."""


@dataclass(frozen=True, slots=True)
class Warning:
    """Something to know before one believes a difference."""

    code: Code
    message: str
    evaluations: tuple[str, ...]
    """Ids of those that it is about."""


def warnings(
    evaluations: Sequence[Evaluation], alignment: Alignment, *, baseline: int = 0
) -> list[Warning]:
    """All warnings, the weightiest first."""
    sheets = alignment.sheets
    found = [*_definitions(evaluations, baseline), *_rows(evaluations, alignment, baseline)]
    for evaluation, sheet in zip(evaluations, sheets, strict=True):
        if evaluation.status is not Status.COMPLETED:
            found.append(
                Warning(
                    "unfinished",
                    f"{evaluation.name} is {evaluation.status.value}: its figures may change.",
                    (evaluation.id,),
                )
            )
        if sheet.truncated:
            found.append(
                Warning(
                    "truncated",
                    f"Of {evaluation.name} the first {len(sheet.trials):,} trials are compared.",
                    (evaluation.id,),
                )
            )
    return found


def _definitions(evaluations: Sequence[Evaluation], baseline: int) -> Iterator[Warning]:
    base = evaluations[baseline]

    def differing(of: Callable[[Evaluation], object]) -> tuple[str, ...]:
        return tuple(each.id for each in evaluations if of(each) != of(base))

    datasets = differing(lambda each: _ref(each.definition.dataset))
    if datasets:
        names = _names(each.definition.dataset for each in evaluations)
        yield Warning("dataset_differs", f"The datasets differ: {names}.", datasets)
    for name in sorted({ref.name for each in evaluations for ref in each.definition.scorers}):
        versions = [
            next((ref for ref in each.definition.scorers if ref.name == name), None)
            for each in evaluations
        ]
        if len({ref.ref for ref in versions if ref is not None}) > 1:
            other = tuple(
                each.id
                for each, ref in zip(evaluations, versions, strict=True)
                if ref is not None and ref != versions[baseline]
            )
            yield Warning(
                "scorer_differs",
                f"The scorer {name} has several versions: {_names(versions)}.",
                other,
            )
    trials = differing(lambda each: each.definition.trials)
    if trials:
        numbers = ", ".join(str(each.definition.trials) for each in evaluations)
        yield Warning("trials_differ", f"Rows have different numbers of trials: {numbers}.", trials)
    others = differing(lambda each: _ref(each.evaluation))
    if others and not datasets:
        names = _names(each.evaluation for each in evaluations)
        yield Warning("evaluation_differs", f"The evaluations differ: {names}.", others)


def _rows(
    evaluations: Sequence[Evaluation], alignment: Alignment, baseline: int
) -> Iterator[Warning]:
    sheets, rows = alignment.sheets, len(alignment.rows)
    if alignment.shared < rows:
        partial = tuple(
            each.id
            for each, sheet in zip(evaluations, sheets, strict=True)
            if len(sheet.rows) < rows
        )
        yield Warning(
            "rows_differ",
            f"{alignment.shared:,} of {rows:,} rows are in all evaluations; differences are taken "
            "over the rows that both have.",
            partial,
        )
    if len(evaluations) > 1 and alignment.shared < FEW_PAIRS:
        yield Warning(
            "few_pairs",
            f"{alignment.shared} shared rows are too few to tell much from.",
            tuple(each.id for each in evaluations),
        )
    covered = [_coverage(sheet) for sheet in sheets]
    apart = tuple(
        each.id
        for each, part in zip(evaluations, covered, strict=True)
        if abs(part - covered[baseline]) > _COVERAGE
    )
    if apart:
        parts = ", ".join(f"{part:.0%}" for part in covered)
        yield Warning(
            "coverage_differs",
            f"Different parts of the rows have scores: {parts}. Rows without one are left out.",
            apart,
        )
    for each, sheet in zip(evaluations, sheets, strict=True):
        wanted = each.definition.trials
        repeated = int((sheet.trials_per_row > wanted).sum())
        if repeated:
            yield Warning(
                "duplicates",
                f"{repeated:,} rows of {each.name} have more trials than {wanted}: equal examples "
                "are taken as trials of one.",
                (each.id,),
            )


def _coverage(sheet: Sheet) -> float:
    """The part of rows that have the least covered score."""
    scores = [name for name, column in sheet.columns.items() if column.source == "score"]
    if not scores or not sheet.rows_done:
        return 0.0
    return min(int((sheet.by_row(name).trials > 0).sum()) for name in scores) / sheet.rows_done


def _ref(ref: NamedRef | None) -> str | None:
    return None if ref is None else ref.ref


def _names(refs: Iterator[NamedRef | None] | Sequence[NamedRef | None]) -> str:
    shown = [
        "none"
        if ref is None
        else ref.name
        if ref.digest is None
        else f"{ref.name}:v{ref.version}"
        if ref.version is not None
        else f"{ref.name}:{ref.digest[:6]}"
        for ref in refs
    ]
    return ", ".join(dict.fromkeys(shown))
