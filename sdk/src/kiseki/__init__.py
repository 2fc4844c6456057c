"""Kiseki: track training runs.

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
    "Config",
    "Error",
    "Histogram",
    "Html",
    "Image",
    "Metric",
    "Molecule",
    "Object3D",
    "Plotly",
    "Receipt",
    "Run",
    "Settings",
    "Summary",
    "Table",
    "Video",
    "__version__",
    "alert",
    "config",
    "define_metric",
    "errors",
    "finish",
    "init",
    "link_artifact",
    "log",
    "log_artifact",
    "login",
    "plot",
    "plot_table",
    "restore",
    "run",
    "save",
    "summary",
    "use_artifact",
]

_PLACES = {
    "AlertLevel": "kiseki.run.alerts",
    "Api": "kiseki.query.api",
    "Artifact": "kiseki.artifacts.artifact",
    "Audio": "kiseki.media.audio",
    "Config": "kiseki.run.config",
    "Error": "kiseki.errors",
    "Histogram": "kiseki.media.histogram",
    "Html": "kiseki.media.texts",
    "Image": "kiseki.media.image",
    "Metric": "kiseki.run.metrics",
    "Molecule": "kiseki.media.texts",
    "Object3D": "kiseki.media.texts",
    "Plotly": "kiseki.media.texts",
    "Receipt": "kiseki.run.receipt",
    "Run": "kiseki.run.run",
    "Settings": "kiseki.settings",
    "Summary": "kiseki.run.summary",
    "Table": "kiseki.media.table",
    "Video": "kiseki.media.video",
    "alert": "kiseki.run.current",
    "define_metric": "kiseki.run.current",
    "finish": "kiseki.run.current",
    "init": "kiseki.run.init",
    "link_artifact": "kiseki.run.current",
    "log": "kiseki.run.current",
    "log_artifact": "kiseki.run.current",
    "login": "kiseki.run.init",
    "plot_table": "kiseki.plot",
    "restore": "kiseki.run.current",
    "save": "kiseki.run.current",
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
