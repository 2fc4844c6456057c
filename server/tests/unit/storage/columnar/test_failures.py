"""What failures of the engine mean to whoever asked."""

from __future__ import annotations

import errno

import pytest

from kiseki_server.kit.errors import (
    BadRequest,
    KisekiError,
    NotFound,
    StorageFull,
    TooLarge,
    Unavailable,
)
from kiseki_server.storage.columnar.failures import EngineFailure, explain, translated


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (243, "Cannot reserve 1.00 MiB, not enough space", StorageFull),
        (75, "Cannot write to file, errno: 28, strerror: No space left on device", StorageFull),
        (241, "Query memory limit exceeded: would use 10 MiB", TooLarge),
        (241, "(total) memory limit exceeded: would use 10 GiB", Unavailable),
        (159, "Timeout exceeded: elapsed 60 seconds", TooLarge),
        (427, "OptimizedRegularExpression: cannot compile re2: (", BadRequest),
        (252, "Too many parts", Unavailable),
        (60, "Table does not exist", EngineFailure),
    ],
)
def test_codes(code: int, message: str, kind: type[KisekiError]) -> None:
    assert type(explain(code, message)) is kind


def test_a_server_that_is_away_is_worth_a_retry() -> None:
    assert type(explain(None, "Connection refused", connection=True)) is Unavailable


def test_full_disks_of_our_own_files_and_our_own_errors() -> None:
    with pytest.raises(StorageFull), translated():
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(NotFound), translated():
        raise NotFound


def test_a_bad_regular_expression_is_explained_in_one_line() -> None:
    message = (
        "Code: 427. DB::Exception: OptimizedRegularExpression: cannot compile re2: [abc, "
        "error: missing ]: [abc. Look at the syntax for reference. Please note that if you …"
    )
    error = explain(427, message)
    assert str(error) == "The regular expression is not accepted: `[abc`: missing ]: [abc"
