"""One application per test process: to register its routes takes half a second."""

from __future__ import annotations

from kiseki_server.app.server import Application, build_application
from kiseki_server.app.services import Services

_applications: list[Application] = []


def application(services: Services) -> Application:
    """The application of this process, over these services from now on.

    A test that needs two at once builds them with `build_application`.
    """
    if _applications:
        _applications[0].serve(services)
    else:
        _applications.append(build_application(services))
    return _applications[0]
