"""What a server does once in its life: make its administrator, their key, an organisation."""

from __future__ import annotations

import contextlib

from kiseki_server.app.datadir import ADMIN_KEY
from kiseki_server.app.services import Services
from kiseki_server.domain.accounts.credentials import FIRST_SIGNIN_LIFETIME
from kiseki_server.kit.errors import Conflict
from kiseki_server.kit.secrets import new_api_key, write_private

ADMINISTRATOR = "admin"


def ensure_administrator(services: Services) -> str | None:
    """Make the user ``admin`` if there are no users, and see that the key in the data directory
    is one of theirs. Returns a one-time sign-in token for them while they exist."""
    path = services.settings.data_dir / ADMIN_KEY
    credentials = services.credentials
    with services.database.transaction(write=True):
        user = services.accounts.first_administrator(ADMINISTRATOR)
        services.accounts.complete_organizations()
        if user is None:
            return None
        if not path.exists():
            # The file is written first: a key in the store that nobody knows would be useless.
            key = new_api_key()
            write_private(path, key + "\n")
            credentials.add_key(user.id, "admin.key of the data directory", key=key)
        else:
            with contextlib.suppress(Conflict):
                key = path.read_text(encoding="ascii").strip()
                credentials.add_key(user.id, "admin.key of the data directory", key=key)
        return credentials.signin_token(user.id, FIRST_SIGNIN_LIFETIME)
