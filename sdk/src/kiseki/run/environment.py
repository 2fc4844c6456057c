"""Where a run is started: the facts that cost nothing. The uploader adds the slow ones."""

from __future__ import annotations

import os
import re
import sys

from kiseki.wire.records import Environment

_SECRET = re.compile(
    r"(?i)(?:^|[-_.])(?:key|apikey|token|secret|password|passwd|pwd|credentials?)$"
)
_URL_PASSWORD = re.compile(r"(?<=://)([^/@\s:]+):([^/@\s]+)(?=@)")
HIDDEN = "[hidden]"


def environment(version: str) -> Environment:
    """Host, user, interpreter, program and its arguments without secrets."""
    system = os.uname()
    return Environment(
        host=system.nodename,
        user=_user(),
        os=f"{system.sysname} {system.release} {system.machine}",
        python=".".join(map(str, sys.version_info[:3])),
        executable=sys.executable or None,
        program=_program(),
        arguments=redacted(sys.argv[1:]),
        directory=_directory(),
        client=f"kiseki/{version}",
    )


def redacted(arguments: list[str]) -> list[str]:
    """The arguments with the values of those that name a secret hidden."""
    shown: list[str] = []
    hide_next = False
    for argument in arguments:
        if hide_next and not argument.startswith("--"):
            shown.append(HIDDEN)
            hide_next = False
            continue
        name, equals, _ = argument.partition("=")
        secret = _SECRET.search(name.rstrip()) is not None
        hide_next = secret and not equals and name.startswith("-")
        if secret and equals:
            shown.append(f"{name}={HIDDEN}")
        else:
            shown.append(_URL_PASSWORD.sub(rf"\1:{HIDDEN}", argument))
    return [text.encode("utf-8", "backslashreplace").decode() for text in shown]


def _user() -> str | None:
    for variable in ("LOGNAME", "USER"):
        if name := os.environ.get(variable):
            return name
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return None


def _program() -> str | None:
    path = getattr(sys.modules.get("__main__"), "__file__", None) or (sys.argv[:1] or [""])[0]
    if not path or path in ("-c", "-m", "-"):
        return None
    try:
        return os.path.abspath(path)
    except OSError:
        return str(path)


def _directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
