"""Everything that Kiseki raises on purpose.

    KisekiError
    ├── BadRequest            400  bad_request
    │   └── Malformed         422  malformed
    ├── NotSignedIn           401  not_signed_in
    ├── Forbidden             403  forbidden
    ├── NotFound              404  not_found
    │   ├── UnknownRun        404  unknown_run
    │   ├── Deleted           404  deleted
    │   └── MissingDigests    404  missing_digests
    ├── Conflict              409  conflict
    │   └── PositionGap       409  position_gap
    ├── Gone                  410  gone
    ├── TooLarge              413  too_large
    ├── Unsupported           501  unsupported
    └── Unavailable           503  unavailable      (worth a retry)
        └── StorageFull       507  storage_full

Protocols render them; nothing else knows about HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar


class KisekiError(Exception):
    """Something went wrong."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip().splitlines()[0]
        self.hint = hint
        super().__init__(self.message)


class BadRequest(KisekiError):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"


class Malformed(BadRequest):
    """The request's body does not have the expected shape."""

    status = 422
    code = "malformed"


class NotSignedIn(KisekiError):
    """This needs an API key or a signed-in browser."""

    status = 401
    code = "not_signed_in"


class Forbidden(KisekiError):
    """You may not do this."""

    status = 403
    code = "forbidden"


class NotFound(KisekiError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class UnknownRun(NotFound):
    """There is no such run."""

    code = "unknown_run"


class Deleted(NotFound):
    """This was there and has been deleted."""

    code = "deleted"

    def __init__(
        self, message: str | None = None, *, deleted_at: datetime, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.deleted_at = deleted_at


class MissingDigests(NotFound):
    """Some of what was asked for by its digest is not here."""

    code = "missing_digests"

    def __init__(
        self, message: str | None = None, *, digests: Sequence[str], hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.digests = list(digests)


class Conflict(KisekiError):
    """This contradicts what is there already."""

    status = 409
    code = "conflict"


class PositionGap(Conflict):
    """The batch begins above the acknowledged position."""

    code = "position_gap"

    def __init__(self, message: str | None = None, *, next: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.next = next


class Gone(KisekiError):
    """This was deleted."""

    status = 410
    code = "gone"


class TooLarge(KisekiError):
    """This is larger than the server accepts."""

    status = 413
    code = "too_large"


class Unsupported(KisekiError):
    """This feature is not supported yet."""

    status = 501
    code = "unsupported"


class Unavailable(KisekiError):
    """The server cannot do this now; try again."""

    status = 503
    code = "unavailable"


class StorageFull(Unavailable):
    """The server's disk is full; nothing was stored."""

    status = 507
    code = "storage_full"


def message_of(error: KisekiError) -> str:
    """One line with what happened and what to do."""
    if not error.hint:
        return error.message
    return f"{error.message.rstrip('.')}. {error.hint[:1].upper()}{error.hint[1:]}"
