"""Calls of known libraries are recorded by themselves.

A library is patched when the program imports it, or now if it has. Nothing of a library that the
program does not use is loaded, and `uninstall` puts back what was there before.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from kiseki.tracing.guard import complain
from kiseki.tracing.integrations.patches import Patches

LIBRARIES: dict[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "litellm": "litellm",
    "langchain_core.callbacks.manager": "langchain",
    "llama_index_instrumentation": "llama_index",
    "llama_index.core.instrumentation": "llama_index",
}
"""Our file by the module whose import it follows."""

_patched: dict[str, Patches] = {}
_lock = threading.RLock()


def install() -> None:
    """Record calls of the libraries from now on. Harmless twice."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    for module in LIBRARIES:
        known = sys.modules.get(module)
        if known is not None and not getattr(known.__spec__, "_initializing", False):
            _patch(module)


def uninstall() -> None:
    """Put everything back as it was."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    with _lock:
        for patches in _patched.values():
            patches.undo()
        _patched.clear()


def _patch(module: str) -> None:
    with _lock:
        file = LIBRARIES[module]
        if file in _patched:
            return
        patches = _patched[file] = Patches()
        try:
            ours: Any = import_module(f"kiseki.tracing.integrations.{file}")
            ours.patch(patches)
        except Exception as error:  # noqa: BLE001
            complain(f"Calls of {module} are not recorded", error)


class _Finder:
    """Finds nothing itself; has a library patched once it is loaded."""

    def __init__(self) -> None:
        self._looking = threading.local()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in LIBRARIES or getattr(self._looking, "name", None) == name:
            return None
        self._looking.name = name
        try:
            spec = find_spec(name)
        except Exception:  # noqa: BLE001
            return None  # the import itself will tell
        finally:
            self._looking.name = None
        loader: Any = spec.loader if spec is not None else None
        if loader is None or not hasattr(loader, "exec_module"):
            return None
        run = loader.exec_module

        def exec_module(module: Any) -> None:
            run(module)
            if _finder in sys.meta_path:
                _patch(name)

        try:
            loader.exec_module = exec_module
        except AttributeError:
            return None
        return spec


_finder: Any = _Finder()
