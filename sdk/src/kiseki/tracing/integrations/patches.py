"""Changes to another library that can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from kiseki.tracing.guard import complain

_MISSING = object()


class Patches:
    """What was replaced, and what stood there before."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any, Any]] = []
        self._undoing: list[Callable[[], Any]] = []

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Put ``make(what stands there)`` in its place; nothing where nothing stands."""
        found = getattr(owner, name, _MISSING)
        if found is _MISSING:
            return
        own = _own(owner, name)
        try:
            new = make(found)
            setattr(owner, name, new)
        except Exception as error:  # noqa: BLE001
            complain(f"Calls of {getattr(owner, '__name__', owner)}.{name} are not recorded", error)
            return
        self._before.append((owner, name, own, new))

    def undoing(self, function: Callable[[], Any]) -> None:
        """Call this to take back what is no replacement."""
        self._undoing.append(function)

    def undo(self) -> None:
        """Take everything back, but what somebody else has replaced since."""
        for owner, name, own, new in reversed(self._before):
            if _own(owner, name) is not new:
                continue
            if own is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, own)
        self._before.clear()
        for function in reversed(self._undoing):
            try:
                function()
            except Exception as error:  # noqa: BLE001
                complain("A library cannot be put back as it was", error)
        self._undoing.clear()


def _own(owner: Any, name: str) -> Any:
    return cast("dict[str, Any]", vars(owner)).get(name, _MISSING)
