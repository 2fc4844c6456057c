"""Keys, browser sessions and one-time sign-in: how a caller proves who they are."""

from __future__ import annotations

from datetime import timedelta

from kiseki_server.domain.accounts import rules
from kiseki_server.domain.accounts.store import CredentialStore
from kiseki_server.domain.accounts.types import Actor, ApiKey, User
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import Conflict, NotFound, NotSignedIn
from kiseki_server.kit.ids import UserId
from kiseki_server.kit.secrets import Hasher, new_api_key, new_token

SIGNIN_LIFETIME = timedelta(minutes=15)
FIRST_SIGNIN_LIFETIME = timedelta(hours=24)
TOUCH_INTERVAL = timedelta(minutes=1)
_HINT_LENGTH = 4


class Credentials:
    """Gives out, checks and revokes keys and sessions. A revocation holds from the next request.

    `user_of_key` and `user_of_session` only read; `note_use` is apart from them so that most
    requests need no write.
    """

    def __init__(
        self,
        store: CredentialStore,
        hasher: Hasher,
        clock: Clock,
        *,
        session_lifetime: timedelta = timedelta(days=30),
    ) -> None:
        self._store = store
        self._hasher = hasher
        self._clock = clock
        self.session_lifetime = session_lifetime

    def check_secret(self) -> None:
        """See that the store's hashes were made with this server's secret.

        Raises:
            Conflict: They were made with another one, under which no key is known here.
        """
        own = self._hasher.hash("fingerprint", "kiseki")
        if self._store.fingerprint(own) != own:
            raise Conflict(
                "The API keys in the database were hashed with another secret than this server's",
                hint="servers of one database share KISEKI_SECRET_KEY, or the file secret.key in "
                "their data directories",
            )

    # API keys

    def add_key(self, user: UserId, name: str, *, key: str | None = None) -> tuple[ApiKey, str]:
        """A new key for a user: the record, and the key itself for the only time.

        Raises:
            BadRequest: A key that was given cannot be one.
            Conflict: A key that was given is in use.
        """
        name = rules.check_label(name, "The name of a key")
        key = new_api_key() if key is None else rules.check_api_key(key)
        try:
            record = self._store.add_key(
                user,
                name=name,
                hash=self._hasher.hash("key", key),
                hint=key[-_HINT_LENGTH:],
                at=self._clock.now(),
            )
        except Conflict:
            raise Conflict("This API key is in use already; choose another one") from None
        return record, key

    def keys(self, user: UserId) -> tuple[ApiKey, ...]:
        return tuple(self._store.keys(user))

    def remove_key(self, user: UserId, key: int) -> None:
        """Revoke one of the user's keys."""
        if not 0 < key < 1 << 63 or not self._store.remove_key(user, key):
            raise NotFound(f"You have no API key with the id {key}")

    def remove_any_key(self, actor: Actor, key: int) -> None:
        """Revoke a key of the actor's own; an administrator of the server may revoke any.

        Raises:
            NotFound: There is no such key, or it is somebody else's.
        """
        known = self._store.key(key) if 0 < key < 1 << 63 else None
        owner = known.user if known is not None and actor.user.admin else actor.user.id
        self.remove_key(owner, key)

    def user_of_key(self, key: str) -> tuple[User, ApiKey]:
        """Whose key this is.

        Raises:
            NotSignedIn: Nobody's: it was never given, or it was revoked.
        """
        found = self._store.key_hashed(self._hasher.hash("key", key))
        if found is None:
            raise NotSignedIn(
                f"The API key ending in `{key[-_HINT_LENGTH:]}` is not known to this server"
                if len(key) >= 4 * _HINT_LENGTH
                else "The API key is not known to this server",
                hint="it may have been revoked; make a new one on the settings page",
            )
        record, user = found
        return user, record

    def is_due(self, key: ApiKey) -> bool:
        """The key's last use was noted so long ago that it should be noted again."""
        last = key.last_used_at
        return last is None or self._clock.now() - last >= TOUCH_INTERVAL

    def note_use(self, key: ApiKey) -> None:
        """Note that a key was used."""
        self._store.touch_key(key.id, self._clock.now())

    # Browser sessions

    def open_session(self, user: UserId) -> str:
        """Begin a session; the token is for the browser's cookie."""
        token, now = new_token(), self._clock.now()
        self._store.add_session(
            user, self._hasher.hash("session", token), at=now, expires=now + self.session_lifetime
        )
        return token

    def user_of_session(self, token: str) -> User:
        """Whose session this is.

        Raises:
            NotSignedIn: It is over.
        """
        user = self._store.session_user(self._hasher.hash("session", token), self._clock.now())
        if user is None:
            raise NotSignedIn("This browser's session is over; sign in again")
        return user

    def close_session(self, token: str) -> None:
        self._store.remove_session(self._hasher.hash("session", token))

    def csrf_token(self, session: str) -> str:
        """What a page of this session repeats in a header, which a foreign page cannot know."""
        return self._hasher.hash("csrf", session)

    def csrf_matches(self, session: str, token: str) -> bool:
        return self._hasher.matches("csrf", session, token)

    # One-time sign-in

    def signin_token(self, user: UserId, lifetime: timedelta = SIGNIN_LIFETIME) -> str:
        """A token for an address that signs in whoever opens it first."""
        token, now = new_token(), self._clock.now()
        self._store.add_signin_token(
            user, self._hasher.hash("signin", token), at=now, expires=now + lifetime
        )
        return token

    def take_signin_token(self, token: str) -> User:
        """Whose token this is; it is used up.

        Raises:
            NotSignedIn: It was used already, has expired, or never was one.
        """
        user = self._store.take_signin_token(self._hasher.hash("signin", token), self._clock.now())
        if user is None:
            raise NotSignedIn(
                "This sign-in address was used already or has expired",
                hint="sign in with an API key, or get a new address with `kiseki open`",
            )
        return user

    def forget(self, user: UserId) -> None:
        """Revoke everything that proves that somebody is this user."""
        self._store.forget(user)
