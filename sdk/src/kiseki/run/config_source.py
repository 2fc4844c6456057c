"""What a config can be made of, and which part of it is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from kiseki.errors import SettingError


def read_config(source: Any) -> dict[str, Any]:
    """What the user gave as a config, as a dict.

    Raises:
        SettingError: It is nothing that a config can be made of.
    """
    if source is None:
        return {}
    if isinstance(source, Mapping):
        return {str(key): value for key, value in cast("Mapping[Any, Any]", source).items()}
    if isinstance(source, (str, Path)):
        return _read_file(Path(source))
    if hasattr(source, "__dataclass_fields__") and not isinstance(source, type):
        names = cast("Iterable[str]", source.__dataclass_fields__)
        return {name: getattr(source, name) for name in names}
    if callable(flags := getattr(source, "flag_values_dict", None)):
        return cast("dict[str, Any]", flags())
    if isinstance(source, (list, tuple)):
        try:
            return dict(cast("list[tuple[str, Any]]", source))
        except (TypeError, ValueError):
            pass
    elif not isinstance(source, type):
        try:
            return dict(cast("dict[str, Any]", source.__dict__))
        except AttributeError:
            pass
    raise SettingError(
        f"a config is a dict, a namespace, a dataclass or the path of a YAML file, "
        f"not {source!r:.200}"
    )


def select(
    config: Mapping[str, Any], include: Iterable[str] | None, exclude: Iterable[str] | None
) -> dict[str, Any]:
    """The part of a config that ``init`` was asked to keep."""
    if include is not None and exclude is not None:
        raise SettingError("give config_include_keys or config_exclude_keys, not both")
    if include is not None:
        wanted = set(include)
        return {key: value for key, value in config.items() if key in wanted}
    unwanted = set(exclude or ())
    return {key: value for key, value in config.items() if key not in unwanted}


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"The config {path} cannot be read: {error.strerror}") from None
    if path.suffix == ".json":
        import msgspec

        try:
            values: Any = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise SettingError(f"The config {path} is no JSON: {error}") from None
    else:
        try:
            import yaml  # pyright: ignore[reportMissingModuleSource]
        except ImportError:
            raise SettingError(
                f"Reading the config {path} needs PyYAML", hint="pip install pyyaml"
            ) from None
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise SettingError(f"The config {path} is no YAML: {error}") from None
    if not isinstance(values, dict):
        raise SettingError(f"The config {path} is no mapping of names to values")
    mapping = cast("dict[Any, Any]", values)
    return {str(key): _unwrapped(value) for key, value in mapping.items()}


def _unwrapped(value: Any) -> Any:
    """W&B's config files write ``lr: {desc: …, value: 0.1}``."""
    if isinstance(value, dict) and set(cast("dict[str, Any]", value)) in (
        {"value"},
        {"value", "desc"},
    ):
        return cast("dict[str, Any]", value)["value"]
    return cast("Any", value)
