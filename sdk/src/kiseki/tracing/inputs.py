"""Arguments of a call by the names of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

_PLAIN = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)


class Binder:
    """Binds arguments to the parameters of one function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        try:
            self._signature: inspect.Signature | None = inspect.signature(function)
        except (TypeError, ValueError):
            self._signature = None
        parameters = () if self._signature is None else self._signature.parameters.values()
        self._names = tuple(each.name for each in parameters)
        self._count = len(self._names)
        self._defaults = {
            each.name: each.default for each in parameters if each.default is not each.empty
        }
        self._quick = self._signature is not None and all(
            each.kind in _PLAIN for each in parameters
        )

    def __call__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments, defaults included; as far as they can be told where they do not fit."""
        if self._quick and not kwargs:
            given = len(args)
            if given == self._count:
                return dict(zip(self._names, args, strict=True))
            if given < self._count:
                inputs = dict(zip(self._names, args, strict=False))
                for name in self._names[given:]:
                    if name in self._defaults:
                        inputs[name] = self._defaults[name]
                return inputs
        return self._slowly(args, kwargs)

    def _slowly(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        if self._signature is None:
            return {**{f"arg{i}": value for i, value in enumerate(args)}, **kwargs}
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError:
            return {**dict(zip(self._names, args, strict=False)), **kwargs}
        bound.apply_defaults()
        inputs: dict[str, Any] = {}
        for name, value in bound.arguments.items():
            if self._signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                inputs.update(value)
            else:
                inputs[name] = value
        return inputs
