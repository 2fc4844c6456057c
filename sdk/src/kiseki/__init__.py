"""Kiseki: track training runs, and calls of the functions in them.

```python
import kiseki

with kiseki.init(project="digits", config={"lr": 0.01}) as run:
    for step in range(100):
        run.log({"loss": 1 / (step + 1)})
```

Scripts written for W&B run with ``import kiseki as wandb``. Everything is loaded on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiseki import errors, plot
    from kiseki.artifacts.artifact import Artifact
    from kiseki.errors import Error
    from kiseki.evals.dataset import Dataset
    from kiseki.evals.evaluation import Evaluation
    from kiseki.evals.logger import EvaluationLogger
    from kiseki.evals.model import Model, Scorer
    from kiseki.evals.objects import Object
    from kiseki.evals.prompts import MessagesPrompt, Prompt, StringPrompt
    from kiseki.evals.refs import Ref, publish, ref
    from kiseki.media.audio import Audio
    from kiseki.media.histogram import Histogram
    from kiseki.media.image import Image
    from kiseki.media.table import Table
    from kiseki.media.texts import Html, Molecule, Object3D, Plotly
    from kiseki.media.video import Video
    from kiseki.plot import plot_table
    from kiseki.query.api import Api
    from kiseki.run.alerts import AlertLevel
    from kiseki.run.config import Config
    from kiseki.run.current import (
        alert,
        define_metric,
        finish,
        link_artifact,
        log,
        log_artifact,
        restore,
        save,
        use_artifact,
    )
    from kiseki.run.init import init, login
    from kiseki.run.metrics import Metric
    from kiseki.run.receipt import Receipt
    from kiseki.run.run import Run
    from kiseki.run.summary import Summary
    from kiseki.run.version import __version__
    from kiseki.settings import Settings
    from kiseki.tracing.call import Call
    from kiseki.tracing.context import attributes, get_current_call, in_context, thread
    from kiseki.tracing.op import op
    from kiseki.tracing.sink import redact
    from kiseki.tracing.threads import Thread, ThreadPoolExecutor

    config: Config
    """The config of the current run."""
    summary: Summary
    """The summary of the current run."""
    run: Run | None  # pyright: ignore[reportRedeclaration]
    """The current run."""

__all__ = [
    "AlertLevel",
    "Api",
    "Artifact",
    "Audio",
    "Call",
    "Config",
    "Dataset",
    "Error",
    "Evaluation",
    "EvaluationLogger",
    "Histogram",
    "Html",
    "Image",
    "MessagesPrompt",
    "Metric",
    "Model",
    "Molecule",
    "Object",
    "Object3D",
    "Plotly",
    "Prompt",
    "Receipt",
    "Ref",
    "Run",
    "Scorer",
    "Settings",
    "StringPrompt",
    "Summary",
    "Table",
    "Thread",
    "ThreadPoolExecutor",
    "Video",
    "__version__",
    "alert",
    "attributes",
    "config",
    "define_metric",
    "errors",
    "finish",
    "get_current_call",
    "in_context",
    "init",
    "link_artifact",
    "log",
    "log_artifact",
    "login",
    "op",
    "plot",
    "plot_table",
    "publish",
    "redact",
    "ref",
    "restore",
    "run",
    "save",
    "summary",
    "thread",
    "use_artifact",
]

_PLACES = {
    "AlertLevel": "kiseki.run.alerts",
    "Api": "kiseki.query.api",
    "Artifact": "kiseki.artifacts.artifact",
    "Audio": "kiseki.media.audio",
    "Call": "kiseki.tracing.call",
    "Config": "kiseki.run.config",
    "Dataset": "kiseki.evals.dataset",
    "Error": "kiseki.errors",
    "Evaluation": "kiseki.evals.evaluation",
    "EvaluationLogger": "kiseki.evals.logger",
    "Histogram": "kiseki.media.histogram",
    "Html": "kiseki.media.texts",
    "Image": "kiseki.media.image",
    "MessagesPrompt": "kiseki.evals.prompts",
    "Metric": "kiseki.run.metrics",
    "Model": "kiseki.evals.model",
    "Molecule": "kiseki.media.texts",
    "Object": "kiseki.evals.objects",
    "Object3D": "kiseki.media.texts",
    "Plotly": "kiseki.media.texts",
    "Prompt": "kiseki.evals.prompts",
    "Receipt": "kiseki.run.receipt",
    "Ref": "kiseki.evals.refs",
    "Run": "kiseki.run.run",
    "Scorer": "kiseki.evals.model",
    "Settings": "kiseki.settings",
    "StringPrompt": "kiseki.evals.prompts",
    "Summary": "kiseki.run.summary",
    "Table": "kiseki.media.table",
    "Thread": "kiseki.tracing.threads",
    "ThreadPoolExecutor": "kiseki.tracing.threads",
    "Video": "kiseki.media.video",
    "alert": "kiseki.run.current",
    "attributes": "kiseki.tracing.context",
    "define_metric": "kiseki.run.current",
    "finish": "kiseki.run.current",
    "get_current_call": "kiseki.tracing.context",
    "in_context": "kiseki.tracing.context",
    "init": "kiseki.run.init",
    "link_artifact": "kiseki.run.current",
    "log": "kiseki.run.current",
    "log_artifact": "kiseki.run.current",
    "login": "kiseki.run.init",
    "op": "kiseki.tracing.op",
    "plot_table": "kiseki.plot",
    "publish": "kiseki.evals.refs",
    "redact": "kiseki.tracing.sink",
    "ref": "kiseki.evals.refs",
    "restore": "kiseki.run.current",
    "save": "kiseki.run.current",
    "thread": "kiseki.tracing.context",
    "use_artifact": "kiseki.run.current",
}


def __getattr__(name: str) -> Any:
    if (place := _PLACES.get(name)) is not None:
        value = globals()[name] = getattr(import_module(place), name)
        return value
    if name in ("config", "summary"):
        current: Any = import_module("kiseki.run.current")
        active = current.active()
        return getattr(active, name) if active is not None else current.BeforeInit(name)
    if name == "__version__":
        return import_module("kiseki.run.version").__version__
    if name in ("errors", "plot", "settings"):
        return import_module(f"kiseki.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Module(ModuleType):
    """Lets ``kiseki.run`` be the current run, although a package of that name is imported."""

    @property
    def run(self) -> Run | None:
        current: Any = sys.modules.get("kiseki.run.current")
        return current.active() if current is not None else None

    @run.setter
    def run(self, value: ModuleType) -> None:
        """The import system binds the package here; it is found in ``sys.modules``, too."""


sys.modules[__name__].__class__ = _Module
