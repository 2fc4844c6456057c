"""The summary of a run: one value a key, the last logged one unless set by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, cast

from kiseki.run.config import Write
from kiseki.run.values import flatten, plain


class Summary(MutableMapping[str, Any]):
    """Values by key, by item and by attribute."""

    _write: Write
    _last_values: Callable[[], dict[str, Any]]
    _set: dict[str, Any]

    def __init__(self, write: Write, last_values: Callable[[], dict[str, Any]]) -> None:
        own = self.__dict__
        own["_write"] = write
        own["_last_values"] = last_values
        own["_set"] = {}

    def update(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, values: Mapping[str, Any] | None = None, /, **more: Any
    ) -> None:
        """Set many values at once."""
        given: dict[str, Any] = {**(values or {}), **more}
        flatten(dict.fromkeys(given))
        new = {key: plain(value, key) for key, value in given.items()}
        if new:
            self._write(dict(new), [])
            self._set.update(new)

    def as_dict(self) -> dict[str, Any]:
        """A copy; logged keys are flat."""
        return {**self._last_values(), **self._set}

    def _part(self, key: str) -> dict[str, Any]:
        """What was logged below ``key``, nested again."""
        prefix = f"{key}."
        part: dict[str, Any] = {}
        for name, value in self._last_values().items():
            if name.startswith(prefix):
                *path, last = name[len(prefix) :].split(".")
                inner = part
                for step in path:
                    below = inner.setdefault(step, {})
                    inner = cast("dict[str, Any]", below) if isinstance(below, dict) else {}
                inner[last] = value
        return part

    def __getitem__(self, key: str) -> Any:
        if key in self._set:
            return self._set[key]
        if key in self._last_values():
            return self._last_values()[key]
        if part := self._part(key):
            return part
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        if key not in self._set and key not in self._last_values():
            raise KeyError(key)
        self._write({}, [key])
        self._set.pop(key, None)
        self._last_values().pop(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.as_dict())

    def __len__(self) -> int:
        return len(self.as_dict())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"the summary has no {name!r}") from None

    def __repr__(self) -> str:
        return repr(self.as_dict())
