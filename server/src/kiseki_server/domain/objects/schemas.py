"""JSON Schemas that people write, for the values of annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from kiseki_server.kit.errors import BadRequest
from kiseki_server.kit.json import to_text

MAX_SIZE = 64 << 10


def check(schema: Mapping[str, Any]) -> None:
    """Refuse what is no JSON Schema.

    Raises:
        BadRequest: Says why.
    """
    if len(to_text(schema)) > MAX_SIZE:
        raise BadRequest(f"The schema is larger than {MAX_SIZE >> 10} KiB")
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise BadRequest(f"The schema is no JSON Schema: {error.message[:300]}") from None


def mismatch(value: object, schema: Mapping[str, Any]) -> str | None:
    """What about the value does not fit the schema; ``None`` when it fits.

    Raises:
        BadRequest: The schema refers to one that it does not hold.
    """
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    # Nothing is fetched, whatever the schema names.
    registry = cast("Any", Registry)()
    validator: Any = Draft202012Validator(dict(schema), registry=registry)
    try:
        error = next(iter(validator.iter_errors(value)), None)
    except (Unresolvable, RecursionError):
        raise BadRequest("The schema refers to a schema that it does not hold") from None
    return None if error is None else str(error.message)[:300]
