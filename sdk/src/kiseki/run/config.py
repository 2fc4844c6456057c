"""The config of a run: what was chosen before it began."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, cast

from kiseki.errors import ConfigChangedError
from kiseki.run.config_source import read_config
from kiseki.run.values import Plain, config_value

Write = Callable[[dict[str, Any], list[str]], None]
"""Writes changed values and removed keys to the journal."""


class Section(dict[str, Any]):
    """A nested part of a config, also by attribute; a change is a change of the config."""

    def __init__(self, values: Mapping[str, Any], changed: Callable[[], None]) -> None:
        super().__init__((key, _view(value, changed)) for key, value in values.items())
        self._changed = changed

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r} here") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self[name] = value

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, _view(config_value(value, key), self._changed))
        self._changed()

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._changed()

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r} here") from None

    def update(self, *args: Any, **more: Any) -> None:
        for key, value in dict(*args, **more).items():
            super().__setitem__(key, _view(config_value(value, key), self._changed))
        self._changed()

    def pop(self, key: str, *default: Any) -> Any:
        value = super().pop(key, *default)
        self._changed()
        return value

    def __reduce__(self) -> Any:
        return (dict, (_without_views(self),))


class Config(MutableMapping[str, Any]):
    """Values by key, by item and by attribute. A value once set is not changed by accident."""

    def __init__(
        self,
        write: Write,
        values: Mapping[str, Any] | None = None,
        *,
        allow_val_change: bool = False,
    ) -> None:
        own = self.__dict__
        own["_write"] = write
        own["_allow"] = allow_val_change
        own["_values"] = {}
        for key, value in (values or {}).items():
            own["_values"][key] = self._viewed(key, value)

    _write: Write
    _allow: bool
    _values: dict[str, Any]

    def update(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, values: Any = (), /, *, allow_val_change: bool | None = None, **more: Any
    ) -> None:
        """Set many values: a dict, an ``argparse`` namespace, a dataclass, or a YAML file's path.

        Raises:
            ConfigChangedError: A key has another value already and ``allow_val_change`` is not
                set; then nothing is changed.
        """
        given = {**read_config(values), **more}
        new = {str(key): config_value(value, str(key)) for key, value in given.items()}
        self._set(new, self._allow if allow_val_change is None else allow_val_change)

    def setdefaults(self, values: Any) -> None:
        """Set those values whose keys are not there yet."""
        self.update({k: v for k, v in read_config(values).items() if k not in self._values})

    def as_dict(self) -> dict[str, Any]:
        """A copy as plain dicts and lists."""
        return cast("dict[str, Any]", _without_views(self._values))

    def _set(self, new: Mapping[str, Plain], allowed: bool) -> None:
        changed = {
            key: value
            for key, value in new.items()
            if key not in self._values or not _same(self._values[key], value)
        }
        for key, value in changed.items():
            if key in self._values and not allowed:
                raise ConfigChangedError(
                    f"config.{key} is {self._values[key]!r} and would become {value!r}",
                    hint="if that is wanted: config.update({…}, allow_val_change=True), "
                    "or init(allow_val_change=True)",
                )
        if changed:
            self._write(dict(changed), [])
        for key, value in changed.items():
            self._values[key] = self._viewed(key, value)

    def _viewed(self, key: str, value: Any) -> Any:
        return _view(value, lambda: self._rewrite(key))

    def _rewrite(self, key: str) -> None:
        if key in self._values:
            self._write({key: _without_views(self._values[key])}, [])

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._set({str(key): config_value(value, str(key))}, self._allow)

    def __delitem__(self, key: str) -> None:
        del self._values[key]
        self._write({}, [key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"the config has no {name!r}") from None

    def __repr__(self) -> str:
        return repr(self.as_dict())


def _view(value: Any, changed: Callable[[], None]) -> Any:
    if isinstance(value, dict):
        return Section(cast("dict[str, Any]", value), changed)
    if isinstance(value, list):
        return [_view(item, changed) for item in cast("list[Any]", value)]
    return value


def _without_views(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_views(v) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_without_views(item) for item in cast("list[Any]", value)]
    return value


def _same(old: Any, new: Any) -> bool:
    return bool(old == new) or (old != old and new != new)  # NaN is like NaN
