"""Objects with versions: published when a call or another object names them.

A version is known by its content, so that an unchanged object is the same version, whoever
publishes it.
"""

from __future__ import annotations

import copy
import inspect
from typing import Any, ClassVar, Self, cast, dataclass_transform

from kiseki.errors import UsageError
from kiseki.tracing.definition import clean_name
from kiseki.tracing.op import definition_of
from kiseki.tracing.sink import Sink, active
from kiseki.tracing.values import plain, to_json

_NOTHING = object()


@dataclass_transform(kw_only_default=True)
class Fields:
    """Gives subclasses a constructor with their annotated fields."""

    fields: ClassVar[dict[str, Any]] = {}
    """Defaults by field, in order; of those that have none a mark."""
    known: ClassVar[dict[str, type[Object]]] = {}
    """Classes by name, for what is read back."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        fields = dict(cls.fields)
        for field, kind in inspect.get_annotations(cls).items():
            if not field.startswith("_") and "ClassVar" not in str(kind):
                fields[field] = vars(cls).get(field, _NOTHING)
        for field in list(fields):
            if field in vars(cls) and fields[field] is not _NOTHING:
                fields[field] = vars(cls)[field]
        cls.fields = fields
        Fields.known[cls.__name__] = cast("type[Object]", cls)

    def __init__(self, **values: Any) -> None:
        self._fill(values)

    def _fill(self, values: dict[str, Any]) -> None:
        """Set the fields, those without value to their defaults."""
        for field in values:
            if field not in self.fields:
                raise TypeError(f"{type(self).__name__} has no field {field!r}")
        for field, default in self.fields.items():
            if field in values:
                setattr(self, field, values[field])
            elif default is _NOTHING:
                raise TypeError(f"{type(self).__name__} needs {field!r}")
            else:
                mutable = isinstance(default, (list, dict, set))
                setattr(self, field, copy.deepcopy(cast("Any", default)) if mutable else default)
        self.model_post_init()

    def model_post_init(self) -> None:
        """Called when all fields are set; a subclass may check or complete them here."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name in self.fields:
            object.__setattr__(self, "_published", None)


class Object(Fields):
    """The ground of models, datasets, prompts, scorers and evaluations.

    A subclass names its fields with annotations; they are arguments of the constructor, by name.
    Fields and methods that are ops make a version.
    """

    name: str | None = None
    description: str | None = None

    @property
    def object_name(self) -> str:
        """The name under which versions are published."""
        return clean_name(self.name or type(self).__name__)

    def reference(self, sink: Sink) -> str:
        """A reference to this version, published if it is not yet."""
        known = self.__dict__.get("_published")
        if known is None or known[0] is not sink:
            value = self.value(sink)
            # Secrets do not belong into versions either.
            data = sink.privacy.published(to_json(value))
            ref = sink.publish_value("object", self.object_name, data)
            object.__setattr__(self, "_published", (sink, ref))
            return ref
        return known[1]

    def value(self, sink: Sink) -> dict[str, Any]:
        """What makes the version."""
        cls = type(self)
        value: dict[str, Any] = {"_type": cls.__name__}
        for field in self.fields:
            value[field] = stored(getattr(self, field, None), sink)
        for name in dir(cls):
            if not name.startswith("_") and definition_of(getattr(cls, name, None)) is not None:
                value[name] = getattr(cls, name).__kiseki_op__.publish(sink)
        value["_class_name"] = cls.__name__
        value["_bases"] = [
            *(base.__name__ for base in cls.__mro__[1:-1] if base is not Fields),
            "BaseModel",
        ]
        return value

    @classmethod
    def from_value(cls, value: dict[str, Any]) -> Self:
        """The object that a value was made of."""
        made = cls.__new__(cls)
        for field in cls.fields:
            setattr(made, field, value.get(field))
        return made

    def __kiseki_ref__(self) -> str | None:
        sink = active()
        return None if sink is None else self.reference(sink)

    def __repr__(self) -> str:
        shown = (f"{field}={getattr(self, field, None)!r}" for field in self.fields)
        return f"{type(self).__name__}({', '.join(shown)})"


def stored(value: Any, sink: Sink) -> Any:
    """A field's value in a version: objects and ops within it as references."""
    if isinstance(value, Object):
        return value.reference(sink)
    if definition_of(value) is not None:
        return value.__kiseki_op__.publish(sink)
    if isinstance(value, (list, tuple)):
        return [stored(item, sink) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        known = cast("dict[Any, Any]", value)
        return {str(key): stored(item, sink) for key, item in known.items()}
    return plain(value)


def reference_of(value: Any, sink: Sink, name: str | None = None) -> str:
    """A reference to an object, an op or a plain value, published if it is not yet.

    Raises:
        UsageError: A plain value has no name.
    """
    if isinstance(value, Object):
        if name is not None and clean_name(name) != value.object_name:
            value.name = name
        return value.reference(sink)
    if (definition := definition_of(value)) is not None:
        return definition.publish(sink)
    if name is None:
        raise UsageError(
            f"A {type(value).__name__} is published under a name", hint="publish(value, name=…)"
        )
    data = sink.privacy.published(to_json(stored(value, sink)))
    return sink.publish_value("object", clean_name(name), data)
