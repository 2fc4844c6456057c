"""How errands of each kind are done."""

from __future__ import annotations

from collections.abc import Callable

from kiseki._transport.client import Client
from kiseki._transport.errands import Place
from kiseki._transport.file_errand import send_file
from kiseki.wire.records import Errand


def perform(errand: Errand, place: Place, client: Client, sent: Callable[[int], None]) -> None:
    """Do an errand; see `Errands` for what its exceptions mean."""
    send_file(errand, place, client, sent)


def subject_of(errand: Errand) -> str:
    """Errands of one subject are done one after the other, in their order."""
    return f"file {errand.path}"
