"""Models behind the server: who may be asked for what, and what is kept of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from kiseki_server.domain.accounts.types import Actor
from kiseki_server.domain.calls import rules
from kiseki_server.domain.calls.service import CallService
from kiseki_server.domain.calls.types import Call, Source
from kiseki_server.domain.completions.answer import Assembly
from kiseki_server.domain.completions.store import Models, ProviderStore
from kiseki_server.domain.completions.types import Endpoint, ModelError, Provider
from kiseki_server.domain.filters.fields import microseconds
from kiseki_server.domain.projects.types import Project
from kiseki_server.kit.clock import Clock
from kiseki_server.kit.errors import BadRequest, Forbidden, KisekiError, NotFound
from kiseki_server.kit.json import to_text
from kiseki_server.kit.transactions import UnitOfWork
from kiseki_server.kit.vault import Vault

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_OWN = frozenset({"host", "content-length", "content-type", "authorization", "connection"})
"""Headers that are not the administrator's to set."""
_CUSTOM = "custom::"
MOST_MODELS = 1_000


@dataclass(slots=True)
class Asked:
    """One request to a model, on its way into a call."""

    project: Project
    user: str
    op: str
    inputs: Mapping[str, Any]
    started_at: int
    trace_id: str
    parent_id: str | None = None
    thread_id: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class CompletionService:
    """Providers of the server, and asking them."""

    def __init__(
        self,
        providers: ProviderStore,
        vault: Vault,
        models: Models,
        calls: CallService,
        work: UnitOfWork,
        clock: Clock,
    ) -> None:
        self._providers = providers
        self._vault = vault
        self._models = models
        self._calls = calls
        self._work = work
        self._clock = clock

    # Providers, in the caller's transaction.

    def providers(self) -> Sequence[Provider]:
        """All providers by name; their keys are sealed."""
        return self._providers.all()

    def administered(self, actor: Actor) -> Sequence[Provider]:
        """The same for whoever administers the server.

        Raises:
            Forbidden: The actor does not.
        """
        _require(actor)
        return self.providers()

    def put(
        self,
        actor: Actor,
        name: str,
        *,
        base_url: str,
        models: Sequence[str],
        headers: Mapping[str, str],
        key: str | None,
    ) -> Provider:
        """Add a provider, or change it. Without a key the one of before stays; "" removes it.

        Raises:
            Forbidden: The actor does not administer the server.
            BadRequest: A name, address, model or header is none.
        """
        _require(actor)
        if not _NAME.fullmatch(name):
            raise BadRequest(
                "The name of a provider has 1 to 64 lower-case letters, digits, `.`, `_` and `-`"
            )
        known = next((each for each in self._providers.all() if each.name == name), None)
        sealed = None if known is None else known.key
        if key is not None:
            sealed = self._vault.seal(key, _place(name)) if key else None
        if known is not None and sealed is not None and key is None:
            _check_same_host(known.base_url, base_url)
        provider = Provider(
            name=name,
            base_url=_address(base_url),
            models=_models(models),
            headers=_headers(headers),
            key=sealed,
            updated_by=actor.user.name,
            updated_at=self._clock.now(),
        )
        self._providers.put(provider)
        return provider

    def delete(self, actor: Actor, name: str) -> None:
        """Remove a provider with its key.

        Raises:
            Forbidden: The actor does not administer the server.
            NotFound: There is none.
        """
        _require(actor)
        if not self._providers.delete(name):
            raise NotFound(f"There is no provider `{name[:100]}`")

    def endpoint(self, model: str) -> Endpoint:
        """Where a model is asked: by ``provider/model``, ``custom::provider::model``, or by a name
        that one provider lists. In the caller's transaction.

        Raises:
            NotFound: No provider offers it.
        """
        known = self._providers.all()
        if not known:
            raise NotFound(
                "No models are set up on this server",
                hint="an administrator adds a provider; see the guide `ask-models`",
            )
        custom = model.startswith(_CUSTOM)
        prefix, _, rest = (
            model.removeprefix(_CUSTOM).partition("::") if custom else model.partition("/")
        )
        for provider in known:
            offers = not provider.models or rest in provider.models
            if provider.name == prefix and rest and offers:
                return self._to(provider, rest)
        listing = [provider for provider in known if model in provider.models]
        if listing:
            return self._to(listing[0], model)
        offered = [f"{each.name}/{name}" for each in known for name in each.models or ("…",)]
        raise NotFound(
            f"No provider of this server offers `{model[:200]}`",
            hint=f"there are: {', '.join(offered[:20])}",
        )

    def _to(self, provider: Provider, model: str) -> Endpoint:
        headers = dict(provider.headers)
        if provider.key is not None:
            key = self._vault.open(provider.key, _place(provider.name))
            headers["Authorization"] = f"Bearer {key}"
        url = provider.base_url.rstrip("/") + "/chat/completions"
        return Endpoint(provider.name, url, model, headers)

    # Asking.

    def begin(
        self,
        project: Project,
        user: str,
        op: str,
        inputs: Mapping[str, Any],
        *,
        trace_id: str | None = None,
        parent_id: str | None = None,
        thread_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Asked:
        """A request that begins now."""
        return Asked(
            project=project,
            user=user,
            op=op,
            inputs=inputs,
            started_at=microseconds(self._clock.now()),
            trace_id=trace_id or str(uuid.uuid4()),
            parent_id=parent_id,
            thread_id=thread_id,
            attributes=attributes or {},
        )

    async def ask(self, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, Any]:
        """One answer of a model.

        Raises:
            ModelError: There is none; the message is for whoever asked.
        """
        try:
            return await self._models.ask(endpoint, body)
        except KisekiError as error:  # an address that the guard refuses
            raise ModelError(_said(error)) from None

    async def stream(
        self, endpoint: Endpoint, body: Mapping[str, Any], assembly: Assembly
    ) -> AsyncGenerator[dict[str, Any]]:
        """The pieces of an answer, as they come; raises as `ask`."""
        pieces = self._models.stream(endpoint, body)
        try:
            async for piece in pieces:
                assembly.add(piece)
                yield piece
        except KisekiError as error:
            raise ModelError(_said(error)) from None
        finally:
            await pieces.aclose()

    def record(
        self, asked: Asked, output: Mapping[str, Any], error: str | None = None
    ) -> Future[None]:
        """Keep a request and its answer as a call; the future says when it is durable."""
        usage: dict[str, Any] = {}
        used = output.get("usage")
        if isinstance(used, Mapping):
            model = str(output.get("model") or asked.inputs.get("model"))
            usage = {model: {"requests": 1, **cast("Mapping[str, Any]", used)}}
        counts = {"success": int(error is None), "error": int(error is not None)}
        summary = {"status_counts": counts, **({"usage": usage} if usage else {})}
        call = Call(
            id=asked.id,
            project=asked.project.id,
            trace_id=asked.trace_id,
            parent_id=asked.parent_id,
            thread_id=asked.thread_id,
            op=asked.op,
            op_name=asked.op,
            source=Source.WEAVE,
            started_at=asked.started_at,
            ended_at=max(asked.started_at, microseconds(self._clock.now())),
            exception=error,
            attributes=to_text(dict(asked.attributes)),
            inputs=to_text(dict(asked.inputs)),
            output=to_text(dict(output)),
            summary=to_text(summary),
            user=asked.user,
            expires_at=rules.expiry(asked.started_at, asked.project.call_days),
        )
        return self._calls.submit([call])


def filled(messages: Sequence[Any], variables: Mapping[str, Any]) -> list[Any]:
    """Messages with ``{name}`` replaced by what the name stands for; other braces stay."""

    def text(value: str) -> str:
        for name, given in variables.items():
            value = value.replace("{" + name + "}", str(given))
        return value

    def part(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = cast("Mapping[str, Any]", value)
        said = known.get("text")
        return {**known, "text": text(said)} if isinstance(said, str) else known

    def message(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = cast("Mapping[str, Any]", value)
        content = known.get("content")
        if isinstance(content, str):
            return {**known, "content": text(content)}
        if isinstance(content, list):
            return {**known, "content": [part(each) for each in cast("list[Any]", content)]}
        return known

    return [message(each) for each in messages]


def _require(actor: Actor) -> None:
    if not actor.user.admin:
        raise Forbidden("Only administrators of this server may do this")


def _place(name: str) -> str:
    return f"provider {name}"


def _check_same_host(before: str, after: str) -> None:
    """A key that is known already is not sent elsewhere."""
    if urlsplit(before).netloc != urlsplit(after).netloc:
        raise BadRequest(
            "The address leads to another host: enter its API key, too",
            hint="or an empty one, if it needs none",
        )


def _said(error: KisekiError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
    except ValueError:
        plain = False
    if not plain or set(text) & set("?# \r\n\t") or len(text) > 2_000:
        raise BadRequest(
            "`base_url` must be an address of http or https, such as https://api.openai.com/v1"
        )
    return text


def _models(models: Sequence[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(model.strip() for model in models if model.strip()))
    if len(found) > MOST_MODELS or any(len(model) > 200 for model in found):
        raise BadRequest(f"At most {MOST_MODELS} models, of at most 200 characters each")
    return found


def _headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OWN:
            raise BadRequest(f"`{name[:100]}` is no header that can be set here")
        if not value.isprintable() or len(value) > 2_000:
            raise BadRequest(f"The header `{name}` has a value that cannot be sent")
    return dict(headers)
