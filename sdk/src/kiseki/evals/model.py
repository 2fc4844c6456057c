"""Models and scorers: what an evaluation calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kiseki.evals.objects import Object
from kiseki.evals.summaries import summarize

_METHODS = ("predict", "invoke", "forward", "infer")


class Model(Object):
    """Parameters and an op that uses them: fields, and a method ``predict`` (or ``invoke``).

    A change of a field or of the method's code is another version of the model.
    """

    def predict_method(self) -> Any:
        """The method that an evaluation calls; ``None``: there is none."""
        for name in _METHODS:
            if callable(method := getattr(self, name, None)):
                return method
        return None


class Scorer(Object):
    """Judges an output: a method ``score`` that takes ``output`` and columns of the dataset by
    name, and gives a truth value, a number, a text, or a map of such."""

    column_map: dict[str, str] | None = None
    """Columns of the dataset by parameter of ``score``, where their names differ."""

    def summarize(self, score_rows: Sequence[Any]) -> Any:
        """What many scores come to: means, and how many are true."""
        return summarize(score_rows)
