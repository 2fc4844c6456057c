"""The errors of the SDK.

Error
├── UsageError                  the call cannot work as written; nothing was logged
│   ├── ValueTypeError          a value has a type that cannot be logged (also a TypeError)
│   ├── ValueRangeError         a value does not fit (also a ValueError)
│   ├── SettingError            a setting or an argument of init makes no sense (also a ValueError)
│   ├── ConfigChangedError      a key of the config would get another value
│   ├── NoRunError              there is no run: init was not called
│   ├── RunFinishedError        the run has been finished
│   ├── ForkedRunError          the run belongs to the process that this one was forked from
│   └── MissingPackageError     a package that the call needs is not installed (also an ImportError)
├── FileError                   a file cannot be read or kept
├── ServerError                 the server does not do what was asked
│   ├── UnreachableError        there is no answer
│   ├── NotFoundError           there is no such thing (also a LookupError)
│   └── NotAllowedError         the key is missing, unknown, or not allowed to do this
└── JournalError                the journal on disk cannot be written or read
    ├── JournalFullError        no space is left for the journal
    └── JournalCorruptError     a record of the journal is damaged
"""

from __future__ import annotations


class Error(Exception):
    """Something went wrong in Kiseki."""

    hint: str | None = None
    """What to do next, where that is not in the message."""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").split("\n")[0]
        self.hint = hint or self.hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


class UsageError(Error):
    """The call cannot work as it is written."""


class ValueTypeError(UsageError, TypeError):
    """A value has a type that cannot be logged."""


class ValueRangeError(UsageError, ValueError):
    """A value does not fit."""


class SettingError(UsageError, ValueError):
    """A setting makes no sense."""


class ConfigChangedError(UsageError):
    """A key of the config would get another value."""


class NoRunError(UsageError):
    """There is no run."""

    hint = "call kiseki.init() first"


class RunFinishedError(UsageError):
    """The run has been finished."""


class ForkedRunError(UsageError):
    """The run belongs to the process that this one was forked from."""


class MissingPackageError(UsageError, ImportError):
    """A package that the call needs is not installed."""


class FileError(Error):
    """A file cannot be read or kept."""


class ServerError(Error):
    """The server does not do what was asked."""

    status: int | None = None
    """Of HTTP; ``None``: there was no answer."""


class UnreachableError(ServerError):
    """The server does not answer."""


class NotFoundError(ServerError, LookupError):
    """There is no such thing on the server."""


class NotAllowedError(ServerError):
    """The key is missing, unknown, or not allowed to do this."""


class JournalError(Error):
    """The journal cannot be written or read."""


class JournalFullError(JournalError):
    """No space is left for the journal."""


class JournalCorruptError(JournalError):
    """A record of the journal is damaged."""
